package templates

import (
	"embed"
	"fmt"
	"html"
	"html/template"
	"strings"
	"sync"

	"postrider/internal/errs"
	"postrider/networks"
)

//go:embed theme
var themeFiles embed.FS

// Theme is a look of mails that ships. All share the masthead, the foot, the
// colours of light and dark, and the pages.
type Theme struct {
	Name string `json:"name"` // of Edition.Theme; empty is the default
	Says string `json:"says"` // what it looks like, in a sentence
	file string
}

// Themes returns those that ship, the default first.
func Themes() []Theme {
	return []Theme{
		{"", "an article on paper: large numerals, share links beside each takeaway, a grid of networks", "mail.html.tmpl"},
		{"letter", "a plain letter: no frame, no grid, as if somebody wrote it", "letter.html.tmpl"},
		{"cards", "bold cards: the title on the organisation's colour, each takeaway a card of its own", "cards.html.tmpl"},
	}
}

// CheckTheme is Invalid for a theme that does not exist, with the nearest name.
func CheckTheme(name string) error {
	var names []string
	for _, t := range Themes() {
		if t.Name == name {
			return nil
		}
		if t.Name != "" {
			names = append(names, t.Name)
		}
	}
	remedy := "leave it empty for the default, or use one of " + strings.Join(names, ", ")
	if near := errs.Nearest(name, names); near != "" {
		remedy = fmt.Sprintf("did you mean %s?", near)
	}
	return &errs.Error{Kind: errs.Invalid, Field: "theme", Text: fmt.Sprintf("there is no theme %q: %s", name, remedy)}
}

// dressed is a theme in a family of letters.
type dressed struct{ theme, font string }

// mailTemplates are parsed once, by theme and family; they are never changed.
var mailTemplates = sync.OnceValue(func() map[dressed]*template.Template {
	all := map[dressed]*template.Template{}
	for _, t := range Themes() {
		for font := range families {
			all[dressed{t.Name, font}] = parseTheme(familyOf(font), t.file, "parts.html.tmpl")
		}
	}
	return all
})

// parseTheme reads an embedded template and the parts that it uses. SERIF and
// SANS stand for font lists, which mails must repeat at every element.
func parseTheme(f family, name string, parts ...string) *template.Template {
	fonts := strings.NewReplacer("SERIF", f.text, "SANS", f.sans)
	t := template.New(name)
	for _, file := range append([]string{name}, parts...) {
		source, err := themeFiles.ReadFile("theme/" + file)
		if err != nil {
			panic(err) // the file is part of the program
		}
		if file != name {
			template.Must(t.New(file).Parse(fonts.Replace(string(source))))
			continue
		}
		template.Must(t.Parse(fonts.Replace(string(source))))
	}
	return t
}

// RenderMail returns the mail of an edition: HTML that needs no image, script
// or style sheet from elsewhere to be read, and a text part written from the
// recap. Both hold the slots unsubscribe_url and preferences_url, and those of
// the author's merge tags in subject, preheader, lead and takeaways.
//
// An edition that cannot be rendered is Invalid; its text names the field.
func RenderMail(e Edition) (Mail, error) {
	i, err := read(e)
	if err != nil {
		return Mail{}, err
	}
	return i.mail()
}

func (i *issue) mail() (Mail, error) {
	subject, err := i.subject()
	if err != nil {
		return Mail{}, err
	}
	m, err := newMarks(i.edition)
	if err != nil {
		return Mail{}, err
	}
	v, err := i.mailView(m)
	if err != nil {
		return Mail{}, err
	}
	var b strings.Builder
	if err := mailTemplates()[dressed{i.edition.Theme, knownFont(i.edition.Organisation.Font)}].Execute(&b, v); err != nil {
		return Mail{}, fmt.Errorf("rendering a mail: %w", err)
	}
	htmlPart, err := m.part(trimLines(b.String()))
	if err != nil {
		return Mail{}, err
	}
	textPart, err := i.mailText()
	if err != nil {
		return Mail{}, err
	}
	for _, p := range []Part{htmlPart, textPart} {
		if n := p.size(); n > maxMail {
			return Mail{}, errs.Invalidf("the mail has %d KB: keep it below %d KB by shortening recaps or splitting the edition", n>>10, maxMail>>10)
		}
	}
	return Mail{Subject: subject, HTML: htmlPart, Text: textPart}, nil
}

// maxMail bounds one part of a mail, in bytes, before readers' values: it is
// copied for each of them.
const maxMail = 1 << 20

// trimLines removes indentation and empty lines, which cost bytes in a mail
// that Gmail clips at 102,400. No text of the theme spans lines in a way that
// this would change.
func trimLines(s string) string {
	lines := strings.Split(s, "\n")
	kept := lines[:0]
	for _, line := range lines {
		if line = strings.TrimSpace(line); line != "" {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n") + "\n"
}

// subject is the edition's, else the recap's, else its title.
func (i *issue) subject() (Part, error) {
	first := i.stories[0].recap
	for _, s := range []string{i.edition.Subject, first.Subject} {
		if s = oneSpace(s); s != "" {
			return i.line("subject", s, EscapeNone)
		}
	}
	return Part{Pieces: []Piece{{Text: first.Title}}}, nil
}

// preheader is the edition's, else the recap's, else the lead's first sentence.
func (i *issue) preheader() (Part, error) {
	s := i.stories[0]
	for _, text := range []string{i.edition.Preheader, s.recap.Preheader} {
		if text = oneSpace(text); text != "" {
			return i.line("preheader", text, EscapeHTML)
		}
	}
	for _, p := range s.lead {
		// Conditions may span sentences: then what everybody may read is shown.
		if first := sentences(p.plain); len(first) > 0 {
			return Part{Pieces: []Piece{{Text: template.HTMLEscapeString(first[0])}}}, nil
		}
	}
	return Part{}, nil
}

// Preheader is the line that inboxes show behind the subject, as a reader
// without values gets it. Errors are those of RenderMail.
func Preheader(e Edition) (string, error) {
	i, err := read(e)
	if err != nil {
		return "", err
	}
	p, err := i.preheader()
	return html.UnescapeString(plainOf(p.Pieces)), err
}

// line parses a single line with merge tags.
func (i *issue) line(field, text string, esc Escape) (Part, error) {
	pieces, err := ParseSlots(text, esc)
	if err != nil {
		return Part{}, &errs.Error{Kind: errs.Invalid, Field: field, Err: err}
	}
	return Part{Pieces: settle(inLanguageOf(i.lang, pieces), SlotViewURL, i.viewURL())}, nil
}

// viewURL is where the mail can be read in a browser: our page, else the
// original, else "".
func (i *issue) viewURL() string {
	if page := i.pageURL(); page != "" {
		return page
	}
	return i.original
}

const (
	// What hides behind the preheader: combining grapheme joiner, zero-width
	// non-joiner and no-break space are kept by clients that drop plain spaces.
	preheaderFill  = "&#847;&zwnj;&nbsp;"
	preheaderFills = 48

	msoHead  = `<!--[if mso]><xml><o:OfficeDocumentSettings xmlns:o="urn:schemas-microsoft-com:office:office"><o:PixelsPerInch>96</o:PixelsPerInch></o:OfficeDocumentSettings></xml><style>table{border-collapse:collapse}td,p,a,li,h1,h2{font-family:FAMILY !important}</style><![endif]-->`
	msoOpen  = `<!--[if mso]><table role="presentation" width="600" align="center" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->`
	msoClose = `<!--[if mso]></td></tr></table><![endif]-->`

	pointNetworks = 3 // networks beside a takeaway, before "More"
)

func (i *issue) mailView(m *marks) (mailView, error) {
	onLight, onDark := palettes(i.edition.Organisation.Accent)
	v := mailView{
		Lang: i.lang, Dir: i.dir, Title: i.stories[0].recap.Title, W: i.words,
		Light: cssOf(onLight), Dark: cssOf(onDark), Org: i.org(), ViewURL: i.viewURL(),
		Padding:     template.HTML(strings.Repeat(preheaderFill, preheaderFills)), //nolint:gosec // fixed
		Unsubscribe: m.url(SlotUnsubscribeURL), Preferences: m.url(SlotPreferencesURL),
		MSO: msoOpen, MSOClose: msoClose, MSOHead: template.HTML(strings.Replace(msoHead, "FAMILY", familyOf(i.edition.Organisation.Font).outlook, 1)), //nolint:gosec // fixed
		Why: i.why(),
	}
	preheader, err := i.preheader()
	if err != nil {
		return v, err
	}
	v.Preheader = m.html(preheader.Pieces)
	d := mailDress(onLight)
	if v.Parts, err = i.mailParts(m, d, v.Light); err != nil {
		return v, err
	}
	buttons, err := i.buttons(0, i.mailNetworks())
	if err != nil {
		return v, err
	}
	v.Columns = gridColumns(len(buttons))
	for len(buttons) > 0 {
		row := buttons[:min(v.Columns, len(buttons))]
		v.Share, buttons = append(v.Share, row), buttons[len(row):]
	}
	v.KeyWidth = fmt.Sprintf("%d%%", (102-2*v.Columns)/v.Columns) // the gaps take about 2 % each
	return v, nil
}

// gridColumns is how many share buttons stand in a row: as many as a phone's
// reader of a mail without media queries can still tell apart, with the fewest
// empty places in the last row.
func gridColumns(buttons int) int {
	best, empty := 5, 5
	for _, columns := range []int{5, 4, 3} {
		if e := (columns - buttons%columns) % columns; e < empty {
			best, empty = columns, e
		}
	}
	return min(best, max(buttons, 3))
}

func (i *issue) mailStory(m *marks, s *story, d dress) (mailStory, error) {
	out := mailStory{Kicker: s.kicker(), Title: s.recap.Title, Image: s.narrow, ImageAlt: s.recap.ImageAlt, People: s.people()}
	if s.narrow != s.image {
		out.ImageSet = template.Srcset(s.image + " 2x") // for sharp screens; most programs take the other
	}
	out.TitleURL = s.original
	if s == &i.stories[0] || out.TitleURL == "" {
		out.TitleURL = i.viewURL()
	}
	for _, l := range s.links {
		out.Links = append(out.Links, linkView(l))
	}
	for _, p := range s.lead {
		text, err := i.placed(m, p, d)
		if err != nil {
			return out, err
		}
		out.Lead = append(out.Lead, text)
	}
	beside := i.mailNetworks()
	beside = beside[:min(pointNetworks, len(beside))]
	for _, p := range s.points {
		text, err := i.placed(m, p.passage, d)
		if err != nil {
			return out, err
		}
		buttons, err := i.buttons(p.N, beside)
		if err != nil {
			return out, err
		}
		mp := mailPoint{N: p.N, Text: text, Share: buttons}
		if u := i.takeawayURL(p.N); u != "" {
			mp.More = &button{Name: i.words.More, Label: fmt.Sprintf(i.words.MorePoint, p.N), URL: u}
		}
		out.Points = append(out.Points, mp)
	}
	return out, nil
}

// placed is a passage's HTML for the mail, as a mark.
func (i *issue) placed(m *marks, p passage, d dress) (template.HTML, error) {
	pieces, err := p.rich(d)
	if err != nil {
		return "", err
	}
	return m.html(settle(pieces, SlotViewURL, i.viewURL())), nil
}

// mailNetworks are the edition's networks whose links survive in a mail.
func (i *issue) mailNetworks() []networks.Network {
	var out []networks.Network
	for _, n := range i.nets {
		if n.InMail {
			out = append(out, n)
		}
	}
	return out
}

// buttons are the share links of takeaway n, or of the edition for 0. Networks
// that cannot be reached are left out.
func (i *issue) buttons(n int, nets []networks.Network) ([]button, error) {
	var out []button
	for _, net := range nets {
		link, err := i.shareLink(net, n)
		if err != nil {
			return nil, err
		}
		if link == "" {
			continue
		}
		b := button{Name: net.Name, Label: fmt.Sprintf(i.words.ShareOn, net.Name), URL: link}
		if n > 0 {
			b.Label = fmt.Sprintf(i.words.SharePointOn, n, net.Name)
		}
		out = append(out, b)
	}
	return out, nil
}

// mailDress styles an author's HTML where only inline styles are sure to work.
func mailDress(p palette) dress {
	return dress{
		styles: map[string]string{
			"a":          "color:" + p.Accent + ";text-decoration:underline",
			"p":          "margin:0 0 12px",
			"ul":         "margin:0 0 12px;padding:0 0 0 20px",
			"ol":         "margin:0 0 12px;padding:0 0 0 20px",
			"li":         "margin:0 0 6px",
			"blockquote": "margin:0 0 12px;padding:0 0 0 16px;border-left:2px solid " + p.Line + ";font-style:italic",
			"code":       "font-family:Menlo,Consolas,monospace;font-size:88%",
		},
		class: map[string]string{"a": "ac", "blockquote": "ln"},
	}
}
