package preflight

import (
	"bytes"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"postrider/templates"
)

// Bounds that inboxes set.
const (
	gmailClips   = 102_400 // bytes of decoded HTML, behind which Gmail hides the rest
	gmailNear    = 90_000
	longSubject  = 60 // letters; phones show about 40, desktops about 70
	shortPre     = 30 // letters; an inbox fills the rest with the mail's first words
	longPre      = 140
	fewWords     = 20      // a mail with pictures and fewer words says nothing with images off
	heavyPicture = 500_000 // bytes
)

// document is what a reader's mail holds.
type document struct {
	links  []link
	images []image
	words  int
}

type link struct {
	to, text string
	said     string // what a screen reader says: the label where there is one
}

type image struct {
	from, alt string
	hasAlt    bool
}

func (c *checker) lines() {
	subject := strings.TrimSpace(string(c.Mail.Subject.Fill(nil, nil)))
	switch n := utf8.RuneCountInString(subject); {
	case n == 0:
		c.advise(found("subject_length", "subject", "check.subject_empty"))
	case n > longSubject:
		c.advise(found("subject_length", "subject", "check.subject_long", n))
	}
	pre, err := templates.Preheader(c.Edition)
	if err != nil {
		return // tags has told
	}
	switch n := utf8.RuneCountInString(pre); {
	case n < shortPre:
		c.advise(found("preheader_length", "preheader", "check.preheader_short", n))
	case n > longPre:
		c.advise(found("preheader_length", "preheader", "check.preheader_long", n))
	case strings.EqualFold(pre, subject):
		c.advise(found("preheader_length", "preheader", "check.preheader_repeats"))
	}
}

// unsubscribeMark stands for a reader's own links while links are looked at.
const unsubscribeMark = "https://reader.invalid/"

func (c *checker) body() {
	values := map[string]string{templates.SlotUnsubscribeURL: unsubscribeMark, templates.SlotPreferencesURL: unsubscribeMark}
	root, err := html.Parse(bytes.NewReader(c.Mail.HTML.Fill(nil, values)))
	if err != nil {
		return // only a reader can fail, and memory does not
	}
	c.doc = read(root)
	c.contrast(root)
	told := map[string]bool{}
	// once tells of one thing once; about is what stands in the source.
	once := func(tell func(Finding), f Finding, same, about string) {
		if !told[f.Check+same] {
			told[f.Check+same] = true
			f.about = about
			tell(f)
		}
	}
	for _, l := range c.doc.links {
		u, err := url.Parse(l.to)
		if err != nil || u.Scheme == "mailto" || strings.HasPrefix(l.to, unsubscribeMark) {
			continue
		}
		switch {
		case isLocal(u.Hostname()):
			once(c.block, found("local_link", "", "check.local_link", short(l.to)), u.Host, l.to)
		case u.Scheme == "http":
			once(c.block, found("plain_link", "", "check.plain_link", short(l.to)), l.to, l.to)
		}
		if isGeneric(l.said) {
			once(c.advise, found("link_text", "", "check.link_text", l.said), l.said, l.text)
		}
		if seen := hostIn(l.text); seen != "" && !sameSite(seen, u.Hostname()) {
			once(c.advise, found("link_differs", "", "check.link_differs", seen, u.Hostname()), l.text+l.to, l.text)
		}
	}
	for _, i := range c.doc.images {
		switch {
		case strings.HasPrefix(i.from, "data:"):
			once(c.advise, found("data_uri", "", "check.data_uri"), "", "data:")
		case !i.hasAlt:
			once(c.advise, found("alt", "", "check.alt", short(i.from)), i.from, i.from)
		}
	}
	for n, r := range c.Edition.Recaps {
		if r.Image != "" && r.ImageAlt == "" {
			once(c.advise, found("alt", "", "check.alt_decoration", r.Title), fmt.Sprint(n), r.Image)
		}
	}
	if len(c.doc.images) > 0 && c.doc.words < fewWords {
		c.advise(found("image_only", "", "check.image_only"))
	}
}

// size counts the HTML as Gmail does, decoded, for the readers whose mails are
// the largest.
func (c *checker) size() {
	longest := []map[string]string{{}}
	if c.Audience != nil && len(c.Audience.Longest) > 0 {
		longest = c.Audience.Longest
	}
	own := c.Edition.BaseURL + "/u/" + strings.Repeat("x", 32)
	most := 0
	for _, values := range longest {
		all := map[string]string{templates.SlotUnsubscribeURL: own, templates.SlotPreferencesURL: own}
		for k, v := range values {
			all[k] = v
		}
		most = max(most, len(c.Mail.HTML.Fill(nil, all)))
	}
	switch {
	case most > gmailClips:
		c.advise(found("size", "", "check.size_over", most, gmailClips))
	case most > gmailNear:
		c.advise(found("size", "", "check.size_near", most, gmailClips))
	}
}

func (c *checker) brand() {
	if accent := c.Edition.Organisation.Accent; accent != "" {
		if used, ok := templates.ReadableAccent(accent); ok && !strings.EqualFold(used, accent) {
			c.advise(found("contrast", "", "check.contrast", accent, used))
		}
	}
}

func read(root *html.Node) document {
	var d document
	for n := range root.Descendants() {
		switch {
		case n.Type == html.TextNode && n.Parent.DataAtom != atom.Style && n.Parent.DataAtom != atom.Title:
			d.words += len(strings.Fields(n.Data))
		case n.DataAtom == atom.A && value(n, "href") != "":
			l := link{to: value(n, "href"), text: textOf(n), said: value(n, "aria-label")}
			if l.said == "" {
				l.said = l.text
			}
			d.links = append(d.links, l)
		case n.DataAtom == atom.Img:
			has := slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "alt" })
			d.images = append(d.images, image{value(n, "src"), value(n, "alt"), has})
		}
	}
	return d
}

func value(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		} else if c.DataAtom == atom.Img {
			b.WriteString(value(c, "alt"))
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// isLocal holds for hosts that mean another machine to each reader.
func isLocal(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback() || ip.IsPrivate() || ip.IsUnspecified() || ip.IsLinkLocalUnicast()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".local") || !strings.Contains(host, ".")
}

// generic are link texts that name nothing, by language.
var generic = []string{
	"click here", "here", "read more", "more", "link", "this link", "learn more", "continue", "click",
	"klicka här", "här", "läs mer", "mer", "hier", "hier klicken", "mehr", "mehr lesen", "weiterlesen", "ici", "cliquez ici", "lire la suite", "en savoir plus",
	"aquí", "haz clic aquí", "leer más", "más", "여기", "여기를 클릭", "더 보기", "هنا", "اضغط هنا", "اقرأ المزيد",
}

func isGeneric(text string) bool {
	return slices.Contains(generic, strings.ToLower(strings.Trim(text, " .…!»›>→")))
}

// hostIn returns the host that a link's text shows, "" where it shows words.
func hostIn(text string) string {
	if strings.ContainsAny(text, " @") {
		return ""
	}
	u, err := url.Parse(text)
	if err == nil && u.Host == "" {
		u, err = url.Parse("https://" + text)
	}
	if err != nil || !strings.Contains(u.Hostname(), ".") || strings.HasSuffix(u.Hostname(), ".") {
		return ""
	}
	if last := u.Hostname()[strings.LastIndexByte(u.Hostname(), '.')+1:]; len(last) < 2 || strings.Trim(strings.ToLower(last), "abcdefghijklmnopqrstuvwxyz") != "" {
		return ""
	}
	return u.Hostname()
}

func sameSite(a, b string) bool {
	clean := func(s string) string { return strings.TrimPrefix(strings.ToLower(s), "www.") }
	return clean(a) == clean(b)
}

func short(address string) string {
	if r := []rune(address); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return address
}
