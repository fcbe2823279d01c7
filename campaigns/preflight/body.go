package preflight

import (
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
	bytes  int
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
		c.advise("subject_length", "subject", "is empty for readers without values: write some words outside its tags")
	case n > longSubject:
		c.advise("subject_length", "subject", fmt.Sprintf("has %d letters and most inboxes cut it: say the point in the first 40", n))
	}
	pre, err := templates.Preheader(c.Edition)
	if err != nil {
		return // tags has told
	}
	switch n := utf8.RuneCountInString(pre); {
	case n < shortPre:
		c.advise("preheader_length", "preheader", fmt.Sprintf("has %d letters: inboxes show about 90 behind the subject, so give a reason to open", n))
	case n > longPre:
		c.advise("preheader_length", "preheader", fmt.Sprintf("has %d letters: inboxes cut it after about 90", n))
	case strings.EqualFold(pre, subject):
		c.advise("preheader_length", "preheader", "repeats the subject: say what the subject does not")
	}
}

// unsubscribeMark stands for a reader's own links while links are looked at.
const unsubscribeMark = "https://reader.invalid/"

func (c *checker) body() {
	values := map[string]string{templates.SlotUnsubscribeURL: unsubscribeMark, templates.SlotPreferencesURL: unsubscribeMark}
	c.doc = read(c.Mail.HTML.Fill(nil, values))
	told := map[string]bool{}
	once := func(f func(check, field, text string), check, about, text string) {
		if !told[check+about] {
			told[check+about] = true
			f(check, "", text)
		}
	}
	for _, l := range c.doc.links {
		u, err := url.Parse(l.to)
		if err != nil || u.Scheme == "mailto" || strings.HasPrefix(l.to, unsubscribeMark) {
			continue
		}
		switch {
		case isLocal(u.Hostname()):
			once(c.block, "local_link", u.Host, fmt.Sprintf("%s leads to a reader's own machine: give --url, or mend the link", short(l.to)))
		case u.Scheme == "http":
			once(c.block, "plain_link", l.to, fmt.Sprintf("%s is not encrypted, and inboxes warn of it: write https", short(l.to)))
		}
		if isGeneric(l.said) {
			once(c.advise, "link_text", l.said, fmt.Sprintf("the link %q says nothing to somebody who hears it alone: name what it leads to", l.said))
		}
		if seen := hostIn(l.text); seen != "" && !sameSite(seen, u.Hostname()) {
			once(c.advise, "link_differs", l.text+l.to, fmt.Sprintf("the link shows %s and leads to %s, as fraud does: let both be the same", seen, u.Hostname()))
		}
	}
	for _, i := range c.doc.images {
		switch {
		case strings.HasPrefix(i.from, "data:"):
			once(c.advise, "data_uri", "", "a picture is written into the mail, which many inboxes do not show: use an address")
		case !i.hasAlt:
			once(c.advise, "alt", i.from, fmt.Sprintf("the picture %s has no words for those who do not see it: describe it, or say that it is decoration (alt=\"\")", short(i.from)))
		}
	}
	for n, r := range c.Edition.Recaps {
		if r.Image != "" && r.ImageAlt == "" {
			once(c.advise, "alt", fmt.Sprint(n), fmt.Sprintf("the picture of %q counts as decoration: give it an image_alt if it says something", r.Title))
		}
	}
	if len(c.doc.images) > 0 && c.doc.words < fewWords {
		c.advise("image_only", "", "the mail is hardly more than a picture, which spam filters and readers with images off hold against it: write what it says")
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
		c.advise("size", "", fmt.Sprintf("the mail has %d bytes of HTML and Gmail hides what comes after %d, the link to unsubscribe too: shorten it, or send fewer recaps", most, gmailClips))
	case most > gmailNear:
		c.advise("size", "", fmt.Sprintf("the mail has %d bytes of HTML; Gmail hides what comes after %d", most, gmailClips))
	}
}

func (c *checker) brand() {
	if accent := c.Edition.Organisation.Accent; accent != "" {
		if used, ok := templates.ReadableAccent(accent); ok && !strings.EqualFold(used, accent) {
			c.advise("contrast", "", fmt.Sprintf("the colour %s is too pale to read on white and becomes %s in mails", accent, used))
		}
	}
}

func read(body []byte) document {
	d := document{bytes: len(body)}
	root, err := html.Parse(strings.NewReader(string(body)))
	if err != nil {
		return d
	}
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
