package pages

import (
	"strings"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/internal/words"
	"postrider/networks"
	"postrider/templates"
)

func TestTimesHaveTheirZone(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 23, 30, 0, 0, time.UTC) // already the 24th in Stockholm
	en, sv := words.English(), words.For("sv")
	c := In(en, now, "Europe/Stockholm")
	for _, x := range []struct{ got, want string }{
		{c.When(now.Add(9 * time.Hour)), "Tue 24 Nov, 09:30 Stockholm"},
		{c.Hour(now.Add(9 * time.Hour)), "09:30 Stockholm"},
		{c.Hour(now.Add(-time.Hour)), "Mon 23 Nov, 23:30 Stockholm"},
		{c.When(now.AddDate(1, 0, 0)), "Wed 24 Nov 2027, 00:30 Stockholm"},
		{c.When(time.Time{}), ""},
		{In(en, now, "America/New_York").When(now), "Mon 23 Nov, 18:30 New York"},
		{In(en, now, "Mars/Olympus").When(now), "Mon 23 Nov, 23:30 UTC"},
		{In(en, now, "Local").When(now), "Mon 23 Nov, 23:30 UTC"},
		{c.Until(now.Add(18 * time.Hour)), "in 18 hours"},
		{c.Until(now.Add(time.Minute)), "in 1 minute"},
		{c.Until(now.Add(72 * time.Hour)), "in 3 days"},
		{c.Until(now), "now"},
		{c.Ago(now.Add(-5 * time.Minute)), "5 minutes ago"},
		{In(sv, now, "Europe/Stockholm").When(now.Add(9 * time.Hour)), "tis 24 nov 09:30 Stockholm"},
		{In(sv, now, "UTC").Until(now.Add(48 * time.Hour)), "om 2 dagar"},
		{Takes(en, 95*time.Minute), "about 2 hours"},
		{Takes(sv, 20*time.Second), "mindre än en minut"},
	} {
		if x.got != x.want {
			t.Errorf("%q, want %q", x.got, x.want)
		}
	}
}

func TestWordsAndFigures(t *testing.T) {
	t.Parallel()
	for _, w := range words.All() {
		allHaveWords(t, w)
	}
	for address, want := range map[string]string{"ada@example.org": "a•••@e•••.org", "ö@xn--bcher-kva.example": "ö•••@x•••.example", "a@localhost": "a•••@l•••", "": "•••", "junk": "•••",
		`"a@b"@example.co.uk`: `"•••@e•••.uk`} {
		if got := Mask(address); got != want {
			t.Errorf("Mask(%q) = %q, want %q", address, got, want)
		}
	}
}

func allHaveWords(t *testing.T, w *words.Words) {
	t.Helper()
	for _, s := range delivery.States {
		if word := RecipientWord(w, s); word == string(s) || strings.Contains(word, "⟦") || strings.Contains(word, "delivered") {
			t.Errorf("%s: %s is %q", w.Lang(), s, word)
		}
	}
	for _, s := range []campaigns.EditionState{campaigns.Draft, campaigns.InReview, campaigns.EditionReady, campaigns.Scheduled, campaigns.Freezing, campaigns.Sending,
		campaigns.Sent, campaigns.EditionPaused, campaigns.Held, campaigns.Cancelled} {
		if m := EditionMark(w, s); m.Word == "" || m.Shape == "" || strings.Contains(m.Word, "⟦") {
			t.Errorf("%s: %s has the mark %+v", w.Lang(), s, m)
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
	got := Snippets(words.English(), map[networks.ID]templates.Snippet{"x": {LeftOut: []int{1, 4, 5, 6, 8}}, "bluesky": {LeftOut: []int{1, 2}}, "mastodon": {LeftOut: []int{}}}, 8)
	want := map[string]string{"x": "Takeaways 1, 4–6, 8 did not fit; none is ever cut.", "bluesky": "Takeaways 1–2 did not fit; none is ever cut.", "mastodon": ""}
	for _, s := range got {
		if s.LeftOut != want[s.ID] || s.Why == "" {
			t.Errorf("%s: %q, %q; want %q and why there is no link", s.ID, s.LeftOut, s.Why, want[s.ID])
		}
	}
}
