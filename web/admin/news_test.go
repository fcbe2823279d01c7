package admin

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"postrider/campaigns/crier"
	"postrider/organisation"
	"postrider/store/storetest"
)

// called is an outside that answers with a status.
type called struct {
	status int
	bodies []string
}

func (c *called) Call(_ context.Context, _, _ string, _ map[string]string, body []byte) (int, error) {
	c.bodies = append(c.bodies, string(body))
	return c.status, nil
}

func TestWhereNewsGoIsSetAndTried(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Owner)
	outside := &called{status: 500}
	w.house.Crier.Caller = outside
	if page := text(t, w.do("GET", "/settings/news", nil)); !strings.Contains(page, "Name a webhook or ntfy") {
		t.Error("the page does not say that trouble with the mail server reaches nobody")
	}
	form := url.Values{"mails": {"nobody"}, "hook_kind": {"json"}, "hook": {"https://hooks.example.org/secret-part"}, "kind": {"held", "sent"}}
	if r := w.post("/settings/news", form); r.StatusCode != 422 || !strings.Contains(text(t, r), `id="e-mails"`) {
		t.Errorf("an address that is none = %d", r.StatusCode)
	}
	form.Set("mails", "desk@example.org, desk@example.org\nother@example.org")
	w.wants(w.post("/settings/news", form), 303, "hooks.example.org is kept")
	if page := text(t, w.do("GET", "/settings/news", nil)); strings.Contains(page, "secret-part") {
		t.Error("the page shows the webhook's address")
	}
	c, err := w.house.Crier.Channels(context.Background())
	if err != nil || c.Owners || len(c.Mails) != 2 || c.HookKind != crier.HookJSON || c.Wants(crier.KindSkipped) || !c.Wants(crier.KindSent) || strings.Contains(c.Hook, "secret-part") {
		t.Errorf("kept is %+v, %v", c, err)
	}
	form.Del("hook") // the address that is kept stays
	w.wants(w.post("/settings/news", form), 303, "hooks.example.org is kept")
	w.wants(w.post("/settings/news/test", nil), 303, "does not take news")
	outside.status = 204
	w.wants(w.post("/settings/news/test", nil), 303, "the webhook took the news")
	if got := storetest.One[int](t, w.store, `SELECT count(*) FROM notices WHERE kind = 'alert' AND email IN ('desk@example.org', 'other@example.org')`); got != 4 {
		t.Errorf("%d mails of two tests, want 4", got)
	}
	if last := outside.bodies[len(outside.bodies)-1]; !strings.Contains(last, `"kind":"test"`) || strings.Contains(last, "secret-part") {
		t.Errorf("called with %s", last)
	}
	w.wantAudit("changed", w.writer+" The owner")
}
