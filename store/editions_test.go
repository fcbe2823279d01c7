package store_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/networks"
	"postrider/recaps"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
	"postrider/templates"
)

var editionStates = []campaigns.EditionState{campaigns.Draft, campaigns.InReview, campaigns.EditionReady, campaigns.Scheduled, campaigns.Freezing,
	campaigns.Sending, campaigns.Sent, campaigns.EditionPaused, campaigns.Held, campaigns.Cancelled}

func TestEveryMoveIsCompareAndSet(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		e := bareEdition(n.Now())
		if err := n.OpenEdition(ctx, e, campaigns.Content{}, nil, opened(e)); err != nil {
			t.Fatal(err)
		}
		now := campaigns.Scheduled
		for _, to := range editionStates {
			for _, from := range editionStates {
				if from == now {
					continue
				}
				err := n.MoveEdition(ctx, campaigns.Move{Edition: e.ID, From: from, To: to, At: n.Now()}, opened(e))
				if !errs.Is(err, errs.Conflict) {
					t.Errorf("moving from %s, while it is %s: %v, want Conflict", from, now, err)
				}
			}
			if got := n.edition(t, e.ID); got.State != now {
				t.Fatalf("refused moves made the edition %s", got.State)
			}
			if err := n.MoveEdition(ctx, campaigns.Move{Edition: e.ID, From: now, To: to, At: n.Now()}, opened(e)); err != nil {
				t.Fatalf("moving from %s to %s: %v", now, to, err)
			}
			now = to
			if got := n.edition(t, e.ID); got.State != to || got.State.Final() == got.EndedAt.IsZero() {
				t.Errorf("moved to %s: it is %s, ended at %s", to, got.State, got.EndedAt)
			}
		}
		if entries := storetest.One[int](t, n.Store, `SELECT count(*) FROM audit_log`); entries != 1+len(editionStates) {
			t.Errorf("the opening and %d moves left %d audit entries", len(editionStates), entries)
		}
	})
}

func TestAMoveKeepsWhatItDoesNotName(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		due := n.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
		e := bareEdition(due)
		e.State = campaigns.InReview
		if err := n.OpenEdition(ctx, e, campaigns.Content{}, nil, opened(e)); err != nil {
			t.Fatal(err)
		}
		at := n.Now().UTC().Truncate(time.Millisecond)
		for _, m := range []campaigns.Move{
			{From: campaigns.InReview, To: campaigns.EditionReady, ApprovedBy: "ann", At: at},
			{From: campaigns.EditionReady, To: campaigns.Scheduled, At: at.Add(time.Second)},
			{From: campaigns.Scheduled, To: campaigns.Freezing, Cutoff: at.Add(2 * time.Second), At: at.Add(2 * time.Second)},
			{From: campaigns.Freezing, To: campaigns.Held, HeldFrom: campaigns.Freezing, Cause: campaigns.CauseRelay, Reason: "no answer", At: at.Add(3 * time.Second)},
		} {
			m.Edition = e.ID
			if err := n.MoveEdition(ctx, m, opened(e)); err != nil {
				t.Fatal(err)
			}
		}
		got := n.edition(t, e.ID)
		if got.ApprovedBy != "ann" || !got.ApprovedAt.Equal(at) || !got.DueAt.Equal(due) || !got.Cutoff.Equal(at.Add(2*time.Second)) {
			t.Errorf("after the moves: %+v", got)
		}
		if got.HeldFrom != campaigns.Freezing || got.HeldCause != campaigns.CauseRelay || got.Reason != "no answer" {
			t.Errorf("held from %q because of %q: %q", got.HeldFrom, got.HeldCause, got.Reason)
		}
		if jobs := must[[]campaigns.Edition](t)(n.Jobs(ctx, at)); len(jobs) != 1 || jobs[0].ID != e.ID {
			t.Errorf("an edition held because of its relay is not looked after: %+v", jobs)
		}
		back := campaigns.Move{Edition: e.ID, From: campaigns.Held, To: campaigns.Freezing, Cutoff: at.Add(time.Hour), At: at.Add(time.Hour)}
		if err := n.MoveEdition(ctx, back, opened(e)); err != nil {
			t.Fatal(err)
		}
		got = n.edition(t, e.ID)
		if got.HeldFrom != "" || got.HeldCause != "" || got.Reason != "" || !got.Cutoff.Equal(at.Add(2*time.Second)) {
			t.Errorf("going on: %+v; want the first cut-off and no reason", got)
		}
	})
}

func TestSentNeedsThatNobodyWaits(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		n.join(t, "news", emails(0, 1)...)
		id := n.sending(t, "news")
		for _, state := range delivery.States {
			storetest.Exec(t, n.Store, `UPDATE recipients SET state = $1`, string(state))
			err := n.desk.Finish(ctx, n.edition(t, id))
			waits := n.figures(t, id).Waiting() > 0
			if waits != errs.Is(err, errs.Conflict) || !waits && err != nil {
				t.Errorf("ending with one %s: %v", state, err)
			}
			if !waits {
				storetest.Exec(t, n.Store, `UPDATE editions SET state = 'sending'`)
			}
		}
	})
}

func TestThe48HoursStandStill(t *testing.T) {
	const day = 24 * time.Hour
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		n.join(t, "news", emails(0, 2)...)
		id, o := n.sending(t, "news"), n.owner(t)
		still := func(by time.Duration) {
			t.Helper()
			if err := n.desk.Hold(ctx, "test", n.edition(t, id), campaigns.CausePerson, "wait"); err != nil {
				t.Fatal(err)
			}
			n.clock.forward(by)
			if err := n.desk.Resume(ctx, "test", n.edition(t, id)); err != nil {
				t.Fatal(err)
			}
		}
		try := func() {
			t.Helper()
			for _, l := range n.lease(t, o, id, 10) {
				n.mark(t, o, sendingMark(n, l), settled(n, l, delivery.Settlement{State: delivery.Deferred, Stage: delivery.StageRcpt, Due: n.Now(), Reply: delivery.Reply{Code: 451}}))
			}
		}
		still(5 * day) // before the first try: it counts for nothing
		try()
		n.clock.forward(47 * time.Hour)
		still(3 * day)
		try()
		if f := n.figures(t, id); f.Deferred != 2 {
			t.Fatalf("47 hours after the first try, not counting three days of standing still: %+v", f)
		}
		n.clock.forward(2 * time.Hour)
		if got := n.lease(t, o, id, 10); len(got) != 0 {
			t.Errorf("49 hours after the first try %d rows are tried again", len(got))
		}
		if f := n.figures(t, id); f.Expired != 2 || f.Audience != 2 {
			t.Errorf("49 hours after the first try: %+v", f)
		}
		rows := must[[]delivery.Recipient](t)(n.Recipients(ctx, id, delivery.Expired, 0, 1))
		if len(rows) != 1 || rows[0].Attempts != 2 || rows[0].Text == "" {
			t.Errorf("the expired row is %+v; want its attempts and why", rows)
		}
	})
}

func TestAFiringOpensOneEdition(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		now := n.Now()
		c := campaigns.Campaign{ID: campaigns.ID(ids.Block(1)), Name: "weekly", State: campaigns.Active, Source: campaigns.Collect, Approval: campaigns.Each,
			Canonical: templates.CanonicalPage, Tracking: campaigns.Off, CreatedAt: now, UpdatedAt: now}
		if err := n.AddCampaign(ctx, c, audit.Entry{At: now}); err != nil {
			t.Fatal(err)
		}
		firing := func(offset int, state campaigns.OccurrenceState) (campaigns.Edition, *campaigns.Occurrence) {
			e := bareEdition(now)
			e.Campaign = c.ID
			return e, &campaigns.Occurrence{ID: campaigns.OccurrenceID(ids.Block(1)), Campaign: c.ID, Wall: "2027-10-31T02:30", Offset: offset, DueAt: now, State: state, Edition: e.ID}
		}
		count := func() string {
			return fmt.Sprint(storetest.Column[int](t, n.Store, `SELECT count(*) FROM editions UNION ALL SELECT count(*) FROM occurrences
				UNION ALL SELECT count(*) FROM edition_contents UNION ALL SELECT count(*) FROM audit_log`))
		}
		for _, offset := range []int{7200, 3600} { // the hour that comes twice
			e, o := firing(offset, campaigns.OccurrenceOpened)
			if err := n.OpenEdition(ctx, e, campaigns.Content{}, o, opened(e)); err != nil {
				t.Fatal(err)
			}
		}
		before := count()
		e, o := firing(3600, campaigns.OccurrenceOpened)
		if err := n.OpenEdition(ctx, e, campaigns.Content{}, o, opened(e)); !errs.Is(err, errs.Conflict) {
			t.Errorf("the same firing again: %v, want Conflict", err)
		}
		if err := n.RecordOccurrence(ctx, *o, opened(e)); !errs.Is(err, errs.Conflict) {
			t.Errorf("recording the same firing again: %v, want Conflict", err)
		}
		if after := count(); after != before {
			t.Errorf("a refused firing left rows: %s, before %s", after, before)
		}
		// A firing on record as due is still to be opened, once.
		e, o = firing(0, campaigns.OccurrenceDue)
		if err := n.RecordOccurrence(ctx, *o, opened(e)); err != nil {
			t.Fatal(err)
		}
		e, o = firing(0, campaigns.OccurrenceOpened)
		if err := n.OpenEdition(ctx, e, campaigns.Content{}, o, opened(e)); err != nil {
			t.Errorf("opening a due firing: %v", err)
		}
		e2, o2 := firing(0, campaigns.OccurrenceOpened)
		if err := n.OpenEdition(ctx, e2, campaigns.Content{}, o2, opened(e2)); !errs.Is(err, errs.Conflict) {
			t.Errorf("opening it again: %v, want Conflict", err)
		}
		got := must[[]campaigns.Occurrence](t)(n.Occurrences(ctx, c.ID, 10))
		if len(got) != 3 || got[0].Edition != e.ID && got[1].Edition != e.ID && got[2].Edition != e.ID {
			t.Errorf("on record are %+v", got)
		}
		for _, one := range got {
			if one.State != campaigns.OccurrenceOpened {
				t.Errorf("the firing at offset %d is %s", one.Offset, one.State)
			}
		}
		if last := must[time.Time](t)(n.LastOccurrence(ctx, c.ID)); last.UnixMilli() != now.UnixMilli() {
			t.Errorf("the last firing was due at %s, want %s", last, now)
		}
	})
}

func TestContentComesBackAsItWasApproved(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		input := templates.Edition{ID: "e", Slug: "sample", BaseURL: "https://news.org.example", Recaps: []recaps.Recap{recaps.Sample()},
			Canonical: templates.CanonicalPage, Published: time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC), Organisation: templates.Organisation{Name: "Org <&> \"'\u2028"}}
		rendered := must[templates.Rendered](t)(templates.Render(input))
		e := bareEdition(n.Now())
		e.Hash = rendered.Hash()
		if err := n.OpenEdition(ctx, e, campaigns.Content{Input: input, Rendered: rendered}, nil, opened(e)); err != nil {
			t.Fatal(err)
		}
		got := must[campaigns.Content](t)(n.EditionContent(ctx, e.ID))
		again := must[templates.Rendered](t)(templates.Render(got.Input))
		if again.Hash() != e.Hash {
			t.Error("what was stored renders to other bytes than what was approved")
		}
		if !reflect.DeepEqual(got.Rendered.Mail, rendered.Mail) || !reflect.DeepEqual(got.Rendered.Snippets, rendered.Snippets) {
			t.Error("mail or snippets came back changed")
		}
		for i, want := range append([][]byte{rendered.Page}, rendered.Takeaways...) {
			if page := must[[]byte](t)(n.EditionPage(ctx, e.ID, i)); string(page) != string(want) {
				t.Errorf("page %d came back changed", i)
			}
		}
		for _, missing := range []int{-1, len(rendered.Takeaways) + 1} {
			if page, err := n.EditionPage(ctx, e.ID, missing); missing > 0 && !errs.Is(err, errs.NotFound) {
				t.Errorf("page %d: %d bytes, %v; want NotFound", missing, len(page), err)
			}
		}
		if _, err := n.EditionContent(ctx, e.ID+1); !errs.Is(err, errs.NotFound) {
			t.Errorf("the content of an edition that does not exist: %v", err)
		}
	})
}

func TestPagesArePublicFromTheFrozenAudienceOn(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		n.join(t, "news", emails(0, 1)...)
		hidden := n.open(t, "news")
		if _, err := n.PublicEdition(ctx, "news"); !errs.Is(err, errs.NotFound) {
			t.Errorf("before anything was sent the page is there: %v", err)
		}
		first := n.sending(t, "news")
		n.clock.forward(time.Second)
		second := n.sending(t, "news")
		if got := must[campaigns.Edition](t)(n.PublicEdition(ctx, "news")); got.ID != second {
			t.Errorf("public is %s, want the latest, %s, not %s or %s", got.ID, second, first, hidden)
		}
		if err := n.desk.Cancel(ctx, "test", n.edition(t, second)); err != nil {
			t.Fatal(err)
		}
		if got := must[campaigns.Edition](t)(n.PublicEdition(ctx, "news")); got.ID != second {
			t.Error("a page that readers were sent to has gone")
		}
		if _, err := n.PublicEdition(ctx, "other"); !errs.Is(err, errs.NotFound) {
			t.Errorf("another slug's page: %v", err)
		}
		all := must[[]campaigns.Edition](t)(n.PublicEditions(ctx, 0, 10))
		if len(all) != 1 || all[0].ID != second {
			t.Errorf("public are %v, want the page once, as its latest edition", all)
		}
		if older := must[[]campaigns.Edition](t)(n.PublicEditions(ctx, second, 10)); len(older) != 0 {
			t.Errorf("older than the latest are %v, which another edition of the page replaced", older)
		}
	})
}

func TestNumbersCountWithinACampaignOrASlug(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		add := func(c campaigns.ID, slug string, number int) {
			e := bareEdition(n.Now())
			e.Campaign, e.Slug, e.Number = c, slug, number
			if err := n.OpenEdition(ctx, e, campaigns.Content{}, nil, opened(e)); err != nil {
				t.Fatal(err)
			}
		}
		add(0, "a", 1)
		add(0, "a", 2)
		add(0, "b", 1)
		add(5, "a", 7)
		add(6, "a", 3)
		for _, c := range []struct {
			campaign campaigns.ID
			slug     string
			want     int
		}{{0, "a", 3}, {0, "b", 2}, {0, "c", 1}, {5, "a", 8}, {5, "z", 8}, {6, "a", 4}, {7, "a", 1}} {
			if got := must[int](t)(n.NextNumber(ctx, c.campaign, c.slug)); got != c.want {
				t.Errorf("the next number of campaign %d and slug %s is %d, want %d", c.campaign, c.slug, got, c.want)
			}
		}
	})
}

func TestEditionsAreFoundAndPaged(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		if _, err := n.Edition(ctx, "latest"); !errs.Is(err, errs.NotFound) {
			t.Errorf("the latest of none: %v", err)
		}
		var all []campaigns.EditionID
		n.join(t, "news", "ada@example.org")
		n.join(t, "extra", "ada@example.org")
		for range 5 {
			all = append(all, n.open(t, "news", "extra"))
		}
		got := must[campaigns.Edition](t)(n.Edition(ctx, "latest"))
		if got.ID != all[4] || fmt.Sprint(got.ListNames) != "[extra news]" || len(got.Lists) != 2 {
			t.Errorf("the latest is %s with the lists %v", got.ID, got.ListNames)
		}
		for _, ref := range []string{"", "first", "0000000000001"} {
			if _, err := n.Edition(ctx, ref); !errs.Is(err, errs.NotFound) {
				t.Errorf("edition %q: %v, want NotFound", ref, err)
			}
		}
		var paged []campaigns.EditionID
		for before := campaigns.EditionID(0); ; {
			page := must[[]campaigns.Edition](t)(n.Editions(ctx, before, 2))
			if len(page) == 0 {
				break
			}
			for _, e := range page {
				paged = append(paged, e.ID)
			}
			before = page[len(page)-1].ID
		}
		if fmt.Sprint(paged) != fmt.Sprint([]campaigns.EditionID{all[4], all[3], all[2], all[1], all[0]}) {
			t.Errorf("paging gives %v, want %v backwards", paged, all)
		}
		if jobs := must[[]campaigns.Edition](t)(n.Jobs(ctx, n.Now().Add(-time.Hour))); len(jobs) != 0 {
			t.Errorf("before they are due %d editions are looked after", len(jobs))
		}
		if jobs := must[[]campaigns.Edition](t)(n.Jobs(ctx, n.Now())); len(jobs) != 5 {
			t.Errorf("%d of 5 due editions are looked after", len(jobs))
		}
	})
}

func TestACampaignIsChangedOnceAndFoundByName(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		now := n.Now().UTC().Truncate(time.Millisecond)
		n.join(t, "news", "ada@example.org")
		c := campaigns.Campaign{ID: campaigns.ID(ids.Block(1)), Name: "2026nextsteps", State: campaigns.Active, Source: campaigns.Fixed, Approval: campaigns.Once,
			Recap: 3, Lists: must[[]subscribers.ListID](t)(n.ListsByName(ctx, []string{"news"})), ListNames: []string{"news"}, Schedule: "daily 09:00", Zone: "Europe/Oslo",
			ScheduledFrom: now, LateLimit: 90 * time.Minute, Subject: "s", Preheader: "p", Sender: "a@example.org", ReplyTo: "b@example.org",
			Networks: []networks.ID{"x", "bluesky"}, Canonical: templates.CanonicalPage, Tracking: campaigns.Personal, ApprovedBy: "ann", ApprovedAt: now, CreatedAt: now, UpdatedAt: now}
		if err := n.AddCampaign(ctx, c, audit.Entry{At: now}); err != nil {
			t.Fatal(err)
		}
		// The name has the form of an id, of a campaign that does not exist.
		for _, ref := range []string{c.Name, c.ID.String()} {
			if got := must[campaigns.Campaign](t)(n.Campaign(ctx, ref)); !reflect.DeepEqual(got, c) {
				t.Errorf("campaign %q came back as\n%+v, want\n%+v", ref, got, c)
			}
		}
		if _, err := n.Campaign(ctx, "2026nextstep"); !errs.Is(err, errs.NotFound) || err.Error() != `there is no campaign "2026nextstep": did you mean "2026nextsteps"?` {
			t.Errorf("a slip of the fingers: %v", err)
		}
		twin := c
		twin.ID++
		if err := n.AddCampaign(ctx, twin, audit.Entry{At: now}); !errs.Is(err, errs.Conflict) {
			t.Errorf("a second campaign of that name: %v", err)
		}
		changed := c
		changed.State, changed.UpdatedAt = campaigns.Paused, now.Add(time.Second)
		if err := n.ChangeCampaign(ctx, changed, now, audit.Entry{At: now}); err != nil {
			t.Fatal(err)
		}
		if err := n.ChangeCampaign(ctx, changed, now, audit.Entry{At: now}); !errs.Is(err, errs.Conflict) {
			t.Errorf("changing what has changed in the meantime: %v", err)
		}
		if got := must[[]campaigns.Campaign](t)(n.ActiveCampaigns(ctx)); len(got) != 0 {
			t.Errorf("a paused campaign fires: %+v", got)
		}
		if got := must[[]campaigns.Campaign](t)(n.Campaigns(ctx, 0, 10)); len(got) != 1 || got[0].State != campaigns.Paused {
			t.Errorf("listed are %+v", got)
		}
	})
}

func TestNotesAreClaimedOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		if got := must[string](t)(s.Note(ctx, "key")); got != "" {
			t.Errorf("a note that nobody wrote is %q", got)
		}
		for i, value := range []string{"first", "second"} {
			if got := must[string](t)(s.ClaimNote(ctx, "key", value)); got != "first" {
				t.Errorf("claim %d holds %q", i+1, got)
			}
		}
		if err := s.SetNote(ctx, "key", "third"); err != nil {
			t.Fatal(err)
		}
		if got := must[string](t)(s.Note(ctx, "key")); got != "third" {
			t.Errorf("the note is %q", got)
		}
	})
}

// TestLedgerIsWalkedByState: page by page everybody of a state comes once,
// those who are due first in front.
func TestLedgerIsWalkedByState(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		n.join(t, "news", emails(0, 7)...)
		id := n.sending(t, "news")
		for i, due := range []int64{500, 0, 100, 0, 100, 300} {
			storetest.Exec(t, n.Store, `UPDATE recipients SET state = 'deferred', not_before = $3 WHERE edition_id = $1 AND subscriber_id = $2`,
				int64(id), int64(n.find(t, emails(i, i+1)[0])), due)
		}
		for _, size := range []int{1, 2, 3, 10} {
			var got []string
			var after delivery.RecipientID
			for {
				page := must[[]delivery.Recipient](t)(n.Recipients(ctx, id, delivery.Deferred, after, size))
				if len(page) == 0 {
					break
				}
				for _, r := range page {
					got, after = append(got, r.Email[:5]), r.ID
				}
			}
			if want := []string{"r0001", "r0003", "r0002", "r0004", "r0005", "r0000"}; !slices.Equal(got, want) {
				t.Errorf("%d at a time: %q, want %q", size, got, want)
			}
		}
	})
}
