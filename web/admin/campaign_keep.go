package admin

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/internal/words"
	"postrider/web/pages"
	"postrider/web/respond"
)

func (h *house) createCampaign(w http.ResponseWriter, r *http.Request) error {
	c, v, err := readCampaign(r)
	if err == nil {
		var made campaigns.Campaign
		if made, err = h.Desk.Create(r.Context(), h.actor(r), c); err == nil {
			return h.done(w, r, campaignURL(made.ID), h.words(r).T("campaigns.said_created"), nil)
		}
	}
	return h.mendCampaign(w, r, campaignForm{}, v, err)
}

func (h *house) changeCampaign(w http.ResponseWriter, r *http.Request) error {
	old, err := h.Store.Campaign(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	c, v, err := readCampaign(r)
	if v == nil {
		return err
	}
	form := campaignForm{ID: old.ID.String()}
	base, wrong := time.Parse(time.RFC3339Nano, v.Get("base"))
	if wrong != nil {
		return &respond.Malformed{Err: wrong}
	}
	if err == nil {
		// What the form does not show stays.
		c.ID, c.LateLimit, c.Theme, c.Tracking, c.Blocks = old.ID, old.LateLimit, old.Theme, old.Tracking, old.Blocks
		if !v.Has("segment") {
			c.Segment = old.Segment
		}
		c.DaysOff, c.OnDayOff = old.DaysOff, old.OnDayOff
		if _, err = h.Desk.Change(r.Context(), h.actor(r), c, base); err == nil {
			return h.done(w, r, campaignURL(c.ID), h.words(r).T("campaigns.said_changed"), nil)
		}
		if errs.Is(err, errs.Conflict) && !old.UpdatedAt.Equal(base) && old.State != campaigns.Archived {
			// Somebody was faster: both are shown, and kept again it is a change of theirs.
			form.Theirs = bothSettings(h.words(r), old, c)
			v.Set("base", baseOf(old))
			form.F = pages.NewForm(v)
			return h.showCampaignForm(w, r, http.StatusConflict, form, v)
		}
	}
	return h.mendCampaign(w, r, form, v, err)
}

// mendCampaign shows the form with what has to be mended beside its field.
func (h *house) mendCampaign(w http.ResponseWriter, r *http.Request, form campaignForm, v url.Values, err error) error {
	if v == nil {
		return err
	}
	form.F = pages.NewForm(v)
	e, named := asError(err)
	switch {
	case errs.Is(err, errs.Invalid):
		form.F.AddError(inForm(err, v))
	case errs.Is(err, errs.Conflict) && named && e.Field != "":
		form.F.Add(e.Field, respond.Sentence(e.Text))
	case errs.Is(err, errs.NotFound):
		form.F.Add("list", respond.Sentence(err.Error()))
	default:
		return err
	}
	return h.showCampaignForm(w, r, http.StatusUnprocessableEntity, form, v)
}

// bothSettings are the settings in which two versions differ.
func bothSettings(t *words.Words, theirs, yours campaigns.Campaign) []settingRow {
	var out []settingRow
	for _, s := range []struct {
		key           string
		theirs, yours string
	}{
		{"campaigns.name", theirs.Name, yours.Name}, {"campaigns.made_of", fmt.Sprint(theirs.Source, " ", theirs.Recap), fmt.Sprint(yours.Source, " ", yours.Recap)},
		{"campaigns.segment", theirs.Segment, yours.Segment},
		{"campaigns.lists", t.List(slices.Sorted(slices.Values(theirs.ListNames))), t.List(slices.Sorted(slices.Values(yours.ListNames)))},
		{"campaigns.from", theirs.Sender, yours.Sender}, {"campaigns.reply_to", theirs.ReplyTo, yours.ReplyTo},
		{"campaigns.subject", theirs.Subject, yours.Subject}, {"campaigns.preheader", theirs.Preheader, yours.Preheader},
		{"campaigns.schedule", theirs.Schedule, yours.Schedule}, {"campaigns.zone", theirs.Zone, yours.Zone}, {"campaigns.approval", string(theirs.Approval), string(yours.Approval)},
		{"campaigns.networks", fmt.Sprint(theirs.Networks), fmt.Sprint(yours.Networks)},
	} {
		if s.theirs != s.yours {
			out = append(out, settingRow{t.T(s.key), s.theirs, s.yours})
		}
	}
	return out
}
