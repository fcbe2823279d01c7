package admin

import (
	"net/http"
	"net/url"

	"postrider/internal/errs"
	"postrider/subscribers"
	"postrider/web/pages"
	"postrider/web/respond"
)

const doNotMailPage = 100

type listsView struct {
	Tabs    tabsView
	Lists   []listRow
	More    string
	First   string
	CanEdit bool
}

type listRow struct {
	subscribers.ListCounts
	URL, Edit string
}

func (h *house) lists(w http.ResponseWriter, r *http.Request) error {
	const page = 100
	after := r.URL.Query().Get("after")
	all, err := h.Registry.Lists(r.Context(), after, page+1)
	if err != nil {
		return err
	}
	v := listsView{Tabs: h.readerTabs(r, "/lists"), CanEdit: h.may(r, editor)}
	if after != "" {
		v.First = "/lists"
	}
	if len(all) > page {
		all = all[:page]
		v.More = "/lists?" + url.Values{"after": {all[page-1].Name}}.Encode()
	}
	for _, l := range all {
		v.Lists = append(v.Lists, listRow{l, "/readers?" + url.Values{"list": {l.Name}}.Encode(), "/lists/edit?" + url.Values{"list": {l.Name}}.Encode()})
	}
	return h.page(w, r, "lists", h.frame(r, h.words(r).T("lists.lists"), "/readers"), v)
}

// listView is the form of a list; Was is empty for a new one.
type listView struct {
	F   pages.Form
	Was string
}

func (h *house) listPage(w http.ResponseWriter, r *http.Request) error {
	v := listView{Was: r.URL.Query().Get("list"), F: pages.NewForm(url.Values{"welcome": {"1"}})}
	if v.Was != "" {
		l, err := h.Registry.List(r.Context(), v.Was)
		if err != nil {
			return err
		}
		v.F = pages.NewForm(url.Values{"name": {l.Name}, "title": {l.Title}, "description": {l.Description}, "public": box(l.Public), "single": box(l.SingleOptIn), "welcome": box(l.Welcome)})
	}
	return h.showList(w, r, http.StatusOK, v)
}

func (h *house) showList(w http.ResponseWriter, r *http.Request, status int, v listView) error {
	title := h.words(r).T("lists.new")
	if v.Was != "" {
		title = v.Was
	}
	f := h.frame(r, title, "/readers")
	f.Narrow = true
	return h.pageWith(w, r, status, "list", f, v)
}

func (h *house) editList(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	v := listView{Was: r.PostForm.Get("was"), F: pages.NewForm(r.PostForm)}
	l := subscribers.List{Name: v.F.Value("name"), Title: v.F.Value("title")}
	var err error
	if v.Was == "" {
		l, err = h.Registry.CreateList(r.Context(), h.actor(r), l.Name, l.Title)
	} else {
		var was subscribers.List
		if was, err = h.Registry.List(r.Context(), v.Was); err != nil {
			return err
		}
		was.Name, was.Title = l.Name, l.Title
		l = was // how readers join stays
	}
	joining := v.F.Value("joining") != "" // else the page did not ask: what is kept stays
	if err == nil && (v.Was != "" || v.F.Value("description") != "" || joining) {
		l.Description = v.F.Value("description")
		if joining {
			l.Public, l.SingleOptIn, l.Welcome = v.F.Value("public") != "", v.F.Value("single") != "", v.F.Value("welcome") != ""
		}
		l, err = h.Registry.ChangeList(r.Context(), h.actor(r), l)
	}
	switch {
	case err == nil:
		return h.done(w, r, "/lists", h.words(r).T("lists.kept", l.Name), nil)
	case errs.Is(err, errs.Conflict):
		v.F.Add("name", h.words(r).T("lists.taken"))
	case errs.Is(err, errs.Invalid) && v.F.AddError(err):
		if v.F.Problems()[0].Name == "list" {
			v.F.Add("name", v.F.Problems()[0].Text)
		}
	default:
		return err
	}
	return h.showList(w, r, http.StatusUnprocessableEntity, v)
}

// box is the value of a checkbox.
func box(on bool) []string {
	if on {
		return []string{"1"}
	}
	return nil
}

type doNotMailView struct {
	Tabs  tabsView
	F     pages.Form
	Rows  []doNotMailRow
	More  string
	First string
	None  bool
}

type doNotMailRow struct {
	subscribers.Suppression
	What, Since string
	Hidden      bool // a forgotten address
	Domain      bool
}

func (h *house) doNotMail(w http.ResponseWriter, r *http.Request) error {
	return h.showDoNotMail(w, r, http.StatusOK, pages.NewForm(r.URL.Query()))
}

func (h *house) showDoNotMail(w http.ResponseWriter, r *http.Request, status int, f pages.Form) error {
	q := r.URL.Query()
	var before subscribers.SuppressionID
	if s := q.Get("after"); s != "" {
		if err := before.UnmarshalText([]byte(s)); err != nil {
			return errs.NotFoundf("%s", h.words(r).T("readers.no_such_page"))
		}
	}
	all, err := h.Registry.SuppressionsNewest(r.Context(), before, q.Get("q"), doNotMailPage+1)
	if err != nil {
		return err
	}
	v := doNotMailView{Tabs: h.readerTabs(r, "/do-not-mail"), F: f, None: len(all) == 0 && len(q) == 0}
	if before != 0 {
		q.Del("after")
		v.First = "/do-not-mail?" + q.Encode()
	}
	if len(all) > doNotMailPage {
		all = all[:doNotMailPage]
		q.Set("after", all[doNotMailPage-1].ID.String())
		v.More = "/do-not-mail?" + q.Encode()
	}
	clock := h.clock(r, "")
	for _, x := range all {
		v.Rows = append(v.Rows, doNotMailRow{Suppression: x, What: x.Value, Since: clock.When(x.CreatedAt), Hidden: x.Kind == subscribers.ByHash, Domain: x.Kind == subscribers.ByDomain})
	}
	return h.pageWith(w, r, status, "do-not-mail", h.frame(r, h.words(r).T("readers.do_not_mail"), "/readers"), v)
}

func (h *house) addDoNotMail(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	f := pages.NewForm(r.PostForm)
	x, err := h.Registry.Suppress(r.Context(), h.actor(r), f.Value("what"), f.Value("reason"), "operator")
	if errs.Is(err, errs.Invalid) {
		f.Add("what", h.words(r).T("readers.want_address_or_domain"))
		return h.showDoNotMail(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return h.done(w, r, "/do-not-mail", h.words(r).T("readers.barred_now", x.Value), nil)
}

func (h *house) removeDoNotMail(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	what := r.PostForm.Get("what")
	if err := h.Registry.Unsuppress(r.Context(), h.actor(r), what); err != nil {
		return err
	}
	return h.done(w, r, "/do-not-mail", h.words(r).T("readers.barred_no_more", what), nil)
}
