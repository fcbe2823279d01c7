package public

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/scheduler/schedule"
	"postrider/subscribers"
	"postrider/web/pages"
	"postrider/web/respond"
)

// preferencesView is what a reader gets, in what language, and from when.
type preferencesView struct {
	Words       readerWords
	Lang, Dir   string
	Who, Text   string
	Lists       []preference
	Languages   []preference
	Zones       []string
	Zone        string
	Until       string // the day that a pause ends, YYYY-MM-DD
	First, Last string // days that it may end
	Wrong       string
	Saved       bool
	Own         ownWords
	OwnText     string // that a mail comes first
	Asked       string // that it is on its way
	Token       string
	WrongTo     string // about the new address
	To          string
}

type preference struct {
	ID    string
	Title string
	On    bool
}

func (h *house) preferencesPage(w http.ResponseWriter, r *http.Request) error {
	who, err := h.chooser(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	v, err := h.choices(r, who)
	if err != nil {
		return err
	}
	return h.showPreferences(w, r, http.StatusOK, v)
}

func (h *house) showPreferences(w http.ResponseWriter, r *http.Request, status int, v preferencesView) error {
	f := h.frame(r)
	f.Title = v.Words.Yours
	w.Header().Set("X-Robots-Tag", "noindex")
	w.Header().Set("Cache-Control", "no-store")
	// The form must be able to prove where it comes from; no other site is told.
	w.Header().Set("Referrer-Policy", "same-origin")
	return h.door.Page(w, status, "preferences", f, v)
}

// choices is the page as things stand.
func (h *house) choices(r *http.Request, who delivery.Recipient) (preferencesView, error) {
	var v preferencesView
	v.Words, v.Lang, v.Dir = h.spoken(r, who.Subscriber)
	if who.Email == "" {
		return v, nil
	}
	v.Who = pages.Mask(who.Email)
	v.Text = fmt.Sprintf(v.Words.Receives, isolated(v.Who))
	v.Own = ownIn[languageAt(v.Lang)]
	v.OwnText, v.Token = fmt.Sprintf(v.Own.First, isolated(v.Who)), r.PathValue("token")
	s, err := h.Registry.Get(r.Context(), who.Subscriber)
	if err != nil {
		return v, err
	}
	on, err := h.chosen(r.Context(), who)
	if err != nil {
		return v, err
	}
	zone := h.zoneOf(r, s)
	for _, m := range on {
		v.Lists = append(v.Lists, preference{ID: m.List.String(), Title: h.listTitle(r.Context(), m.Name), On: m.State == subscribers.Active})
		if m.State == subscribers.Active && m.PausedUntil.After(h.Now()) {
			v.Until = m.PausedUntil.In(zone).Format(time.DateOnly)
		}
	}
	v.Zones, v.Zone = schedule.Zones(), s.Zone
	if s.Zone != "" && !slices.Contains(v.Zones, s.Zone) {
		v.Zones = append([]string{s.Zone}, v.Zones...)
	}
	for i, tag := range signUpTags {
		v.Languages = append(v.Languages, preference{ID: tag.String(), Title: ownNames[i], On: tag.String() == v.Lang})
	}
	now := h.Now().In(zone)
	v.First, v.Last = now.AddDate(0, 0, 1).Format(time.DateOnly), now.AddDate(1, 0, 0).Format(time.DateOnly)
	return v, nil
}

// zoneOf is a reader's zone, else the organisation's.
func (h *house) zoneOf(r *http.Request, s subscribers.Subscriber) *time.Location {
	for _, name := range []string{s.Zone, h.organisation(r).Zone} {
		if zone, err := time.LoadLocation(name); err == nil && name != "" {
			return zone
		}
	}
	return time.UTC
}

// chosen are the lists that a reader can choose: those that they are or were
// on and those open to everybody; one that is not confirmed yet is another
// page's matter.
func (h *house) chosen(ctx context.Context, who delivery.Recipient) ([]subscribers.Membership, error) {
	on, err := h.Registry.Memberships(ctx, who.Subscriber)
	if err != nil {
		return nil, err
	}
	all, err := h.Store.ListNames(ctx, maxPublicLists)
	if err != nil {
		return nil, err
	}
	for _, l := range all {
		if l.Public && !slices.ContainsFunc(on, func(m subscribers.Membership) bool { return m.List == l.ID }) {
			on = append(on, subscribers.Membership{List: l.ID, Name: l.Name, State: subscribers.Unsubscribed})
		}
	}
	return slices.DeleteFunc(on, func(m subscribers.Membership) bool { return m.State == subscribers.Pending }), nil
}

// preferences saves what a reader wants. What the form does not have stays.
func (h *house) preferences(w http.ResponseWriter, r *http.Request) error {
	who, err := h.chooser(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	if err := readForm(r); err != nil {
		return err
	}
	if r.PostForm.Get("save") != "yes" {
		return &respond.Malformed{Err: errs.Invalidf("the request asks for nothing: open the link from the mail and press the button")}
	}
	v, err := h.choices(r, who)
	if err != nil || v.Who == "" {
		return h.orShow(w, r, v, err)
	}
	s, err := h.Registry.Get(r.Context(), who.Subscriber)
	if err != nil {
		return err
	}
	if _, ok := h.pauseDay(r, s, v); !ok {
		for i := range v.Lists {
			v.Lists[i].On = slices.Contains(r.PostForm["list"], v.Lists[i].ID)
		}
		for i := range v.Languages {
			v.Languages[i].On = v.Languages[i].ID == r.PostForm.Get("language")
		}
		v.Zone, v.Until = r.PostForm.Get("zone"), r.PostForm.Get("until")
		v.Wrong = fmt.Sprintf(v.Words.WrongDay, isolated(v.Last))
		return h.showPreferences(w, r, http.StatusUnprocessableEntity, v)
	}
	if err := h.saveProfile(r, s, v); err != nil {
		return err
	}
	if err := h.saveLists(r, who); err != nil {
		return err
	}
	if r.PostForm.Has("until") {
		// The day begins in the zone that has just been chosen.
		if s, err = h.Registry.Get(r.Context(), who.Subscriber); err != nil {
			return err
		}
		until, _ := h.pauseDay(r, s, v)
		if !until.After(h.Now()) {
			until = time.Time{}
		}
		if err := h.Registry.Pause(r.Context(), "reader", who.Subscriber, until); err != nil {
			return err
		}
	}
	v, err = h.choices(r, who)
	v.Saved = true
	return h.orShow(w, r, v, err)
}

func (h *house) orShow(w http.ResponseWriter, r *http.Request, v preferencesView, err error) error {
	if err != nil {
		return err
	}
	return h.showPreferences(w, r, http.StatusOK, v)
}

// pauseDay is the beginning of the day that was typed, in the reader's zone;
// zero for no pause, and not ok where it is none of those offered.
func (h *house) pauseDay(r *http.Request, s subscribers.Subscriber, v preferencesView) (time.Time, bool) {
	typed := r.PostForm.Get("until")
	if typed == "" {
		return time.Time{}, true
	}
	day, err := time.ParseInLocation(time.DateOnly, typed, h.zoneOf(r, s))
	return day, err == nil && typed >= v.First && typed <= v.Last
}

// saveProfile keeps language and zone where they are other ones now.
func (h *house) saveProfile(r *http.Request, s subscribers.Subscriber, v preferencesView) error {
	was := s
	if chosen := r.PostForm.Get("language"); chosen != v.Lang && slices.ContainsFunc(v.Languages, func(p preference) bool { return p.ID == chosen }) {
		s.Language = chosen
	}
	if r.PostForm.Has("zone") && (r.PostForm.Get("zone") == "" || slices.Contains(v.Zones, r.PostForm.Get("zone"))) {
		s.Zone = r.PostForm.Get("zone")
	}
	if s.Language == was.Language && s.Zone == was.Zone {
		return nil
	}
	_, err := h.Registry.Edit(r.Context(), "reader", s)
	return err
}

// saveLists leaves and joins. Only lists that are on the page can be named.
func (h *house) saveLists(r *http.Request, who delivery.Recipient) error {
	on, err := h.chosen(r.Context(), who)
	if err != nil {
		return err
	}
	var join, leave []subscribers.ListID
	for _, m := range on {
		switch wanted := slices.Contains(r.PostForm["list"], m.List.String()); {
		case wanted && m.State == subscribers.Unsubscribed:
			join = append(join, m.List)
		case !wanted && m.State == subscribers.Active:
			leave = append(leave, m.List)
		}
	}
	sign := subscribers.Sign{Actor: "reader", Source: "preferences page"}
	if len(leave) > 0 {
		if err := h.Registry.Unsubscribe(r.Context(), who.Subscriber, leave, sign); err != nil {
			return err
		}
	}
	if len(join) == 0 {
		return nil
	}
	sign.Reason = "chosen on the preferences page"
	return h.Registry.Subscribe(r.Context(), who.Subscriber, join, sign)
}
