package admin

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"postrider/delivery"
	"postrider/web/pages"
	"postrider/web/respond"
)

// planView is what is posted of each issue of a campaign.
type planView struct {
	Name, URL string
	F         pages.Form
	Rows      []planRow
	Places    []pages.Option
}

type planRow struct {
	Where, What, When string
	Asks              bool
	Place             int
}

func (h *house) postPlan(w http.ResponseWriter, r *http.Request) error {
	return h.showPlan(w, r, http.StatusOK, pages.NewForm(url.Values{"minutes": {"0"}}))
}

func (h *house) showPlan(w http.ResponseWriter, r *http.Request, status int, f pages.Form) error {
	c, err := h.Store.Campaign(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	t := h.words(r)
	v := planView{Name: c.Name, URL: campaignURL(c.ID), F: f}
	plan, err := h.Store.PostPlan(r.Context(), c.ID)
	if err != nil {
		return err
	}
	accounts, err := h.Herald.Book.List(r.Context())
	if err != nil {
		return err
	}
	for i, l := range plan {
		row := planRow{Where: networkName(l.Network), What: t.T("posting.whole"), When: t.T("posting.after", minutes(l.After)), Asks: l.Mode == delivery.PostAsk, Place: i + 1}
		if l.Mode == delivery.PostHand {
			row.Where = t.T("posting.by_hand", row.Where)
		}
		for _, a := range accounts {
			if a.ID == l.Account {
				row.Where = a.Name
			}
		}
		if l.Each {
			row.What = t.T("posting.each_every", minutes(l.Interval)/60)
		}
		v.Rows = append(v.Rows, row)
	}
	if v.Places, err = h.places(r); err != nil {
		return err
	}
	return h.pageWith(w, r, status, "post-plan", h.frame(r, v.Name, "/campaigns"), v)
}

func minutes(d time.Duration) int { return int(d / time.Minute) }

func (h *house) addPostPlan(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	f := pages.NewForm(r.PostForm)
	after, err := strconv.Atoi(f.Value("minutes"))
	if err != nil || after < 0 || after > 90*24*60 {
		f.Add("minutes", h.words(r).T("posting.minutes_wrong"))
		return h.showPlan(w, r, http.StatusUnprocessableEntity, f)
	}
	line := delivery.PostPlan{Mode: delivery.PostHand, After: time.Duration(after) * time.Minute, Each: f.Value("each") != "", Interval: 24 * time.Hour}
	account, network := typedPlace(f.Value("place"))
	line.Network = network
	if account != "" {
		a, err := h.Herald.Book.Find(r.Context(), account)
		if err != nil {
			return err
		}
		line.Account, line.Mode = a.ID, delivery.PostItself
		if f.Value("ask") != "" {
			line.Mode = delivery.PostAsk
		}
	}
	return h.changePlan(w, r, f, func(plan []delivery.PostPlan) []delivery.PostPlan { return append(plan, line) }, "posting.plan_added")
}

func (h *house) removePostPlan(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	place, _ := strconv.Atoi(r.PostForm.Get("place"))
	return h.changePlan(w, r, pages.NewForm(url.Values{"minutes": {"0"}}), func(plan []delivery.PostPlan) []delivery.PostPlan {
		if place < 1 || place > len(plan) {
			return plan
		}
		return slices.Delete(plan, place-1, place)
	}, "posting.plan_removed")
}

func (h *house) changePlan(w http.ResponseWriter, r *http.Request, f pages.Form, change func([]delivery.PostPlan) []delivery.PostPlan, said string) error {
	c, err := h.Store.Campaign(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	plan, err := h.Store.PostPlan(r.Context(), c.ID)
	if err == nil {
		err = h.Herald.Plan(r.Context(), h.actor(r), c.ID, change(plan))
	}
	switch {
	case err == nil:
		return h.done(w, r, campaignURL(c.ID)+"/posts", h.words(r).T(said), nil)
	case !notKept(&f, err):
		return err
	}
	return h.showPlan(w, r, http.StatusUnprocessableEntity, f)
}
