package admin

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"postrider/internal/errs"
	"postrider/internal/words"
	"postrider/subscribers"
	"postrider/web/pages"
	"postrider/web/respond"
)

const (
	segmentsPage  = 100
	segmentSample = 5
)

// segmentRoutes are the pages about segments. Looking keeps nothing.
func (h *house) segmentRoutes() []respond.Route {
	return []respond.Route{
		{Pattern: "GET /segments", Needs: reviewer, Handle: h.segments},
		{Pattern: "GET /segments/edit", Needs: editor, Handle: h.segmentPage},
		{Pattern: "POST /segments/edit", Needs: editor, Handle: h.keepSegment},
		{Pattern: "POST /segments/look", Needs: editor, Handle: h.lookAtSegment},
		{Pattern: "POST /segments/remove", Needs: editor, Handle: h.removeSegment},
	}
}

type segmentsView struct {
	Tabs        tabsView
	Rows        []segmentRow
	More, First string
	CanEdit     bool
}

type segmentRow struct{ Name, Question, URL, Edit string }

func (h *house) segments(w http.ResponseWriter, r *http.Request) error {
	after := r.URL.Query().Get("after")
	all, err := h.Registry.Segments(r.Context(), after, segmentsPage+1)
	if err != nil {
		return err
	}
	v := segmentsView{Tabs: h.readerTabs(r, "/segments"), CanEdit: h.may(r, editor)}
	if after != "" {
		v.First = "/segments"
	}
	if len(all) > segmentsPage {
		all = all[:segmentsPage]
		v.More = "/segments?" + url.Values{"after": {all[segmentsPage-1].Name}}.Encode()
	}
	for _, g := range all {
		v.Rows = append(v.Rows, segmentRow{g.Name, g.Question, readersAsked(g.Question), segmentURL(g.Name)})
	}
	return h.page(w, r, "segments", h.frame(r, h.words(r).T("segments.segments"), "/readers"), v)
}

func segmentURL(name string) string {
	return "/segments/edit?" + url.Values{"segment": {name}}.Encode()
}

func readersAsked(question string) string {
	return "/readers?" + url.Values{"q": {question}}.Encode()
}

// segmentView is the form of a segment; Was is empty for a new one.
type segmentView struct {
	F       pages.Form
	Was     string
	Asked   string // the question that the page shows, in its normal form
	Groups  []groupView
	Tops    []pages.Option
	Deep    bool // only the text can say it
	Known   []string
	Counted bool
	Count   int
	Sample  []string
	All     string // URL of the readers
	Uses    []string
	More    bool // another group fits
}

type groupView struct {
	N     int
	Place int    // from one
	Join  string // its field
	Joins []pages.Option
	Rows  []rowView
	More  bool
}

type rowView struct {
	What, Op, Value string // fields
	Drop            string
	Whats, Ops      []pages.Option
}

func (h *house) segmentPage(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	values := url.Values{"name": {q.Get("segment")}, "was": {q.Get("segment")}, "text": {q.Get("q")}, "text_was": {""}}
	rows := questionRows{Top: string(subscribers.And), Groups: []questionGroup{{Join: string(subscribers.And), Rows: []questionRow{firstRow}}}}
	if was := q.Get("segment"); was != "" {
		g, err := h.Registry.Segment(r.Context(), was)
		if err != nil {
			return err
		}
		values.Set("text", g.Question)
	}
	rows.write(values)
	return h.showSegment(w, r, http.StatusOK, values, false)
}

// questionOf reads the form: the text where it was changed, else the rows.
func questionOf(v url.Values, f *pages.Form, t *words.Words) (subscribers.Question, bool) {
	text := strings.TrimSpace(v.Get("text"))
	if text != strings.TrimSpace(v.Get("text_was")) || v.Has("deep") {
		q, err := subscribers.ParseQuestion(text)
		if err != nil {
			f.Add("text", respond.Sentence(err.Error()))
		}
		return q, err == nil
	}
	rows := readRows(v)
	if len(rows.Groups) == 0 {
		f.Add("text", t.T("segments.nothing_asked"))
		return subscribers.Question{}, false
	}
	before := len(f.Problems())
	q := rows.question(f, t)
	return q, len(f.Problems()) == before
}

// showSegment shows the form with whom its question selects. A question that
// can be read is written anew both ways, so that rows and text agree; what is
// wrong with one that cannot is told where somebody asked for it.
func (h *house) showSegment(w http.ResponseWriter, r *http.Request, status int, values url.Values, tell bool, problems ...pages.Problem) error {
	t := h.words(r)
	f := pages.NewForm(values)
	for _, p := range problems {
		f.Add(p.Name, p.Text)
	}
	var unread pages.Form
	q, ok := questionOf(values, &unread, t)
	if tell || values.Get("text") != "" && values.Get("text") != values.Get("text_was") {
		for _, p := range unread.Problems() {
			f.Add(p.Name, p.Text)
		}
	}
	v := segmentView{Was: values.Get("was"), Deep: values.Has("deep")}
	if ok {
		rows, fits := rowsOf(q)
		values.Set("text", q.String())
		values.Set("text_was", q.String())
		v.Asked, v.Deep = q.String(), !fits
		if fits {
			rows.write(values)
		}
		if err := h.countSegment(r, &v, &f); err != nil {
			return err
		}
	}
	v.F = f
	if err := h.segmentOptions(r, &v, readRows(values)); err != nil {
		return err
	}
	title := t.T("segments.new")
	if v.Was != "" {
		title = v.Was
	}
	return h.pageWith(w, r, status, "segment", h.frame(r, title, "/readers"), v)
}

func (h *house) countSegment(r *http.Request, v *segmentView, f *pages.Form) error {
	n, sample, err := h.Registry.Count(r.Context(), v.Asked, segmentSample)
	if errs.Is(err, errs.NotFound) || errs.Is(err, errs.Invalid) {
		f.Add("text", respond.Sentence(err.Error()))
		return nil
	}
	if err != nil {
		return err
	}
	v.Counted, v.Count, v.All = true, n, readersAsked(v.Asked)
	for _, s := range sample {
		v.Sample = append(v.Sample, s.Email)
	}
	return nil
}

// segmentOptions fills what there is to choose from, for each row, and who uses the segment.
func (h *house) segmentOptions(r *http.Request, v *segmentView, rows questionRows) error {
	t := h.words(r)
	fields, err := h.Store.ReaderFields(r.Context(), nil)
	if err != nil {
		return err
	}
	var ops, whats []pages.Option
	for _, o := range opKeys {
		ops = append(ops, pages.Option{Value: o.op, Label: t.T(o.key)})
	}
	for _, a := range attributeKeys {
		whats = append(whats, pages.Option{Value: a.attribute, Label: t.T(a.key)})
	}
	for _, name := range fields {
		whats = append(whats, pages.Option{Value: fieldPrefix + name, Label: t.T("segments.field", name)})
	}
	joins := []pages.Option{{Value: "and", Label: t.T("segments.all_of")}, {Value: "or", Label: t.T("segments.any_of")}, {Value: joinNone, Label: t.T("segments.none_of")}}
	v.Tops = []pages.Option{{Value: "and", Label: t.T("segments.top_and")}, {Value: "or", Label: t.T("segments.top_or")}}
	v.More = len(rows.Groups) < maxGroups
	for i, g := range rows.Groups {
		view := groupView{N: i, Place: i + 1, Join: groupField(i), Joins: joins, More: len(g.Rows) < maxRows}
		for j, row := range g.Rows {
			one := rowView{What: rowField(i, j, "what"), Op: rowField(i, j, "op"), Value: rowField(i, j, "value"), Drop: fmt.Sprintf("drop %d %d", i, j), Ops: ops, Whats: whats}
			if name, ok := strings.CutPrefix(row.What, fieldPrefix); ok && !slices.Contains(fields, name) {
				one.Whats = append(slices.Clip(whats), pages.Option{Value: row.What, Label: t.T("segments.field", name)})
			}
			view.Rows = append(view.Rows, one)
		}
		v.Groups = append(v.Groups, view)
	}
	lists, err := h.listNames(r)
	for _, l := range lists {
		v.Known = append(v.Known, l.Name)
	}
	if err != nil || v.Was == "" {
		return err
	}
	g, err := h.Registry.Segment(r.Context(), v.Was)
	if err != nil {
		return err
	}
	v.Uses, err = h.Registry.SegmentUses(r.Context(), g.ID)
	return err
}

// lookAtSegment shows the form again with whom it selects, after a button that
// adds or takes away rows where one was pressed. Nothing is kept.
func (h *house) lookAtSegment(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	v := r.PostForm
	rows := readRows(v)
	acted := rows.act(v.Get("do"))
	if acted {
		if len(rows.Groups) == 0 {
			rows.Groups = []questionGroup{{Join: string(subscribers.And), Rows: []questionRow{firstRow}}}
		}
		rows.write(v)
	}
	// Also where something is missing: the number beside the form follows each change of it.
	return h.showSegment(w, r, http.StatusOK, v, !acted)
}

func (h *house) keepSegment(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	v, t := r.PostForm, h.words(r)
	var f pages.Form
	q, ok := questionOf(v, &f, t)
	if !ok {
		return h.showSegment(w, r, http.StatusUnprocessableEntity, v, true)
	}
	name := strings.TrimSpace(v.Get("name"))
	var err error
	if was := v.Get("was"); was != "" {
		_, err = h.Registry.ChangeSegment(r.Context(), h.actor(r), was, name, q.String())
	} else {
		_, err = h.Registry.CreateSegment(r.Context(), h.actor(r), name, q.String())
	}
	switch {
	case err == nil:
		return h.done(w, r, "/segments", t.T("segments.kept", name), nil)
	case errs.Is(err, errs.Conflict):
		return h.showSegment(w, r, http.StatusUnprocessableEntity, v, true, pages.Problem{Name: "name", Text: t.T("segments.taken")})
	case errs.Is(err, errs.Invalid) && f.AddError(err):
		p := f.Problems()[0]
		if p.Name == "" {
			p.Name = "text"
		}
		return h.showSegment(w, r, http.StatusUnprocessableEntity, v, true, p)
	case errs.Is(err, errs.NotFound):
		return h.showSegment(w, r, http.StatusUnprocessableEntity, v, true) // a list that is not there: counting says so
	}
	return err
}

func (h *house) removeSegment(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	name := r.PostForm.Get("segment")
	if err := h.Registry.RemoveSegment(r.Context(), h.actor(r), name); err != nil {
		return err
	}
	return h.done(w, r, "/segments", h.words(r).T("segments.removed", name), nil)
}
