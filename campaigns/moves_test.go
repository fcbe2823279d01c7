package campaigns_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/store"
	"postrider/store/storetest"
)

var states = []campaigns.EditionState{campaigns.Draft, campaigns.InReview, campaigns.EditionReady, campaigns.Scheduled, campaigns.Freezing,
	campaigns.Sending, campaigns.Sent, campaigns.EditionPaused, campaigns.Held, campaigns.Cancelled}

func TestOnlyTheseMovesExist(t *testing.T) {
	t.Parallel()
	allowed := map[string]string{
		"draft":     "in_review approved cancelled",
		"in_review": "approved draft cancelled",
		"approved":  "scheduled draft cancelled",
		"scheduled": "freezing draft held cancelled",
		"freezing":  "sending held cancelled",
		"sending":   "sent paused held cancelled",
		"paused":    "sending cancelled",
		"held":      "scheduled freezing sending cancelled",
		"sent":      "sending",
		"cancelled": "",
	}
	for _, from := range states {
		for _, to := range states {
			want := slices.Contains(strings.Fields(allowed[string(from)]), string(to))
			if got := campaigns.CanMove(from, to); got != want {
				t.Errorf("from %s to %s: %t, want %t", from, to, got, want)
			}
		}
		if final := from == campaigns.Sent || from == campaigns.Cancelled; from.Final() != final {
			t.Errorf("%s is final: %t", from, from.Final())
		}
	}
}

func TestTheDeskMovesOnlyFromWhereItMay(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := furnish(t, s)
		e := h.publish(t, "one")
		for _, c := range []struct {
			name string
			do   func(context.Context, campaigns.Edition) error
			from map[campaigns.EditionState]campaigns.EditionState // to where
		}{
			{"approve", func(ctx context.Context, e campaigns.Edition) error { return h.desk.ApproveEdition(ctx, "ann", e) },
				map[campaigns.EditionState]campaigns.EditionState{"draft": "scheduled", "in_review": "scheduled", "approved": "scheduled"}},
			{"pause", func(ctx context.Context, e campaigns.Edition) error { return h.desk.Pause(ctx, "ann", e) },
				map[campaigns.EditionState]campaigns.EditionState{"sending": "paused"}},
			{"resume", func(ctx context.Context, e campaigns.Edition) error { return h.desk.Resume(ctx, "ann", e) },
				map[campaigns.EditionState]campaigns.EditionState{"paused": "sending", "held": "freezing"}},
			{"cancel", func(ctx context.Context, e campaigns.Edition) error { return h.desk.Cancel(ctx, "ann", e) },
				map[campaigns.EditionState]campaigns.EditionState{"draft": "cancelled", "in_review": "cancelled", "approved": "cancelled", "scheduled": "cancelled",
					"freezing": "cancelled", "sending": "cancelled", "paused": "cancelled", "held": "cancelled"}},
			{"hold", func(ctx context.Context, e campaigns.Edition) error {
				return h.desk.Hold(ctx, "ann", e, campaigns.CausePerson, "wait")
			}, map[campaigns.EditionState]campaigns.EditionState{"scheduled": "held", "freezing": "held", "sending": "held"}},
			{"freeze", func(ctx context.Context, e campaigns.Edition) error { return h.desk.Freeze(ctx, e, h.now()) },
				map[campaigns.EditionState]campaigns.EditionState{"scheduled": "freezing"}},
			{"finish", h.desk.Finish, map[campaigns.EditionState]campaigns.EditionState{"sending": "sent"}},
		} {
			for _, from := range states {
				heldFrom := ""
				if from == campaigns.Held {
					heldFrom = string(campaigns.Freezing)
				}
				storetest.Exec(t, s, `UPDATE editions SET state = $1, held_from = $2`, string(from), heldFrom)
				read := h.edition(t, e.ID)
				err := c.do(t.Context(), read)
				want, allowed := c.from[from]
				if !allowed {
					want = from
				}
				if allowed && err != nil || !allowed && !errs.Is(err, errs.Conflict) {
					t.Errorf("%s while %s: %v, allowed: %t", c.name, from, err, allowed)
				}
				got := h.edition(t, e.ID)
				if got.State != want {
					t.Errorf("%s while %s made it %s, want %s", c.name, from, got.State, want)
				}
				if got.State == campaigns.Held && got.State != from && (got.HeldFrom != from || got.Reason != "wait" || got.HeldCause != campaigns.CausePerson) {
					t.Errorf("held while %s: from %q because of %q: %q", from, got.HeldFrom, got.HeldCause, got.Reason)
				}
				if allowed && from != want {
					if err := c.do(t.Context(), read); !errs.Is(err, errs.Conflict) {
						t.Errorf("%s twice on what was read before: %v, want Conflict", c.name, err)
					}
				}
			}
		}
	})
}

func TestEachMoveIsInTheAuditLog(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := furnish(t, s)
		e := h.publish(t, "one")
		storetest.Exec(t, s, `DELETE FROM audit_log`)
		for _, do := range []func(e campaigns.Edition) error{
			func(e campaigns.Edition) error { return h.desk.Freeze(t.Context(), e, h.now()) },
			func(e campaigns.Edition) error {
				return h.desk.Hold(t.Context(), "courier", e, campaigns.CauseRelay, "no answer")
			},
			func(e campaigns.Edition) error { return h.desk.Resume(t.Context(), "ann", e) },
			func(e campaigns.Edition) error { return h.desk.Cancel(t.Context(), "bob", e) },
		} {
			if err := do(h.edition(t, e.ID)); err != nil {
				t.Fatal(err)
			}
		}
		got := storetest.Column[string](t, s, `SELECT actor || ' ' || action || ' ' || detail FROM audit_log WHERE kind = 'edition' AND object = $1 ORDER BY id`, int64(e.ID))
		want := []string{"courier freezing scheduled → freezing", "courier held freezing → held: relay", "ann freezing held → freezing", "bob cancelled freezing → cancelled"}
		if !slices.Equal(got, want) {
			t.Errorf("the log says\n%q, want\n%q", got, want)
		}
	})
}

func TestWaitingForApprovalIsNotLateness(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	h := furnish(t, s)
	past := h.publish(t, "one")
	storetest.Exec(t, s, `UPDATE editions SET state = 'in_review'`)
	h.forward(9 * time.Hour)
	if err := h.desk.ApproveEdition(t.Context(), "ann", h.edition(t, past.ID)); err != nil {
		t.Fatal(err)
	}
	if got := h.edition(t, past.ID); !got.DueAt.Equal(h.now()) || got.ApprovedBy != "ann" || !got.ApprovedAt.Equal(h.now()) {
		t.Errorf("approved late: due %s, by %s at %s; want now, %s", got.DueAt, got.ApprovedBy, got.ApprovedAt, h.now())
	}
	future := h.now().Add(24 * time.Hour)
	storetest.Exec(t, s, `UPDATE editions SET state = 'in_review', due_at = $1`, future.UnixMilli())
	if err := h.desk.ApproveEdition(t.Context(), "ann", h.edition(t, past.ID)); err != nil {
		t.Fatal(err)
	}
	if got := h.edition(t, past.ID); !got.DueAt.Equal(future) {
		t.Errorf("approved early: due %s, want %s", got.DueAt, future)
	}
}

func TestFindEditionSaysWhatToGive(t *testing.T) {
	t.Parallel()
	h := furnish(t, storetest.Open(t, storetest.SQLite(t), store.Options{}))
	if _, err := h.desk.FindEdition(t.Context(), ""); !errs.Is(err, errs.Invalid) {
		t.Errorf("no name: %v, want Invalid", err)
	}
	if _, err := h.desk.FindEdition(t.Context(), "nonsense"); !errs.Is(err, errs.NotFound) {
		t.Errorf("nonsense: %v, want NotFound", err)
	}
	e := h.publish(t, "one")
	for _, ref := range []string{"latest", e.ID.String()} {
		if got, err := h.desk.FindEdition(t.Context(), ref); err != nil || got.ID != e.ID {
			t.Errorf("%s: %s, %v", ref, fmt.Sprint(got.ID), err)
		}
	}
}
