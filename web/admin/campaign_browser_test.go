package admin

import (
	"strings"
	"testing"

	"postrider/campaigns"
	"postrider/internal/browsertest"
	"postrider/organisation"
	"postrider/recaps"
	"postrider/store/storetest"
)

// TestACampaignInABrowser plans a campaign, looks at it, tests it, sends it
// and takes it back, as a person does. TestEveryPageIsAccessible looks at the
// pages that are as they always are.
func TestACampaignInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("not tested: planning a campaign in a browser takes a while")
	}
	w, address := served(t)
	w = w.as(organisation.Owner)
	p := browsertest.Start(t).Page(browsertest.Desk)
	p.Cookie(address, w.cookie.Name, w.cookie.Value)
	look := looker(t, p)
	p.Open(address + "/campaigns/new?recap=" + recaps.Sample().Slug)
	p.Fill("#f-name", "Tuesdays by hand")
	if !p.Has("input[name=list][value=weekly]:checked") {
		p.Click("input[name=list][value=weekly]")
	}
	p.WaitText("#foreseen", "3")
	p.Choose("#f-when", "weekly")
	p.Choose("#f-time", "10:30")
	p.WaitText("#foreseen", "Tuesday at 10:30")
	look("campaign-new")
	p.Follow(".planner .primary")
	p.WaitText("#audience", "3")
	campaign := p.Address()
	p.Follow(`a[href$="/preview"]`)
	for _, pane := range []string{"networks", "mail"} {
		p.Click("label:has(#show-" + pane + ")")
		p.WaitFor(".pane-" + pane)
	}
	p.Fill("#f-to", "nobody")
	p.Follow("#test button")
	p.WantText("#e-to", "@")
	look("campaign-preview")
	p.Fill("#f-to", "boss@example.org, me@example.org")
	p.Follow("#test button")
	p.WantText(".flash", "2 test mails")
	if n := storetest.One[int](t, w.store, `SELECT count(*) FROM notices WHERE kind = 'test'`); n != 2 {
		t.Errorf("%d test mails are queued, want 2", n)
	}
	p.Open(campaign + "/send")
	p.Follow(".form .primary")
	p.WantText(".flash", "in a minute")
	e, err := w.house.Desk.FindEdition(t.Context(), "latest")
	if err != nil || e.State != campaigns.Scheduled || !strings.HasSuffix(p.Address(), editionURL(e.ID)) {
		t.Fatalf("sent is %s at %s, %v", e.State, p.Address(), err)
	}
	p.Follow("#undo")
	p.WantText(".flash", "Taken back")
	if e, err = w.house.Desk.FindEdition(t.Context(), "latest"); err != nil || e.State != campaigns.Draft {
		t.Errorf("taken back it is %s, %v", e.State, err)
	}
	p.Open(campaign)
	if n := len(storetest.Column[int64](t, w.store, `SELECT id FROM editions WHERE campaign_id = (SELECT id FROM campaigns WHERE name = 'Tuesdays by hand')`)); n != 1 {
		t.Errorf("%d issues were made, want 1", n)
	}
}
