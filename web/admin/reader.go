package admin

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"postrider/internal/errs"
	"postrider/internal/words"
	"postrider/organisation"
	"postrider/subscribers"
	"postrider/web/pages"
	"postrider/web/respond"
)

const (
	mailsShown = 50
	maxNew     = 20 // fields of a form without a name yet
)

func roleOf(n respond.Needs) organisation.Role { return organisation.Role(n) }

// longAnswer gives an answer more time to be written than other pages have.
func longAnswer(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(csvTimeout)) // not every server has deadlines
}

// listNames are all lists, without their counts where there are many readers.
func (h *house) listNames(r *http.Request) ([]subscribers.List, error) {
	return h.Store.ListNames(r.Context(), shownLists)
}

// readerView is one person: what is known, what they agreed to, what they got.
type readerView struct {
	subscribers.Subscriber
	URL       string
	Address   pages.Mark
	Fields    [][2]string
	Lists     []membershipRow
	Others    []pages.Option // lists that they may be put on
	Consents  []consentRow
	Mails     []mailRow
	More      string
	Barred    string // why they are never mailed, "" where they are
	BarredBy  string // the domain, where that is what bars them
	Added     string
	CanEdit   bool
	CanChange bool
	Language  string
	Tags      []string
	Moments   []momentRow
}

type membershipRow struct {
	Name, Since, Paused string
	Mark                pages.Mark
	On                  bool
}

type consentRow struct{ When, What, List, Source, Wording string }

type mailRow struct {
	Title, URL, When, Code, Text, Relay string
	Number                              int
	Word                                string
}

func (h *house) reader(w http.ResponseWriter, r *http.Request) error {
	s, err := h.findReader(r)
	if err != nil {
		return err
	}
	clock := h.clock(r, "")
	v := readerView{Subscriber: s, URL: readerURL(s.ID), Address: addressMark(clock.Words, s.AddressState), Added: clock.When(s.CreatedAt), CanEdit: h.may(r, editor)}
	for _, k := range slices.Sorted(maps.Keys(s.Fields)) {
		v.Fields = append(v.Fields, [2]string{k, s.Fields[k]})
	}
	for _, fill := range []func(*http.Request, *readerView, pages.Clock) error{h.readerLists, h.readerConsents, h.readerMails, h.readerBarred, h.readerTimeLine} {
		if err := fill(r, &v, clock); err != nil {
			return err
		}
	}
	return h.page(w, r, "reader", h.frame(r, s.Email, "/readers"), v)
}

func (h *house) readerLists(r *http.Request, v *readerView, clock pages.Clock) error {
	on, err := h.Registry.Memberships(r.Context(), v.ID)
	if err != nil {
		return err
	}
	member := map[string]bool{}
	for _, m := range on {
		row := membershipRow{Name: m.Name, Since: clock.Day(m.UpdatedAt), Mark: membershipMark(clock.Words, m), On: m.State != subscribers.Unsubscribed}
		if m.PausedUntil.After(h.Now()) {
			row.Paused = clock.Day(m.PausedUntil)
		}
		member[m.Name] = true
		v.Lists = append(v.Lists, row)
	}
	all, err := h.listNames(r)
	for _, l := range all {
		if !member[l.Name] {
			v.Others = append(v.Others, pages.Option{Value: l.Name, Label: l.Name})
		}
	}
	return err
}

func (h *house) readerConsents(r *http.Request, v *readerView, clock pages.Clock) error {
	all, err := h.Registry.Consents(r.Context(), v.ID)
	if err != nil {
		return err
	}
	lists, err := h.listNames(r)
	names := map[subscribers.ListID]string{}
	for _, l := range lists {
		names[l.ID] = l.Name
	}
	for _, c := range slices.Backward(all) {
		v.Consents = append(v.Consents, consentRow{When: clock.When(c.At), What: consentWord(clock.Words, c.Action), List: names[c.List], Source: c.Source, Wording: c.Wording})
	}
	return err
}

func consentWord(w *words.Words, a subscribers.ConsentAction) string {
	switch a {
	case subscribers.Confirmed:
		return w.T("readers.consent_confirmed")
	case subscribers.Withdrawn:
		return w.T("readers.consent_withdrawn")
	}
	return w.T("readers.consent_given")
}

func (h *house) readerMails(r *http.Request, v *readerView, clock pages.Clock) error {
	before, err := afterOf(r)
	if err != nil {
		return err
	}
	mails, err := h.Store.MailsOf(r.Context(), v.ID, before, mailsShown+1)
	if err != nil {
		return err
	}
	if len(mails) > mailsShown {
		mails = mails[:mailsShown]
		v.More = v.URL + "?" + url.Values{"after": {mails[mailsShown-1].ID.String()}}.Encode()
	}
	for _, m := range mails {
		row := recipient(m.Recipient, clock)
		v.Mails = append(v.Mails, mailRow{Title: m.Title, Number: m.Number, URL: editionURL(m.Edition), When: row.When, Code: row.Code, Text: row.Text, Relay: row.Relay, Word: row.Word})
	}
	return nil
}

func (h *house) readerBarred(r *http.Request, v *readerView, _ pages.Clock) error {
	barred, err := h.Registry.Suppressed(r.Context(), []string{v.Email})
	if x, ok := barred[v.Email]; ok {
		v.Barred = x.Reason
		if x.Kind == subscribers.ByDomain {
			v.BarredBy = x.Value
		}
	}
	return err
}

// newReaderView is the form for adding one person.
type newReaderView struct {
	F     pages.Form
	Lists []pages.Option
}

func (h *house) newReader(w http.ResponseWriter, r *http.Request) error {
	f := url.Values{}
	if list := r.URL.Query().Get("list"); list != "" {
		f.Set("list", list)
	}
	return h.showNewReader(w, r, http.StatusOK, pages.NewForm(f))
}

func (h *house) showNewReader(w http.ResponseWriter, r *http.Request, status int, f pages.Form) error {
	v := newReaderView{F: f}
	lists, err := h.listNames(r)
	if err != nil {
		return err
	}
	for _, l := range lists {
		v.Lists = append(v.Lists, pages.Option{Value: l.Name, Label: l.Name, Hint: l.Description})
	}
	frame := h.frame(r, h.words(r).T("readers.add"), "/readers")
	frame.Narrow = true
	return h.pageWith(w, r, status, "reader-new", frame, v)
}

func (h *house) addReader(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	f, t := pages.NewForm(r.PostForm), h.words(r)
	n := subscribers.Newcomer{Email: f.Value("email"), Name: f.Value("name"), Language: f.Value("language"), Lists: r.PostForm["list"],
		Consent: f.Value("consent"), Source: "operator"}
	s, err := h.Registry.Add(r.Context(), h.actor(r), n)
	switch {
	case err == nil:
		return h.done(w, r, readerURL(s.ID), t.T("readers.added_one", s.Email), nil)
	case errs.Is(err, errs.Conflict) && s.ID != 0:
		return h.done(w, r, readerURL(s.ID), t.T("readers.left_stays"), nil)
	case errs.Is(err, errs.Conflict):
		f.Add("email", t.T("readers.barred"))
	case !addReaderError(&f, err):
		return err
	}
	return h.showNewReader(w, r, http.StatusUnprocessableEntity, f)
}

// addReaderError puts an error beside the field; one that names none is about the address.
func addReaderError(f *pages.Form, err error) bool {
	if !errs.Is(err, errs.Invalid) {
		return false
	}
	if !f.AddError(err) || f.Problems()[0].Name == "" || !slices.Contains([]string{"email", "name", "language", "zone", "consent"}, f.Problems()[0].Name) {
		if f.Wrong("email") == "" {
			text := respond.Sentence(err.Error())
			f.Add("email", text)
		}
	}
	return true
}

type editReaderView struct {
	F      pages.Form
	URL    string
	Email  string
	Fields []string
	Extra  []int
}

func (h *house) editReaderPage(w http.ResponseWriter, r *http.Request) error {
	s, err := h.findReader(r)
	if err != nil {
		return err
	}
	values := url.Values{"name": {s.Name}, "language": {s.Language}, "zone": {s.Zone}, "was": {s.UpdatedAt.Format(time.RFC3339Nano)}}
	for k, v := range s.Fields {
		values.Set("field:"+k, v)
	}
	return h.showEditReader(w, r, http.StatusOK, s, pages.NewForm(values), slices.Sorted(maps.Keys(s.Fields)))
}

func (h *house) showEditReader(w http.ResponseWriter, r *http.Request, status int, s subscribers.Subscriber, f pages.Form, fields []string) error {
	frame := h.frame(r, h.words(r).T("readers.edit"), "/readers")
	frame.Narrow = true
	return h.pageWith(w, r, status, "reader-edit", frame, editReaderView{F: f, URL: readerURL(s.ID), Email: s.Email, Fields: fields, Extra: []int{1, 2}})
}

func (h *house) editReader(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	s, err := h.findReader(r)
	if err != nil {
		return err
	}
	f := pages.NewForm(r.PostForm)
	s.Name, s.Language, s.Zone, s.Fields = f.Value("name"), f.Value("language"), f.Value("zone"), map[string]string{}
	var fields []string
	for key := range r.PostForm {
		if name, ok := strings.CutPrefix(key, "field:"); ok {
			s.Fields[name], fields = f.Value(key), append(fields, name)
		}
		if n, ok := strings.CutPrefix(key, "new_name:"); ok && len(n) < maxNew {
			if name := subscribers.FieldName(f.Value(key)); name != "" {
				s.Fields[name] = f.Value("new_value:" + n)
			}
		}
	}
	if s.UpdatedAt, err = time.Parse(time.RFC3339Nano, f.Value("was")); err != nil {
		return &respond.Malformed{Err: err}
	}
	if _, err = h.Registry.Edit(r.Context(), h.actor(r), s); err == nil {
		return h.done(w, r, readerURL(s.ID), h.words(r).T("readers.kept"), nil)
	}
	if errs.Is(err, errs.Conflict) {
		f.Add("", h.words(r).T("readers.changed_meanwhile"))
	} else if !f.AddError(err) {
		return err
	}
	slices.Sort(fields)
	return h.showEditReader(w, r, http.StatusUnprocessableEntity, s, f, fields)
}

// onReader runs a change of one reader and leads back to their page.
func (h *house) onReader(w http.ResponseWriter, r *http.Request, said string, change func(subscribers.Subscriber) error) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	s, err := h.findReader(r)
	if err != nil {
		return err
	}
	if err := change(s); err != nil {
		return err
	}
	return h.done(w, r, readerURL(s.ID), said, nil)
}

func (h *house) joinList(w http.ResponseWriter, r *http.Request) error {
	return h.onReader(w, r, h.words(r).T("readers.joined"), func(s subscribers.Subscriber) error {
		l, err := h.Registry.List(r.Context(), r.PostForm.Get("list"))
		if err != nil {
			return err
		}
		return h.Registry.Subscribe(r.Context(), s.ID, []subscribers.ListID{l.ID}, subscribers.Sign{Actor: h.actor(r), Source: "operator", Reason: r.PostForm.Get("consent")})
	})
}

func (h *house) leaveList(w http.ResponseWriter, r *http.Request) error {
	return h.onReader(w, r, h.words(r).T("readers.left"), func(s subscribers.Subscriber) error {
		l, err := h.Registry.List(r.Context(), r.PostForm.Get("list"))
		if err != nil {
			return err
		}
		return h.Registry.Unsubscribe(r.Context(), s.ID, []subscribers.ListID{l.ID}, subscribers.Sign{Actor: h.actor(r), Source: "operator"})
	})
}

func (h *house) suppressReader(w http.ResponseWriter, r *http.Request) error {
	return h.onReader(w, r, h.words(r).T("readers.suppressed"), func(s subscribers.Subscriber) error {
		_, err := h.Registry.Suppress(r.Context(), h.actor(r), s.Email, r.PostForm.Get("reason"), "operator")
		return err
	})
}

func (h *house) unsuppressReader(w http.ResponseWriter, r *http.Request) error {
	return h.onReader(w, r, h.words(r).T("readers.unsuppressed"), func(s subscribers.Subscriber) error {
		return h.Registry.Unsuppress(r.Context(), h.actor(r), s.Email)
	})
}

func (h *house) mailableReader(w http.ResponseWriter, r *http.Request) error {
	return h.onReader(w, r, h.words(r).T("readers.kept"), func(s subscribers.Subscriber) error {
		return h.Registry.MarkAddress(r.Context(), h.actor(r), s.ID, subscribers.AddressOK, "operator")
	})
}
