package admin

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"postrider/campaigns"
	"postrider/internal/browsertest"
	"postrider/organisation"
	"postrider/store/storetest"
	"postrider/templates"
)

// aCampaign is the first one, as it is now.
func (w *world) aCampaign() campaigns.Campaign {
	w.t.Helper()
	id := campaigns.ID(storetest.One[int64](w.t, w.store, `SELECT min(id) FROM campaigns`))
	c, err := w.store.Campaign(w.t.Context(), id.String())
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func TestBlocksAreArrangedThenKept(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Editor)
	c := w.aCampaign()
	page := campaignURL(c.ID) + "/blocks"
	form := url.Values{"base": {baseOf(c)}, "theme": {"cards"}, "blocks": {"3"}, "kind-1": {"recaps"}, "kind-2": {"dates"}, "dates-2": {"soon"},
		"kind-3": {"button"}, "text-3": {"Register"}, "url-3": {"https://example.org/r"}}
	act := func(do string, want ...string) {
		form.Set("do", do)
		body := text(t, w.post(page, form))
		for _, part := range want {
			if !strings.Contains(body, part) {
				t.Errorf("after %s the page lacks %q", do, part)
			}
		}
		if now := w.aCampaign(); do != "keep" && len(now.Blocks) != 0 {
			t.Errorf("%s kept something", do)
		}
	}
	act("up-3", `2. Button`, `3. Dates`, `>
soon</textarea>`) // what is wrong is not lost by moving
	act("remove-2", `2. Button`)
	form.Set("add", "greeting")
	act("add", `1. Greeting`, `2. The recaps of the campaign`)
	act("remove-1", `1. The recaps of the campaign`) // the place itself stays
	act("keep", "is no date", `href="#f-block-2"`)
	form.Set("dates-2", "2027-05-03 18:00 | Opening | https://example.org/o\r\n2027-05-04")
	form.Set("text-3", "")
	act("keep", `href="#f-block-3"`, "has no words")
	form.Set("text-3", "Register")
	if r := w.post(page, form); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("kept: %d %s", r.StatusCode, text(t, r))
	}
	now := w.aCampaign()
	if now.Theme != "cards" || len(now.Blocks) != 3 || now.Blocks[1].Dates[0].Text != "Opening" || now.Blocks[2].Kind != templates.BlockButton {
		t.Errorf("kept as %q %+v", now.Theme, now.Blocks)
	}
	// The page that shows them leads to the same bytes.
	again, err := w.house.Desk.Outlook(t.Context(), c.ID.String())
	if err != nil || len(again.Content.Input.Blocks) != 3 {
		t.Errorf("the next issue has %+v, %v", again.Content.Input.Blocks, err)
	}
	// Changed elsewhere, they stay when the campaign's own form is kept.
	change := w.planned(now.Name)
	change.Set("base", baseOf(now))
	w.post(campaignURL(c.ID), change)
	if after := w.aCampaign(); len(after.Blocks) != 3 || after.Theme != "cards" {
		t.Errorf("the campaign's form lost %+v", after.Blocks)
	}
}

func TestBlocksInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("not tested: arranging blocks in a browser takes a while")
	}
	w, address := served(t)
	w = w.as(organisation.Owner)
	c := w.aCampaign()
	p := browsertest.Start(t).Page(browsertest.Phone)
	p.Cookie(address, w.cookie.Name, w.cookie.Value)
	look := looker(t, p)
	p.Open(address + campaignURL(c.ID) + "/blocks")
	for _, kind := range []string{"greeting", "text", "dates"} {
		p.Choose("#f-add", kind)
		p.Follow("#add button")
	}
	p.Fill("#text-1", "Dear {{first_name|friend}},")
	p.Fill("#text-3", "See you in **Lund**.")
	p.Fill("#dates-4", "2027-05-03 18:00 | Opening, City Hall")
	look("campaign-blocks")
	p.Follow(`button[value="up-4"]`)
	p.WantText("#block-3", "3. Dates")
	p.Follow(".around > .does .primary")
	p.WantText(".flash", "Changed.")
	now := w.aCampaign()
	if len(now.Blocks) != 4 || now.Blocks[0].Kind != templates.BlockGreeting || now.Blocks[2].Kind != templates.BlockDates {
		t.Errorf("kept: %+v", now.Blocks)
	}
}
