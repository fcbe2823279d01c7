package admin

import (
	"net/http"

	"postrider/delivery"
	"postrider/internal/words"
	"postrider/recaps"
	"postrider/web/respond"
)

const homeDrafts = 5

// waitingRecaps adds the newest drafts for whoever may approve them.
func (h *house) waitingRecaps(r *http.Request, v *homeView) error {
	if !h.mayUse(r, "POST /recaps/{id}/approve") {
		return nil
	}
	all, err := h.Store.FindRecaps(r.Context(), "", recaps.Draft, 0, homeDrafts+1)
	if err != nil {
		return err
	}
	t := h.words(r)
	for _, s := range all[:min(len(all), homeDrafts)] {
		v.Needs = append(v.Needs, needView{Mark: recapMark(t, s.State), Title: s.Recap.Title, Text: t.T("home.draft"), URL: recapURL(s.ID)})
	}
	if len(all) > homeDrafts {
		v.Needs = append(v.Needs, needView{Mark: recapMark(t, recaps.Draft), Title: t.T("home.more_drafts"), URL: "/recaps?state=" + string(recaps.Draft)})
	}
	return nil
}

// brokenServers adds the mail servers that take no mail, for whoever can mend
// them.
func (h *house) brokenServers(r *http.Request, v *homeView) error {
	if !h.mayUse(r, "GET /servers/{id}") {
		return nil
	}
	all, err := h.Book.List(r.Context())
	if err != nil {
		return err
	}
	for _, x := range all {
		if x.State == delivery.RelayActive && x.Trouble != "" {
			v.Needs = append(v.Needs, needView{Mark: serverMark(h.words(r), x), Title: x.Name, URL: serverURL(x.ID),
				Text: words.Capital(respond.Sentence(x.Trouble)) + " " + h.words(r).T("servers.tried_each")})
		}
	}
	return nil
}
