package pages

import (
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/networks"
	"postrider/templates"
)

func TestTimesHaveTheirZone(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 23, 30, 0, 0, time.UTC) // already the 24th in Stockholm
	c := In(now, "Europe/Stockholm")
	for _, x := range []struct{ got, want string }{
		{c.When(now.Add(9 * time.Hour)), "Tue 24 Nov, 09:30 Stockholm"},
		{c.Hour(now.Add(9 * time.Hour)), "09:30 Stockholm"},
		{c.Hour(now.Add(-time.Hour)), "Mon 23 Nov, 23:30 Stockholm"},
		{c.When(now.AddDate(1, 0, 0)), "Wed 24 Nov 2027, 00:30 Stockholm"},
		{c.When(time.Time{}), ""},
		{In(now, "America/New_York").When(now), "Mon 23 Nov, 18:30 New York"},
		{In(now, "Mars/Olympus").When(now), "Mon 23 Nov, 23:30 UTC"},
		{In(now, "Local").When(now), "Mon 23 Nov, 23:30 UTC"},
		{c.Until(now.Add(18 * time.Hour)), "in 18 hours"},
		{c.Until(now.Add(time.Minute)), "in 1 minute"},
		{c.Until(now.Add(72 * time.Hour)), "in 3 days"},
		{c.Until(now), "now"},
	} {
		if x.got != x.want {
			t.Errorf("%q, want %q", x.got, x.want)
		}
	}
}

func TestWordsAndFigures(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 12000: "12,000", 1234567: "1,234,567", -1000: "-1,000"} {
		if got := Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
	for address, want := range map[string]string{"ada@example.org": "a•••@e•••.org", "ö@xn--bcher-kva.example": "ö•••@x•••.example", "a@localhost": "a•••@l•••", "": "•••", "junk": "•••",
		`"a@b"@example.co.uk`: `"•••@e•••.uk`} {
		if got := Mask(address); got != want {
			t.Errorf("Mask(%q) = %q, want %q", address, got, want)
		}
	}
	for _, s := range delivery.States {
		if RecipientWord(s) == string(s) && s != delivery.Cancelled {
			t.Errorf("%s has no word of its own", s)
		}
	}
	for _, s := range []campaigns.EditionState{campaigns.Draft, campaigns.InReview, campaigns.EditionReady, campaigns.Scheduled, campaigns.Freezing, campaigns.Sending,
		campaigns.Sent, campaigns.EditionPaused, campaigns.Held, campaigns.Cancelled} {
		if m := EditionMark(s); m.Word == "" || m.Shape == "" {
			t.Errorf("%s has the mark %+v", s, m)
		}
	}
}

func TestShareLinksOfEveryNetworkStandInPages(t *testing.T) {
	t.Parallel()
	share := networks.Share{Text: "Text https://example.org/a", Title: "Title", URL: "https://example.org/a", Image: "https://example.org/i.png"}
	for _, n := range networks.All() {
		link, err := n.ShareURL(share)
		if err != nil {
			t.Fatal(err)
		}
		if got := ShareLink(link); string(got) != link {
			t.Errorf("%s: %q cannot be shown: add its scheme", n.ID, link)
		}
	}
	for _, evil := range []string{"javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", " javascript:x", "//evil.example", "vbscript:x", "file:///etc/passwd"} {
		if got := ShareLink(evil); got != "" {
			t.Errorf("%q passes", evil)
		}
	}
}

func TestLeftOutInWords(t *testing.T) {
	t.Parallel()
	got := Snippets(map[networks.ID]templates.Snippet{"x": {LeftOut: []int{1, 4, 5, 6, 8}}, "bluesky": {LeftOut: []int{1, 2}}, "mastodon": {LeftOut: []int{}}}, 8)
	want := map[string]string{"x": "Takeaways 1, 4–6, 8 did not fit; none is ever cut.", "bluesky": "Takeaways 1–2 did not fit; none is ever cut.", "mastodon": ""}
	for _, s := range got {
		if s.LeftOut != want[s.ID] || s.Why == "" {
			t.Errorf("%s: %q, %q; want %q and why there is no link", s.ID, s.LeftOut, s.Why, want[s.ID])
		}
	}
}
