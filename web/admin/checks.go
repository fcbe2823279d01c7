package admin

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"postrider/campaigns/preflight"
	"postrider/internal/words"
)

// askTime is for asking a hundred links, eight at a time.
const askTime = 50 * time.Second

// checksView is what a check before sending found.
type checksView struct {
	Findings []findingView
	Blocks   int
	Advices  int
	CanAsk   bool   // links can be asked
	Asked    bool   // they just were
	URL      string // of the form that asks them; empty: the editor's own
}

type findingView struct {
	Blocks  bool
	Where   string // the part that it is about, empty for all of it
	Text    string
	Line    int // of the text, 0 for none
	Readers int
}

// linkAnswer is what an address said when it was asked.
type linkAnswer struct {
	status int
	size   int64
	err    error
}

// links answers for addresses from memory, and asks them where it may. An
// address that was not asked yet passes as one that answers.
type links struct {
	h   *house
	ask bool
}

// Look implements preflight.Fetcher.
func (l links) Look(ctx context.Context, address string) (int, int64, error) {
	if !l.ask {
		if a, known := l.h.answers.Get(address); known {
			return a.status, a.size, a.err
		}
		return http.StatusOK, -1, nil
	}
	var a linkAnswer
	a.status, a.size, a.err = l.h.Links.Look(ctx, address)
	l.h.answers.Put(address, a)
	return a.status, a.size, a.err
}

// checks looks a mail over and says where in the text its findings stand. The
// request says whether links are asked.
func (h *house) checks(r *http.Request, in preflight.Input, name, text string) (*checksView, error) {
	var err error
	if in.Remote, err = h.Remote(r.Context()); err != nil {
		return nil, err
	}
	v := &checksView{CanAsk: h.may(r, editor), Asked: r.Method == http.MethodPost && r.PostFormValue("links") != ""}
	found := preflight.Check(r.Context(), in, links{h: h, ask: v.Asked && v.CanAsk})
	if text != "" {
		preflight.Place(found, name, text)
	}
	t := h.words(r)
	for _, f := range found {
		x := findingView{Blocks: f.Level == preflight.Blocks, Where: placeOf(t, f.Field), Text: words.Capital(f.Say(t)), Line: f.Line, Readers: f.Readers}
		if x.Where != "" || strings.HasPrefix(f.Say(t), "http") {
			x.Text = f.Say(t) // it goes on, or begins with an address
		}
		if x.Blocks {
			v.Blocks++
		} else {
			v.Advices++
		}
		v.Findings = append(v.Findings, x)
	}
	return v, nil
}

// placeOf names a part of a mail in the words of a language.
func placeOf(t *words.Words, field string) string {
	var n int
	switch {
	case field == "subject":
		return t.T("editor.place_subject")
	case field == "preheader":
		return t.T("editor.place_preheader")
	case numbered(field, "lead paragraph %d", &n):
		return t.T("editor.place_lead", n)
	case numbered(field, "takeaway %d", &n):
		return t.T("editor.place_takeaway", n)
	}
	return field
}

func numbered(s, format string, n *int) bool {
	read, err := fmt.Sscanf(s, format, n)
	return err == nil && read == 1
}
