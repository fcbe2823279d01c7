package templates

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// textWriter collects the text part.
type textWriter struct{ out []Piece }

func (w *textWriter) line(s string)     { w.out = appendText(w.out, s+"\n") }
func (w *textWriter) pieces(ps []Piece) { w.out = appendPieces(w.out, ps) }
func (w *textWriter) heading(s string)  { w.line(""); w.line(strings.ToUpper(s)); w.line("") }
func (w *textWriter) slot(name string)  { w.out = append(w.out, Piece{Slot: name}); w.line("") }
func (w *textWriter) wrapped(s string)  { w.line(wrapText(s, "", "")) }
func (w *textWriter) underlined(s string) {
	s = wrapText(s, "", "")
	w.line(s)
	longest := 0
	for _, l := range strings.Split(s, "\n") {
		longest = max(longest, utf8.RuneCountInString(l))
	}
	w.line(strings.Repeat("=", longest))
}

// mailText writes the text part from the recap itself: it is read by people
// with text clients, screen readers and watches, so it is laid out, not
// stripped from HTML. Lines have at most textWidth characters but for addresses.
func (i *issue) mailText() (Part, error) {
	w := &textWriter{}
	for n, p := range i.parts {
		switch {
		case p.block != nil:
			i.textBlock(w, p, n == 0)
		case n > 0:
			w.line("\n")
			fallthrough
		default:
			i.textStory(w, &i.stories[p.story])
		}
	}
	if err := i.textShare(w); err != nil {
		return Part{}, err
	}
	i.textFoot(w)
	return Part{Pieces: settle(w.out, SlotViewURL, i.viewURL())}, nil
}

func (i *issue) textStory(w *textWriter, s *story) {
	w.underlined(s.recap.Title)
	if k := s.kicker(); k != "" {
		w.wrapped(k)
	}
	for _, p := range s.lead {
		w.line("")
		w.pieces(wrap(p.pieces, "", ""))
		w.line("")
		w.anchors(p, "")
	}
	if len(s.points) > 0 {
		w.heading(i.words.Takeaways)
	}
	for n, p := range s.points {
		if n > 0 {
			w.line("")
		}
		first := fmt.Sprintf("%2d. ", p.N)
		hang := strings.Repeat(" ", len(first))
		w.pieces(wrap(p.pieces, first, hang))
		w.line("")
		w.anchors(p.passage, hang)
		if u := i.takeawayURL(p.N); u != "" {
			w.line(hang + i.words.SharePoint + ": " + u)
		}
	}
	if people := s.people(); len(people) > 0 {
		w.heading(i.words.People)
		for _, p := range people {
			w.line(wrapText(strings.Join(nonEmpty(p.Name, p.Role), ", "), "- ", "  "))
		}
	}
	if len(s.links) > 0 {
		w.heading(i.words.Links)
		for _, l := range s.links {
			w.line(wrapText(l.Label, "- ", "  "))
			if l.URL != "" {
				w.line("  " + l.URL)
			}
		}
	}
}

// anchors lists the addresses behind a passage's words.
func (w *textWriter) anchors(p passage, hang string) {
	for _, a := range p.links {
		if !strings.Contains(p.plain, a.url) {
			w.line(hang + "<" + a.url + ">")
		}
	}
}

func (i *issue) textShare(w *textWriter) error {
	buttons, err := i.buttons(0, i.mailNetworks())
	if err != nil || len(buttons) == 0 {
		return err
	}
	widest := 0
	for _, b := range buttons {
		widest = max(widest, utf8.RuneCountInString(b.Name))
	}
	w.heading(i.words.ShareFriends)
	for _, b := range buttons {
		w.line(b.Name + strings.Repeat(" ", widest-utf8.RuneCountInString(b.Name)+2) + b.URL)
	}
	return nil
}

// textFoot begins with a rule, not with "-- ": clients hide what follows a
// signature mark, and the way out must not be hidden.
func (i *issue) textFoot(w *textWriter) {
	w.line("")
	w.line(strings.Repeat("-", textWidth))
	w.wrapped(i.why())
	w.line("")
	w.line(i.words.Unsubscribe + ":")
	w.slot(SlotUnsubscribeURL)
	w.line(i.words.Preferences + ":")
	w.slot(SlotPreferencesURL)
	if u := i.viewURL(); u != "" {
		w.line(i.words.ViewInBrowser + ":")
		w.line(u)
	}
	org := i.org()
	for n, line := range org.Footer {
		if n == 0 {
			w.line("")
		}
		w.wrapped(line)
	}
	if org.Help != "" {
		w.line("")
		w.wrapped(i.words.Questions + " " + org.Help)
	}
	if org.Name != "" || len(org.Address) > 0 {
		w.line("")
		for _, l := range append(nonEmpty(org.Name), org.Address...) {
			w.line(l)
		}
	}
}
