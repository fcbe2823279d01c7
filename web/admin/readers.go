package admin

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/words"
	"postrider/subscribers"
	"postrider/web/pages"
	"postrider/web/respond"
)

const (
	readersPage = 50
	shownLists  = 1000
)

// readerRoutes are the pages about readers: people, lists, who is never mailed,
// and files of readers.
func (h *house) readerRoutes() []respond.Route {
	return slices.Concat([]respond.Route{
		{Pattern: "GET /readers", Needs: reviewer, Handle: h.readers},
		{Pattern: "GET /readers/new", Needs: editor, Handle: h.newReader},
		{Pattern: "POST /readers/new", Needs: editor, Handle: h.addReader},
		{Pattern: "GET /readers/export.csv", Needs: editor, Handle: h.exportReaders, Timeout: csvTimeout},
		{Pattern: "GET /readers/{id}", Needs: reviewer, Handle: h.reader},
		{Pattern: "GET /readers/{id}/edit", Needs: editor, Handle: h.editReaderPage},
		{Pattern: "POST /readers/{id}/edit", Needs: editor, Handle: h.editReader},
		{Pattern: "POST /readers/{id}/join", Needs: editor, Handle: h.joinList},
		{Pattern: "POST /readers/{id}/leave", Needs: editor, Handle: h.leaveList},
		{Pattern: "POST /readers/{id}/suppress", Needs: editor, Handle: h.suppressReader},
		{Pattern: "POST /readers/{id}/unsuppress", Needs: editor, Handle: h.unsuppressReader},
		{Pattern: "POST /readers/{id}/mailable", Needs: editor, Handle: h.mailableReader},
		{Pattern: "GET /lists", Needs: reviewer, Handle: h.lists},
		{Pattern: "GET /lists/edit", Needs: editor, Handle: h.listPage},
		{Pattern: "POST /lists/edit", Needs: editor, Handle: h.editList},
		{Pattern: "GET /do-not-mail", Needs: editor, Handle: h.doNotMail},
		{Pattern: "POST /do-not-mail", Needs: editor, Handle: h.addDoNotMail},
		{Pattern: "POST /do-not-mail/remove", Needs: editor, Handle: h.removeDoNotMail},
	}, h.segmentRoutes(), h.importRoutes(), h.personRoutes(), h.barredRoutes())
}

// readerTabs are the ways through the pages about readers.
func (h *house) readerTabs(r *http.Request, here string) tabsView {
	w := h.words(r)
	v := tabsView{Label: w.T("frame.readers"), Here: here}
	for _, p := range []place{{"readers.people", "/readers", ""}, {"lists.lists", "/lists", ""}, {"segments.segments", "/segments", ""}, {"readers.do_not_mail", "/do-not-mail", ""}, {"imports.imports", "/imports", ""}} {
		v.Tabs = append(v.Tabs, h.links(r, []place{p})...)
	}
	return v
}

// tabsView fills the part "tabs".
type tabsView struct {
	Label, Here string
	Tabs        []pages.Link
}

type readersView struct {
	Tabs    tabsView
	F       pages.Form
	Lists   []pages.Option
	States  []pages.Option
	Rows    []readerRow
	Begins  bool   // only those that begin with the text are shown
	All     string // URL of all that hold the text
	More    string
	First   string
	Nobody  bool   // there is no reader at all
	Asked   string // the question that the text is
	Keep    string // URL at which it becomes a segment
	CanEdit bool
	Export  string
}

type readerRow struct {
	URL, Email, Name, Added string
	Lists                   []string
	Mark                    pages.Mark
	Marked                  bool
}

// readers lists people, the newest first, or those that a text finds: first
// those whose address or name begins with it, out of an index; where they are
// few, all that hold it.
func (h *house) readers(w http.ResponseWriter, r *http.Request) error {
	v := readersView{Tabs: h.readerTabs(r, "/readers"), F: pages.NewForm(r.URL.Query()), CanEdit: h.may(r, editor)}
	names, err := h.listOptions(r, &v)
	if err != nil {
		return err
	}
	q, err := h.readerQuery(r, names)
	if err != nil {
		return err
	}
	asked, isQuestion := questionIn(r)
	var found []subscribers.Subscriber
	if isQuestion {
		found, err = h.askReaders(r, asked, q, &v)
	} else {
		found, err = h.findReaders(r, q, &v)
	}
	if err != nil {
		return err
	}
	if v.Rows, err = h.readerRows(r, found); err != nil {
		return err
	}
	v.Nobody = len(v.Rows) == 0 && len(r.URL.Query()) == 0
	export := url.Values{}
	for _, k := range []string{"list", "state"} {
		if s := r.URL.Query().Get(k); s != "" {
			export.Set(k, s)
		}
	}
	v.Export = "/readers/export.csv?" + export.Encode()
	return h.page(w, r, "readers", h.frame(r, h.words(r).T("frame.readers"), "/readers"), v)
}

// may reports whether whoever asks may do what this role may.
func (h *house) may(r *http.Request, needs respond.Needs) bool {
	return h.who(r).Role.May(roleOf(needs))
}

// listOptions are the lists and states to choose from. It returns the lists by
// name.
func (h *house) listOptions(r *http.Request, v *readersView) (map[string]subscribers.ListID, error) {
	t := h.words(r)
	all, err := h.listNames(r)
	if err != nil {
		return nil, err
	}
	names := map[string]subscribers.ListID{}
	v.Lists = []pages.Option{{Label: t.T("readers.any_list")}}
	for _, l := range all {
		names[l.Name] = l.ID
		v.Lists = append(v.Lists, pages.Option{Value: l.Name, Label: l.Name})
	}
	v.States = []pages.Option{{Label: t.T("readers.any_state")}, {Value: "active", Label: t.T("readers.state_active")}, {Value: "pending", Label: t.T("readers.state_pending")},
		{Value: "unsubscribed", Label: t.T("readers.state_unsubscribed")}, {Value: "bounced", Label: t.T("readers.state_bounced")}, {Value: "complained", Label: t.T("readers.state_complained")}}
	return names, nil
}

// readerQuery reads list, state, text and page from the address.
func (h *house) readerQuery(r *http.Request, lists map[string]subscribers.ListID) (subscribers.Query, error) {
	get := r.URL.Query().Get
	q := subscribers.Query{Newest: true, Limit: readersPage + 1, Search: strings.TrimSpace(get("q"))}
	if len(q.Search) > 200 {
		q.Search = q.Search[:200]
	}
	if name := get("list"); name != "" {
		if q.List = lists[name]; q.List == 0 {
			return q, errs.NotFoundf("%s", h.words(r).T("readers.no_such_list"))
		}
	}
	switch s := get("state"); s {
	case "":
	case "bounced", "complained":
		q.Address = subscribers.AddressState(s)
	case "active", "pending", "unsubscribed":
		q.State = subscribers.MembershipState(s)
	default:
		return q, errs.NotFoundf("%s", h.words(r).T("readers.no_such_state"))
	}
	if q.State != "" && q.List == 0 && len(lists) == 1 {
		for _, id := range lists {
			q.List = id
		}
	}
	if s := get("after"); s != "" {
		if err := q.After.UnmarshalText([]byte(s)); err != nil {
			return q, errs.NotFoundf("%s", h.words(r).T("readers.no_such_page"))
		}
	}
	return q, nil
}

func (h *house) findReaders(r *http.Request, q subscribers.Query, v *readersView) ([]subscribers.Subscriber, error) {
	if q.State != "" && q.List == 0 {
		v.F.Add("list", h.words(r).T("readers.state_wants_list"))
		return nil, nil
	}
	params := r.URL.Query()
	plain := q.Search != "" && q.List == 0 && q.Address == "" && q.After == 0 && !params.Has("in")
	if plain {
		begin, err := h.Registry.Beginning(r.Context(), q.Search, readersPage+1)
		if err != nil {
			return nil, err
		}
		if len(begin) > readersPage {
			params.Set("in", "all")
			v.Begins, v.All = true, "/readers?"+params.Encode()
			return begin[:readersPage], nil
		}
	}
	found, err := h.Registry.Page(r.Context(), q)
	if err != nil {
		return nil, err
	}
	if params.Has("after") {
		params.Del("after")
		v.First = "/readers?" + params.Encode()
	}
	if len(found) > readersPage {
		found = found[:readersPage]
		params.Set("after", found[readersPage-1].ID.String())
		v.More = "/readers?" + params.Encode()
	}
	return found, nil
}

// questionIn is the question that somebody typed into the search, in the
// language of segments; false where it is a text to look for.
func questionIn(r *http.Request) (subscribers.Question, bool) {
	q, err := subscribers.ParseQuestion(r.URL.Query().Get("q"))
	return q, err == nil
}

// askReaders lists those whom a question selects, on a list or in a state where
// one is chosen beside it.
func (h *house) askReaders(r *http.Request, asked subscribers.Question, q subscribers.Query, v *readersView) ([]subscribers.Subscriber, error) {
	v.Asked = asked.String()
	v.Keep = "/segments/edit?" + url.Values{"q": {v.Asked}}.Encode()
	ask := asked
	params := r.URL.Query()
	if name := params.Get("list"); name != "" {
		on := subscribers.Question{Join: subscribers.Or}
		for state, attribute := range map[subscribers.MembershipState]subscribers.Attribute{
			subscribers.Active: subscribers.AttributeList, subscribers.Pending: subscribers.AttributePending, subscribers.Unsubscribed: subscribers.AttributeLeft,
		} {
			if q.State == "" || q.State == state {
				on.Parts = append(on.Parts, subscribers.Question{Condition: subscribers.Condition{Attribute: attribute, Op: subscribers.Is, Values: []string{name}}})
			}
		}
		ask = subscribers.Question{Join: subscribers.And, Parts: []subscribers.Question{ask, on}}
	}
	if q.Address != "" {
		state := subscribers.Question{Condition: subscribers.Condition{Attribute: subscribers.AttributeAddress, Op: subscribers.Is, Values: []string{string(q.Address)}}}
		ask = subscribers.Question{Join: subscribers.And, Parts: []subscribers.Question{ask, state}}
	}
	found, err := h.Registry.Select(r.Context(), ask, q.After, readersPage+1)
	if errs.Is(err, errs.NotFound) || errs.Is(err, errs.Invalid) {
		v.F.Add("q", respond.Sentence(err.Error()))
		return nil, nil
	}
	if params.Has("after") {
		params.Del("after")
		v.First = "/readers?" + params.Encode()
	}
	if len(found) > readersPage {
		found = found[:readersPage]
		params.Set("after", found[readersPage-1].ID.String())
		v.More = "/readers?" + params.Encode()
	}
	return found, err
}

func (h *house) readerRows(r *http.Request, found []subscribers.Subscriber) ([]readerRow, error) {
	who := make([]subscribers.ID, len(found))
	for i, s := range found {
		who[i] = s.ID
	}
	on, err := h.Store.MembershipsOf(r.Context(), who)
	if err != nil {
		return nil, err
	}
	clock, t := h.clock(r, ""), h.words(r)
	var out []readerRow
	for _, s := range found {
		row := readerRow{URL: readerURL(s.ID), Email: s.Email, Name: s.Name, Added: clock.Day(s.CreatedAt), Mark: addressMark(t, s.AddressState), Marked: s.AddressState != subscribers.AddressOK}
		for _, m := range on[s.ID] {
			label := m.Name
			if m.State != subscribers.Active {
				label += " (" + membershipMark(t, m).Word + ")"
			}
			row.Lists = append(row.Lists, label)
		}
		out = append(out, row)
	}
	return out, nil
}

func readerURL(id subscribers.ID) string { return "/readers/" + id.String() }

// addressMark is the state of an address as people see it.
func addressMark(w *words.Words, s subscribers.AddressState) pages.Mark {
	switch s {
	case subscribers.AddressBounced:
		return pages.NewMark(w, "readers.state_bounced", "!", "bad")
	case subscribers.AddressComplained:
		return pages.NewMark(w, "readers.state_complained", "!", "bad")
	}
	return pages.NewMark(w, "readers.state_ok", "✓", "good")
}

// membershipMark is the state on a list as people see it.
func membershipMark(w *words.Words, m subscribers.Membership) pages.Mark {
	switch m.State {
	case subscribers.Pending:
		return pages.NewMark(w, "readers.state_pending", "◔", "")
	case subscribers.Unsubscribed:
		return pages.NewMark(w, "readers.state_unsubscribed", "×", "")
	}
	return pages.NewMark(w, "readers.state_active", "✓", "good")
}

// findReader is the reader that a page is about.
func (h *house) findReader(r *http.Request) (subscribers.Subscriber, error) {
	id, err := ids.Parse[subscribers.Subscriber](r.PathValue("id"))
	if err != nil {
		return subscribers.Subscriber{}, errs.NotFoundf("%s", h.words(r).T("readers.nobody_here"))
	}
	return h.Registry.Get(r.Context(), subscribers.ID(id))
}

func (h *house) exportReaders(w http.ResponseWriter, r *http.Request) error {
	q := subscribers.Query{State: subscribers.MembershipState(r.URL.Query().Get("state"))}
	switch q.State {
	case subscribers.Active, subscribers.Pending, subscribers.Unsubscribed:
	default:
		q.State = "" // states of addresses are no column of the file
	}
	name := "readers"
	if list := r.URL.Query().Get("list"); list != "" {
		l, err := h.Registry.List(r.Context(), list)
		if err != nil {
			return err
		}
		q.List, name = l.ID, "readers-"+l.ID.String()
	} else {
		q.State = ""
	}
	longAnswer(w)
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.csv"`)
	_, err := h.Registry.Export(r.Context(), w, q)
	return err
}
