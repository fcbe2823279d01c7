package admin

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"postrider/campaigns"
	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/words"
	"postrider/web/pages"
	"postrider/web/respond"
)

const auditPage = 50

func (h *house) auditRoutes() []respond.Route {
	return []respond.Route{{Pattern: "GET /audit", Needs: owner, Handle: h.audit}}
}

type auditView struct {
	Form     pages.Form
	Who      []pages.Option
	Kinds    []pages.Option
	Rows     []auditRow
	Filtered bool
	First    string
	More     string
	Place    string
}

type auditRow struct {
	When, Who    string
	Action, Kind string
	Object, URL  string
	From, To     string
	Detail       string
	Day          string // where it is another than the row's before
	FromTo       bool
	Times        int // lines that read the same, one after the other
}

// once is the row as one line of its day reads.
func (r auditRow) once() auditRow {
	r.Times, r.Day = 1, ""
	return r
}

// audit is the log: who, when, what, from, to.
func (h *house) audit(w http.ResponseWriter, r *http.Request) error {
	clock := h.clock(r, "")
	v := auditView{Form: pages.NewForm(r.URL.Query()), Place: clock.Place()}
	filter := h.auditFilter(&v, clock)
	before, err := h.auditBefore(r)
	if err != nil {
		return err
	}
	var records []audit.Record
	if v.Form.OK() {
		if records, err = h.Store.Audit(r.Context(), filter, before, auditPage+1); err != nil {
			return err
		}
	}
	q := r.URL.Query()
	q.Del("before")
	if before.ID != 0 {
		v.First = withQuery("/audit", q)
	}
	if len(records) > auditPage {
		records = records[:auditPage]
		q.Set("before", records[auditPage-1].ID.String())
		v.More = withQuery("/audit", q)
	}
	if err := h.auditChoices(r.Context(), &v, clock.Words); err != nil {
		return err
	}
	names := auditNames{h: h, ctx: r.Context(), known: map[string]thing{}}
	day := ""
	for _, record := range records {
		row := names.row(record, clock)
		if row.Day == day {
			row.Day = ""
		} else {
			day = row.Day
		}
		if n := len(v.Rows); n > 0 && row == v.Rows[n-1].once() {
			v.Rows[n-1].Times++
			continue
		}
		v.Rows = append(v.Rows, row)
	}
	status := http.StatusOK
	if !v.Form.OK() {
		status = http.StatusUnprocessableEntity
	}
	return h.pageWith(w, r, status, "audit", h.frame(r, clock.Words.T("frame.audit"), "/audit"), v)
}

func withQuery(path string, q url.Values) string {
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// auditFilter reads what is asked for. Dates are days of the organisation.
func (h *house) auditFilter(v *auditView, clock pages.Clock) audit.Filter {
	f := audit.Filter{Actor: v.Form.Value("who"), Kind: v.Form.Value("kind")}
	for _, x := range []struct {
		name string
		to   *time.Time
		days int
	}{{"from", &f.From, 0}, {"to", &f.Until, 1}} { // "to" is the last day that counts
		text := v.Form.Value(x.name)
		if text == "" {
			continue
		}
		day, err := time.ParseInLocation(time.DateOnly, text, clock.Zone)
		if err != nil {
			v.Form.Add(x.name, clock.Words.T("audit.bad_date", text))
			continue
		}
		*x.to = day.AddDate(0, 0, x.days)
	}
	v.Filtered = f != audit.Filter{}
	return f
}

func (h *house) auditBefore(r *http.Request) (audit.Record, error) {
	s := r.URL.Query().Get("before")
	if s == "" {
		return audit.Record{}, nil
	}
	id, err := ids.Parse[audit.Entry](s)
	if err != nil {
		return audit.Record{}, errs.NotFoundf("there is no such page of the audit log: begin at its first")
	}
	return h.Store.AuditRecord(r.Context(), id)
}

// auditChoices fills what can be chosen: the team, the program's own parts, and
// the kinds of things.
func (h *house) auditChoices(ctx context.Context, v *auditView, w *words.Words) error {
	team, err := h.Office.Operators(ctx)
	if err != nil {
		return err
	}
	v.Who = append(v.Who, pages.Option{Label: w.T("audit.anybody")})
	for _, o := range team {
		v.Who = append(v.Who, pages.Option{Value: o.ID.String(), Label: o.Name})
	}
	for _, a := range auditActors {
		v.Who = append(v.Who, pages.Option{Value: a.word, Label: w.T(a.key)})
	}
	v.Kinds = append(v.Kinds, pages.Option{Label: w.T("audit.anything")})
	for _, k := range auditKinds {
		v.Kinds = append(v.Kinds, pages.Option{Value: k.word, Label: words.Capital(w.T(k.key))})
	}
	return nil
}

// thing is what a line tells about, as people know it.
type thing struct{ name, url string }

// auditNames finds the names of things, each once for a page.
type auditNames struct {
	h     *house
	ctx   context.Context
	known map[string]thing
}

func (n auditNames) row(a audit.Record, clock pages.Clock) auditRow {
	w := clock.Words
	at := a.At.In(clock.Zone)
	row := auditRow{Times: 1, When: at.Format("15:04"), Day: clock.Day(a.At), Who: whoDid(w, a.Actor), Action: strings.ReplaceAll(a.Action, "_", " "), Kind: a.Kind}
	if key := keyOf(auditActions, a.Action); key != "" {
		row.Action = w.T(key)
	}
	if key := keyOf(auditKinds, a.Kind); key != "" {
		row.Kind = w.T(key)
	}
	row.From, row.To, row.Detail = a.FromTo()
	if row.From != "" {
		row.FromTo = true
		row.From, row.To = stateWord(w, a.Kind, row.From), stateWord(w, a.Kind, row.To)
	}
	t := n.thing(a)
	row.Object, row.URL = t.name, t.url
	return row
}

// stateWord is a state as people see it; what is none stands as it is.
func stateWord(w *words.Words, kind, s string) string {
	switch kind {
	case "edition":
		return pages.EditionMark(w, campaigns.EditionState(s)).Word
	case "campaign":
		return pages.CampaignMark(w, campaigns.State(s)).Word
	}
	return s
}

// thing finds what a line is about. What is gone, or has no page, has no name.
func (n auditNames) thing(a audit.Record) thing {
	id := ids.ID[audit.Entry](a.Object).String()
	if t, ok := n.known[a.Kind+id]; ok {
		return t
	}
	var t thing
	switch a.Kind {
	case "edition":
		if e, err := n.h.Store.Edition(n.ctx, id); err == nil {
			t = thing{e.Title, editionURL(e.ID)}
		}
	case "campaign":
		if c, err := n.h.Store.Campaign(n.ctx, id); err == nil {
			t = thing{c.Name, campaignURL(c.ID)}
		}
	case "operator":
		if o, err := n.h.Office.FindOperator(n.ctx, id); err == nil {
			t = thing{name: o.Name}
		}
	}
	n.known[a.Kind+id] = t
	return t
}
