package recaps

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"postrider/internal/errs"
)

const (
	shortLine   = 120 // runes; a longer line is prose, never a title or caption
	minBullets  = 2   // fewer marked lines are no list
	maxHeadline = 10  // lines of captions and title without a blank one between
)

// paragraph is a run of lines without a blank one between.
type paragraph struct {
	lines []string
	line  int // of the first, in the file
}

func (p paragraph) String() string { return oneLine(strings.Join(p.lines, " ")) }

func readText(name, src string, leave func(what, why string)) (Recap, error) {
	lines := strings.Split(src, "\n")
	found := findItems(lines)
	r, where := Recap{}, places{}
	opening := lines
	if len(found) > 0 {
		opening = lines[:found[0].line-1]
		where["takeaways"] = found[0].line
	}
	for i, item := range found {
		where[at("takeaways", i)] = item.line
		last := len(item.paragraphs) - 1
		weight := 0
		item.paragraphs[last], weight = cutWeight(item.paragraphs[last])
		t, err := plainText(item.paragraphs...)
		if err != nil {
			return Recap{}, places{"link": item.line}.locate(name, err)
		}
		r.Takeaways = append(r.Takeaways, Takeaway{N: i + 1, Weight: weight, Text: t})
		if i == MaxTakeaways {
			break // Validate refuses; the rest need not be read
		}
	}
	blocks := splitParagraphs(opening)
	title, rest := findTitle(blocks, &r)
	if title == "" {
		return Recap{}, &errs.Error{Kind: errs.Invalid, File: name, Line: 1, Field: "title",
			Text: "has no title: write it above the first paragraph, on a line of its own without a full stop"}
	}
	r.Title = title
	if len(found) > 0 {
		leaveRemains(lines, found[len(found)-1], leave)
	}
	if err := readTextOpening(name, rest, &r, leave); err != nil {
		return Recap{}, err
	}
	r.People = peopleIn(r.Lead)
	return finish(name, r, where)
}

// splitParagraphs leaves lines out that only draw a rule.
func splitParagraphs(lines []string) []paragraph {
	var out []paragraph
	open := false
	for i, l := range lines {
		text := oneLine(l)
		switch {
		case text == "" || isRule(text):
			open = false
		case open:
			last := &out[len(out)-1]
			last.lines = append(last.lines, text)
		default:
			out = append(out, paragraph{lines: []string{text}, line: i + 1})
			open = true
		}
	}
	return out
}

func isRule(s string) bool {
	return len(s) >= 3 && strings.Trim(s, "=-_*~#. ") == ""
}

// findTitle returns the title and what follows it. It is the last short line
// before the first prose; a caption above it describes the image.
func findTitle(blocks []paragraph, r *Recap) (string, []paragraph) {
	var short []string
	rest := blocks
	for len(rest) > 0 && isHeadline(rest[0]) {
		short = append(short, joinHeadline(rest[0].lines)...)
		rest = rest[1:]
	}
	// "Key takeaways" right above the list is no title where there is another.
	for n := len(short); n > 1 && (len(rest) == 0 && isListHeading(short[n-1]) || isByline(short[n-1])); n = len(short) {
		short = short[:n-1]
	}
	if len(short) == 0 {
		if title, prose, ok := titleInBlock(rest); ok {
			return title, append([]paragraph{prose}, rest[1:]...)
		}
		return "", rest
	}
	title := short[len(short)-1]
	for i := len(short) - 2; i >= 0; i-- {
		if c := short[i]; c != title && !isFurniture(c) && !isByline(c) {
			r.ImageAlt = c
			break
		}
	}
	return title, rest
}

// isHeadline reports whether a block has few lines, each short and no sentence.
func isHeadline(p paragraph) bool {
	if len(p.lines) > maxHeadline {
		return false
	}
	for _, l := range p.lines {
		if utf8.RuneCountInString(l) > shortLine || endsSentence(l) {
			return false
		}
	}
	return true
}

// joinHeadline joins a line that goes on in lower case with the one above.
func joinHeadline(lines []string) []string {
	var out []string
	for _, l := range lines {
		if len(out) > 0 && startsLower(l) {
			out[len(out)-1] += " " + l
			continue
		}
		out = append(out, l)
	}
	return out
}

// titleInBlock finds a title that stands on the first prose without a blank
// line between: clearly shorter than the lines it heads.
func titleInBlock(blocks []paragraph) (string, paragraph, bool) {
	if len(blocks) == 0 || len(blocks[0].lines) < 2 {
		return "", paragraph{}, false
	}
	p := blocks[0]
	title, next := p.lines[0], p.lines[1]
	if endsSentence(title) || startsLower(next) || len(title) > shortLine || len(title)*4 > len(next)*3 {
		return "", paragraph{}, false
	}
	return title, paragraph{lines: p.lines[1:], line: p.line + 1}, true
}

// endsSentence holds for an announcement with a colon too. A question or an
// exclamation may be a title.
func endsSentence(s string) bool {
	s = strings.TrimRight(s, `"'”’»)`)
	for _, end := range []string{".", "。", ":", "：", ";", ","} {
		if strings.HasSuffix(s, end) {
			return true
		}
	}
	return utf8.RuneCountInString(s) > 60 && (strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?"))
}

var (
	listHeading = regexp.MustCompile(`(?i)^(?:(?:our|the|my|their|key|main|\d+)\s+)*take-?\s?aways?:?$`)
	byline      = regexp.MustCompile(`(?i)^(?:by|posted|published|updated|written by|author)\b|^\d+ min(?:ute)?s?\b|^(?:\p{L}+,? )?\d{1,2}[. /-]+(?:\p{L}+|\d{1,2})[. /-]+\d{4}$|^\p{L}+ \d{1,2}(?:st|nd|rd|th)?, \d{4}$|^\d{4}-\d\d-\d\d`)
	furniture   = regexp.MustCompile(`(?i)^(?:share(?: this| on| with| via|$)|scroll to top|back to top|to top$|print(?: this|$)|tweet(?: this|$)|skip to|leave a (?:comment|reply)|related (?:posts|articles|news)|follow us|subscribe|sign up|accept all|home$|menu$|search$|(?:previous|next)(?: post| article|$)|tags?:|categor(?:y|ies):|copyright|©|all rights reserved|privacy policy)`)
	cookies     = regexp.MustCompile(`(?i)^we use cookies\b`)
)

func isListHeading(s string) bool { return listHeading.MatchString(s) || isTakeawayPhrase(s) }

// isByline recognises author and date: short, and no sentence.
func isByline(s string) bool {
	return utf8.RuneCountInString(s) <= 60 && !endsSentence(s) && byline.MatchString(s)
}

// isFurniture recognises what a site puts around every article: short, and no
// sentence but the one about cookies.
func isFurniture(s string) bool {
	return utf8.RuneCountInString(s) <= 60 && !strings.HasSuffix(s, ".") && furniture.MatchString(s) || cookies.MatchString(s)
}

// readTextOpening sorts what stands between title and list.
func readTextOpening(name string, blocks []paragraph, r *Recap, leave func(what, why string)) error {
	for _, p := range blocks {
		text := p.String()
		switch {
		case text == r.Title || text == r.ImageAlt:
			continue
		case isFurniture(text):
			leave(text, siteWhy)
			continue
		case isByline(text):
			leave(text, bylineWhy)
			continue
		}
		if l, ok := textLink(text); ok {
			r.Links = addLink(r.Links, l)
			continue
		}
		t, err := plainText(text)
		if err != nil {
			return places{"link": p.line}.locate(name, err)
		}
		r.Lead = append(r.Lead, t)
	}
	for n := len(r.Lead); n > 0; n-- {
		if !announces(r.Lead[n-1].Plain) {
			break
		}
		leave(r.Lead[n-1].Plain, announceWhy)
		r.Lead = r.Lead[:n-1]
	}
	return nil
}

var (
	onlyAddress  = regexp.MustCompile(`^<?(https?://[^\s<>]+|mailto:[^\s<>]+)>?$`)
	labelAddress = regexp.MustCompile(`^(.{1,150}?)\s*(?::|–|—|-|\()?\s*<?(https?://[^\s<>()]+)[>)]?[.!]?$`)
	mention      = regexp.MustCompile(`(?i)^(?:please )?(?:click )?here(?:'s|’s| is| are)? (?:is )?(?:the |a )?link to |^click (?:here )?to (?:read|watch|see|view|hear|listen to|download) |^(?:the |a )?link to `)
)

// textLink recognises a paragraph that only points somewhere.
func textLink(s string) (Link, bool) {
	if m := onlyAddress.FindStringSubmatch(s); m != nil {
		return Link{Label: m[1], URL: m[1]}, checkURL("link", m[1], "http", "https", "mailto") == nil
	}
	if m := labelAddress.FindStringSubmatch(s); m != nil && !sentenceEnd.MatchString(m[1]) && !endsSentence(m[1]) {
		return Link{Label: linkLabel(m[1]), URL: m[2]}, checkURL("link", m[2], "http", "https") == nil
	}
	if mention.MatchString(s) && !sentenceEnd.MatchString(s) && utf8.RuneCountInString(s) <= 200 {
		return Link{Label: linkLabel(s)}, true
	}
	return Link{}, false
}

// Why something is left out.
const (
	siteWhy     = "belongs to the site, not to the article"
	bylineWhy   = "says who wrote the article or when"
	announceWhy = "only announces the takeaways"
	belowWhy    = "stands below the takeaways, where a recap has no place for it"
)

// leaveRemains tells of what follows the last takeaway.
func leaveRemains(lines []string, last item, leave func(what, why string)) {
	taken := oneLine(strings.Join(last.paragraphs, " "))
	for _, p := range splitParagraphs(lines[last.line-1:]) {
		for _, l := range p.lines {
			if m := numbered.FindStringSubmatch(l); m != nil {
				l = m[2]
			} else if m := bulleted.FindStringSubmatch(l); m != nil {
				l = m[1]
			}
			switch words, _ := cutWeight(oneLine(l)); {
			case strings.Contains(taken, words):
			case isFurniture(l):
				leave(l, siteWhy)
			default:
				leave(l, belowWhy)
			}
		}
	}
}

// item is a takeaway of a plain text.
type item struct {
	line       int // in the file
	paragraphs []string
}

var (
	numbered = regexp.MustCompile(`^\s*\(?(\d{1,3})[.)]\s+(\S.*)$`)
	bulleted = regexp.MustCompile(`^\s*[•‣▪●*–-]\s+(\S.*)$`)
)

// findItems returns the longest list counted from 1, else the bullets. Of
// lists of the same length the first is taken.
func findItems(lines []string) []item {
	var best, current []item
	start := 0
	for i := 0; i < len(lines); i++ {
		m := numbered.FindStringSubmatch(lines[i])
		if m == nil {
			continue
		}
		switch n, _ := strconv.Atoi(m[1]); {
		case n == len(current)+1 && n > 1:
			current[n-2].paragraphs = itemText(lines[start:i], false)
		case n == 1:
			if len(current) > 0 {
				current[len(current)-1].paragraphs = itemText(lines[start:i], true)
			}
			if len(current) > len(best) {
				best = current
			}
			current = nil
		default:
			continue // a year or a number within an item
		}
		current, start = append(current, item{line: i + 1}), i
	}
	if len(current) > 0 {
		current[len(current)-1].paragraphs = itemText(lines[start:], true)
	}
	if len(current) > len(best) {
		best = current
	}
	if len(best) == 0 {
		return findBullets(lines)
	}
	return best
}

func findBullets(lines []string) []item {
	var out []item
	start := 0
	for i, l := range lines {
		if !bulleted.MatchString(l) {
			continue
		}
		if len(out) > 0 {
			out[len(out)-1].paragraphs = itemText(lines[start:i], false)
		}
		out, start = append(out, item{line: i + 1}), i
	}
	if len(out) < minBullets {
		return nil
	}
	out[len(out)-1].paragraphs = itemText(lines[start:], true)
	return out
}

// itemText returns an item's paragraphs. The last item ends at the first blank
// line unless what follows is indented like its text, and at the site's own
// words.
func itemText(lines []string, last bool) (paragraphs []string) {
	first := lines[0]
	m := numbered.FindStringSubmatchIndex(first)
	from := 0
	if m != nil {
		from = m[4]
	} else if m = bulleted.FindStringSubmatchIndex(first); m != nil {
		from = m[2]
	}
	open := []string{oneLine(first[from:])} // lines of the current paragraph
	blank := false
	for _, l := range lines[1:] {
		text := oneLine(l)
		switch {
		case text == "" || isRule(text):
			blank = true
			continue
		case last && (blank && indentOf(l) < from || isFurniture(text) && (blank || !startsLower(text))):
			return append(paragraphs, strings.Join(open, " "))
		case blank:
			paragraphs = append(paragraphs, strings.Join(open, " "))
			open = nil
		}
		open, blank = append(open, text), false
	}
	return append(paragraphs, strings.Join(open, " "))
}

// startsLower tells a wrapped line from a new one.
func startsLower(s string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLower(first)
}

func indentOf(l string) int { return len(l) - len(strings.TrimLeft(l, " \t")) }
