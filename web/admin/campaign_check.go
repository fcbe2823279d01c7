package admin

import (
	"net/http"

	"postrider/campaigns"
	"postrider/campaigns/preflight"
	"postrider/web/respond"
)

// checkRoutes look over what a campaign would send now. Asking links is a
// request of its own, which no other site can make a browser send.
func (h *house) checkRoutes() []respond.Route {
	return []respond.Route{
		{Pattern: "GET /campaigns/{id}/check", Needs: reviewer, Handle: h.checkCampaign},
		{Pattern: "POST /campaigns/{id}/check", Needs: editor, Handle: h.checkCampaign, Timeout: askTime},
	}
}

type campaignCheckView struct {
	campaigns.Campaign
	URL    string
	Titles []string
	Checks *checksView // nil: there is nothing to send
}

func (h *house) checkCampaign(w http.ResponseWriter, r *http.Request) error {
	o, err := h.Desk.Outlook(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := campaignCheckView{Campaign: o.Campaign, URL: campaignURL(o.Campaign.ID)}
	for _, s := range o.Recaps {
		v.Titles = append(v.Titles, s.Recap.Title)
	}
	if len(o.Recaps) > 0 {
		in, err := preflight.OfCampaign(r.Context(), h.Store, o, h.Store.Now())
		if err != nil {
			return err
		}
		if v.Checks, err = h.checks(r, in, "", ""); err != nil {
			return err
		}
		v.Checks.URL = v.URL + "/check"
	}
	return h.page(w, r, "campaigncheck", h.frame(r, v.Name, "/campaigns"), v)
}
