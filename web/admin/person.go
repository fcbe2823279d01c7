package admin

import (
	"encoding/json"
	"net/http"
	"strings"

	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/internal/words"
	"postrider/organisation"
	"postrider/subscribers"
	"postrider/web/pages"
	"postrider/web/respond"
)

const momentsShown = 100

// personRoutes are what the team notes about one reader, and what a reader may
// ask for: a copy of their data, and to be erased.
func (h *house) personRoutes() []respond.Route {
	return []respond.Route{
		{Pattern: "POST /readers/{id}/tag", Needs: editor, Handle: h.tagReader},
		{Pattern: "POST /readers/{id}/note", Needs: editor, Handle: h.noteReader},
		{Pattern: "GET /readers/{id}/data.json", Needs: editor, Handle: h.readerData},
		{Pattern: "GET /readers/{id}/erase", Needs: editor, Handle: h.erasePage},
		{Pattern: "POST /readers/{id}/erase", Needs: editor, Handle: h.eraseReader},
	}
}

// momentRow is a line of the time line.
type momentRow struct{ When, What, Text, Who string }

// readerTimeLine fills the tags and the time line of a reader's page.
func (h *house) readerTimeLine(r *http.Request, v *readerView, clock pages.Clock) error {
	var err error
	if v.Tags, err = h.Registry.Tags(r.Context(), v.ID); err != nil {
		return err
	}
	all, err := h.Registry.TimeLine(r.Context(), v.ID, momentsShown)
	if err != nil {
		return err
	}
	for _, m := range all {
		row := momentRow{When: clock.When(m.At), Text: m.Text, Who: m.Who}
		switch m.Kind {
		case "consent":
			row.What = consentWord(clock.Words, subscribers.ConsentAction(m.What))
		case "mail":
			row.What = pages.RecipientWord(clock.Words, delivery.State(m.What))
		case "note":
			row.What, row.Who = clock.Words.T("readers.note"), whoDid(clock.Words, m.Who)
		default:
			row.What, row.Who = m.What, whoDid(clock.Words, m.Who)
			if key := keyOf(auditActions, m.What); key != "" {
				row.What = clock.Words.T(key)
			}
		}
		v.Moments = append(v.Moments, row)
	}
	return nil
}

// whoDid is who did something, as people see it.
func whoDid(w *words.Words, actor string) string {
	if key := keyOf(auditActors, actor); key != "" {
		return w.T(key)
	}
	return organisation.ActorName(actor)
}

// tagReader adds the tags that were typed, with commas between them, and takes
// away those that were chosen.
func (h *house) tagReader(w http.ResponseWriter, r *http.Request) error {
	return h.onReader(w, r, h.words(r).T("readers.tagged"), func(s subscribers.Subscriber) error {
		var add []string
		for _, tag := range strings.Split(r.PostForm.Get("add"), ",") {
			if tag = strings.TrimSpace(tag); tag != "" {
				add = append(add, tag)
			}
		}
		return h.Registry.Tag(r.Context(), h.actor(r), s.ID, add, r.PostForm["remove"])
	})
}

func (h *house) noteReader(w http.ResponseWriter, r *http.Request) error {
	return h.onReader(w, r, h.words(r).T("readers.noted"), func(s subscribers.Subscriber) error {
		_, err := h.Registry.Note(r.Context(), h.actor(r), s.ID, r.PostForm.Get("text"))
		return err
	})
}

func (h *house) readerData(w http.ResponseWriter, r *http.Request) error {
	s, err := h.findReader(r)
	if err != nil {
		return err
	}
	d, err := h.Registry.Dossier(r.Context(), s.ID)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="reader-`+s.ID.String()+`.json"`)
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(d)
}

// eraseView asks before somebody is erased.
type eraseView struct {
	F     pages.Form
	URL   string
	Email string
}

func (h *house) erasePage(w http.ResponseWriter, r *http.Request) error {
	s, err := h.findReader(r)
	if err != nil {
		return err
	}
	return h.showErase(w, r, http.StatusOK, eraseView{F: pages.NewForm(nil), URL: readerURL(s.ID), Email: s.Email})
}

func (h *house) showErase(w http.ResponseWriter, r *http.Request, status int, v eraseView) error {
	f := h.frame(r, h.words(r).T("readers.erase"), "/readers")
	f.Narrow = true
	return h.pageWith(w, r, status, "reader-erase", f, v)
}

// eraseReader wants the address typed: it cannot be taken back.
func (h *house) eraseReader(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	s, err := h.findReader(r)
	if err != nil {
		return err
	}
	v := eraseView{F: pages.NewForm(r.PostForm), URL: readerURL(s.ID), Email: s.Email}
	if !strings.EqualFold(strings.TrimSpace(v.F.Value("email")), s.Email) {
		v.F.Add("email", h.words(r).T("readers.erase_type"))
		return h.showErase(w, r, http.StatusUnprocessableEntity, v)
	}
	if err := h.Registry.Forget(r.Context(), h.actor(r), s.ID); err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	return h.done(w, r, "/readers", h.words(r).T("readers.erased"), nil)
}
