package campaigns_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/templates"
)

func TestAChangeIsOfWhatWasLookedAt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := furnish(t, s)
		made := h.create(t, h.weekly(h.recap(t, "one").ID))
		h.forward(time.Hour)
		mine, theirs := made, made
		theirs.Name, theirs.ListNames, theirs.Subject, theirs.Schedule = "monthly", []string{"extra", "news"}, "For {{first_name|you}}", "monthly first tue 10:00"
		changed, err := h.desk.Change(t.Context(), "bob", theirs, made.UpdatedAt)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Campaign(t.Context(), made.ID.String())
		if err != nil || got.Name != "monthly" || got.Subject != theirs.Subject || !slices.Equal(got.ListNames, []string{"extra", "news"}) || !got.UpdatedAt.Equal(changed.UpdatedAt) {
			t.Errorf("kept is %+v, %v", got, err)
		}
		if !got.ScheduledFrom.Equal(h.now()) || got.ApprovedBy != "bob" || !got.CreatedAt.Equal(made.CreatedAt) || got.State != campaigns.Active {
			t.Errorf("a new schedule counts from %s, approved by %q", got.ScheduledFrom, got.ApprovedBy)
		}
		mine.Subject = "Mine"
		if _, err := h.desk.Change(t.Context(), "ann", mine, made.UpdatedAt); !errs.Is(err, errs.Conflict) {
			t.Errorf("a change of what bob had changed: %v, want Conflict", err)
		}
		got.Approval = campaigns.Each
		got, err = h.desk.Change(t.Context(), "ann", got, got.UpdatedAt)
		if err != nil || got.Approved() || got.ApprovedBy != "" {
			t.Errorf("looked at each time it is still approved by %q, %v", got.ApprovedBy, err)
		}
		same, err := h.desk.Change(t.Context(), "cid", got, got.UpdatedAt)
		if err != nil || !same.UpdatedAt.Equal(got.UpdatedAt) {
			t.Errorf("a change of nothing: %+v, %v", same, err)
		}
		log := storetest.Column[string](t, s, `SELECT actor || ' ' || detail FROM audit_log WHERE kind = 'campaign' AND action = 'changed' ORDER BY id`)
		if want := []string{"bob name, lists, schedule, subject", "ann approval"}; !slices.Equal(log, want) {
			t.Errorf("the log says %q, want %q", log, want)
		}
		got.Sender = "nobody"
		if _, err := h.desk.Change(t.Context(), "ann", got, got.UpdatedAt); !errs.Is(err, errs.Invalid) {
			t.Errorf("a sender without an address: %v", err)
		}
		got = h.created(t, "monthly")
		if _, err := h.desk.SetState(t.Context(), "ann", "monthly", campaigns.Archived); err != nil {
			t.Fatal(err)
		}
		got = h.created(t, "monthly")
		got.Subject = "Again"
		if _, err := h.desk.Change(t.Context(), "ann", got, got.UpdatedAt); !errs.Is(err, errs.Conflict) {
			t.Errorf("an archived one: %v, want Conflict", err)
		}
	})
}

func (h *house) created(t testing.TB, name string) campaigns.Campaign {
	t.Helper()
	c, err := h.Campaign(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestChangesInOneMomentAreTold(t *testing.T) {
	t.Parallel()
	h := furnish(t, storetest.Open(t, storetest.SQLite(t), store.Options{}))
	made := h.create(t, h.weekly(h.recap(t, "one").ID)) // the clock stands still from here
	one, two := made, made
	one.Subject, two.Subject = "One", "Two"
	if _, err := h.desk.Change(t.Context(), "ann", one, made.UpdatedAt); err != nil {
		t.Fatal(err)
	}
	if _, err := h.desk.Change(t.Context(), "bob", two, made.UpdatedAt); !errs.Is(err, errs.Conflict) {
		t.Errorf("within the same millisecond: %v, want Conflict", err)
	}
	other := h.weekly(made.Recap)
	other.Name = "other"
	other = h.create(t, other)
	other.Name = "weekly"
	if _, err := h.desk.Change(t.Context(), "ann", other, other.UpdatedAt); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "another name") {
		t.Errorf("the name of another: %v", err)
	}
}

func TestAOneOffThatWasCanStillBeChanged(t *testing.T) {
	t.Parallel()
	h := furnish(t, storetest.Open(t, storetest.SQLite(t), store.Options{}))
	c := h.weekly(h.recap(t, "one").ID)
	c.Schedule = "once 2027-03-02T09:00"
	made := h.create(t, c)
	h.forward(72 * time.Hour)
	made.Subject = "Another"
	if _, err := h.desk.Change(t.Context(), "ann", made, made.UpdatedAt); err != nil {
		t.Errorf("its subject: %v", err)
	}
	made = h.created(t, "weekly")
	made.Schedule = "once 2027-03-01T09:00"
	if _, err := h.desk.Change(t.Context(), "ann", made, made.UpdatedAt); !errs.Is(err, errs.Invalid) {
		t.Errorf("to another date in the past: %v, want Invalid", err)
	}
	double, err := h.desk.Duplicate(t.Context(), "bob", "weekly")
	if err != nil || double.Name != "weekly (2)" || double.State != campaigns.Paused || double.Schedule != "" || !slices.Equal(double.ListNames, made.ListNames) {
		t.Errorf("duplicated: %+v, %v", double, err)
	}
	if double, err = h.desk.Duplicate(t.Context(), "bob", "weekly"); err != nil || double.Name != "weekly (3)" {
		t.Errorf("again: %+v, %v", double, err)
	}
}

func TestSendIsOfWhatWasSeen(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := furnish(t, s)
		saved := h.draft(t, "one", "About one")
		h.create(t, h.weekly(saved.ID))
		before, err := h.desk.Outlook(t.Context(), "weekly")
		if err != nil || len(before.Unapproved()) != 1 || len(before.Content.Rendered.Page) == 0 {
			t.Fatalf("the outlook has %d unapproved, %v", len(before.Unapproved()), err)
		}
		if _, err := h.desk.Send(t.Context(), "ann", "weekly", before.Seen, time.Time{}); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "approve it") {
			t.Errorf("a recap that nobody has approved: %v", err)
		}
		changed := saved.Recap
		changed.Title = "About something else"
		if _, err := h.library.Revise(t.Context(), "bob", saved.ID, 1, changed, "editor"); err != nil {
			t.Fatal(err)
		}
		if _, err := h.library.Approve(t.Context(), "bob", saved.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := h.desk.Send(t.Context(), "ann", "weekly", before.Seen, time.Time{}); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "look again") {
			t.Errorf("after the recap was changed: %v", err)
		}
		if n := h.count(t, "editions"); n != 0 {
			t.Fatalf("%d editions of refused orders", n)
		}
		now, err := h.desk.Outlook(t.Context(), "weekly")
		if err != nil {
			t.Fatal(err)
		}
		e, err := h.desk.Send(t.Context(), "ann", "weekly", now.Seen, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		got := h.edition(t, e.ID)
		if got.State != campaigns.Scheduled || got.Title != "About something else" || got.Number != 1 || got.Campaign != now.Campaign.ID || !got.DueAt.Equal(h.now().Add(time.Minute)) || got.ApprovedBy != "ann" {
			t.Errorf("sent is %+v", got)
		}
		each := now.Campaign
		each.Approval = campaigns.Each
		if _, err := h.desk.Change(t.Context(), "ann", each, each.UpdatedAt); err != nil {
			t.Fatal(err)
		}
		if e, err = h.desk.Send(t.Context(), "ann", "weekly", "", time.Time{}); err != nil || e.State != campaigns.InReview || e.ApprovedBy != "" {
			t.Errorf("where each is looked at: %s by %q, %v", e.State, e.ApprovedBy, err)
		}
	})
}

func TestTestsAreNoticesAndRemembered(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := furnish(t, s)
		c := h.weekly(h.recap(t, "one").ID)
		c.Subject = "For {{first_name|you}}, {{email}}"
		h.create(t, c)
		for _, step := range []struct {
			to    []string
			plain bool
		}{{[]string{"ada@example.org", " bob@Example.org"}, false}, {[]string{"cid@example.org", "ada@example.org"}, true}} {
			if _, err := h.desk.Test(t.Context(), "ann", "weekly", step.to, step.plain); err != nil {
				t.Fatal(err)
			}
		}
		got := storetest.Column[string](t, s, `SELECT kind || ' ' || subject FROM notices ORDER BY id`)
		want := []string{"test [TEST] For you, ada@example.org", "test [TEST] For you, bob@example.org", "test For you, cid@example.org", "test For you, ada@example.org"}
		if !slices.Equal(got, want) {
			t.Errorf("queued\n%q, want\n%q", got, want)
		}
		for _, body := range storetest.Column[string](t, s, `SELECT html || body FROM notices ORDER BY id`) {
			if strings.Contains(body, "{{") || strings.Contains(body, templates.SlotUnsubscribeURL) || !strings.Contains(body, "https://news.org.example/reader-link") {
				t.Error("a test mail has a slot left, or no link in the place of the reader's own")
			}
		}
		if known, err := s.TestAddresses(t.Context()); err != nil || !slices.Equal(known, []string{"cid@example.org", "ada@example.org", "bob@example.org"}) {
			t.Errorf("remembered %q, %v", known, err)
		}
		if n := h.count(t, "editions") + h.count(t, "recipients"); n != 0 {
			t.Errorf("tests are counted: %d rows", n)
		}
		for _, line := range storetest.Column[string](t, s, `SELECT detail FROM audit_log WHERE action = 'tested'`) {
			if strings.Contains(line, "@") || !strings.Contains(line, "2 test mails") {
				t.Errorf("the audit log says %q", line)
			}
		}
		for _, to := range [][]string{nil, {"ada"}, strings.Split(strings.Repeat("x@example.org ", 2)+"y", " ")} {
			if _, err := h.desk.Test(t.Context(), "ann", "weekly", to, false); !errs.Is(err, errs.Invalid) {
				t.Errorf("to %q: %v, want Invalid", to, err)
			}
		}
	})
}
