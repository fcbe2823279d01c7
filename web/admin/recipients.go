package admin

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/web/pages"
)

const (
	recipientsPage = 100
	csvBatch       = 1000
	csvTimeout     = 10 * time.Minute
)

type recipientsView struct {
	Title, URL string // of the issue
	Heading    string
	Rows       []recipientView
	More       string
	First      bool
	CSV        string
	All        string // URL of the first page
}

type recipientView struct {
	Email string // empty: erased
	Word  string
	State string
	Tries int
	Code  string // with the enhanced code
	Text  string
	Relay string
	When  string
}

func (h *house) recipients(w http.ResponseWriter, r *http.Request) error {
	state, err := stateOf(r)
	if err != nil {
		return err
	}
	after, err := afterOf(r)
	if err != nil {
		return err
	}
	e, err := h.Desk.FindEdition(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	rows, err := h.Store.Recipients(r.Context(), e.ID, state, after, recipientsPage+1)
	if err != nil {
		return err
	}
	v := recipientsView{Title: e.Title, URL: editionURL(e.ID), First: after == 0, CSV: csvURL(editionURL(e.ID), state), All: recipientsURL(e.ID, state)}
	if v.Heading, err = h.recipientsHeading(r, e, state); err != nil {
		return err
	}
	if len(rows) > recipientsPage {
		rows = rows[:recipientsPage]
		q := url.Values{"after": {rows[len(rows)-1].ID.String()}}
		if state != "" {
			q.Set("state", string(state))
		}
		v.More = v.URL + "/recipients?" + q.Encode()
	}
	clock := h.clock(r, "")
	for _, p := range rows {
		v.Rows = append(v.Rows, recipient(p, clock))
	}
	return h.page(w, r, "recipients", h.frame(r, h.words(r).T("editions.readers_of", e.Title), "/editions"), v)
}

// recipientsHeading says whom a page of the ledger shows, and how many they are.
func (h *house) recipientsHeading(r *http.Request, e campaigns.Edition, state delivery.State) (string, error) {
	n, exact, err := h.counted(r.Context(), e, state)
	lang := h.words(r)
	word := pages.RecipientWord(lang, state)
	switch {
	case err != nil:
		return "", err
	case state == "" && exact:
		return lang.T("editions.readers", n), nil
	case state == "":
		return lang.T("editions.readers_over", n), nil
	case exact:
		return lang.T("editions.readers_in", n, word), nil
	}
	return lang.T("editions.readers_over_in", n, word), nil
}

func recipient(p delivery.Recipient, clock pages.Clock) recipientView {
	v := recipientView{Email: p.Email, Word: pages.RecipientWord(clock.Words, p.State), State: string(p.State), Tries: p.Attempts, Text: p.Text, Relay: p.Relay,
		When: clock.When(p.UpdatedAt)}
	if p.State == delivery.Deferred {
		v.Word = clock.Words.T("editions.next_try", clock.Hour(p.NotBefore))
	}
	if p.Code > 0 {
		v.Code = strings.TrimSpace(strconv.Itoa(p.Code) + " " + p.Enhanced)
	}
	return v
}

// stateOf reads ?state=, "" for all.
func stateOf(r *http.Request) (delivery.State, error) {
	s := delivery.State(r.URL.Query().Get("state"))
	if s != "" && !slices.Contains(delivery.States, s) {
		return "", errs.NotFoundf("no reader can be %q: choose from the figures of the issue", s)
	}
	return s, nil
}

func afterOf(r *http.Request) (delivery.RecipientID, error) {
	s := r.URL.Query().Get("after")
	if s == "" {
		return 0, nil
	}
	id, err := ids.Parse[delivery.Recipient](s)
	if err != nil {
		return 0, errs.NotFoundf("there is no such page of readers: begin at its first")
	}
	return delivery.RecipientID(id), nil
}

func csvURL(edition string, state delivery.State) string {
	u := edition + "/recipients.csv"
	if state != "" {
		u += "?state=" + url.QueryEscape(string(state))
	}
	return u
}

// recipientsCSV streams the ledger. Cells that a spreadsheet would run as
// formulas begin with an apostrophe.
func (h *house) recipientsCSV(w http.ResponseWriter, r *http.Request) error {
	state, err := stateOf(r)
	if err != nil {
		return err
	}
	e, err := h.Desk.FindEdition(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(csvTimeout)) // not every server has deadlines
	name := "readers-" + e.ID.String()
	if state != "" {
		name += "-" + string(state)
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.csv"`)
	out := csv.NewWriter(w)
	out.UseCRLF = true
	_ = out.Write([]string{"email", "state", "attempts", "code", "enhanced", "text", "relay", "updated"})
	var after delivery.RecipientID
	for {
		rows, err := h.Store.Recipients(r.Context(), e.ID, state, after, csvBatch)
		if err != nil {
			return err
		}
		for _, p := range rows {
			_ = out.Write([]string{
				inert(p.Email), string(p.State), strconv.Itoa(p.Attempts), strconv.Itoa(p.Code), inert(p.Enhanced), inert(p.Text), inert(p.Relay),
				p.UpdatedAt.UTC().Format(time.RFC3339),
			})
			after = p.ID
		}
		out.Flush()
		if err := out.Error(); err != nil || len(rows) < csvBatch {
			return nil // an error here means that the reader has gone
		}
	}
}

// inert keeps spreadsheets from running a cell (CWE-1236).
func inert(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(s)[0]) {
		return "'" + s
	}
	return s
}
