package campaigns_test

import (
	"strings"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/recaps"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/templates"
)

// around is a greeting, the recaps and another recap.
func around(t testing.TB, slug string) []templates.Block {
	t.Helper()
	all, err := templates.ParseBlocks("around", ":: greeting\nDear {{first_name|friend}},\n\n:: recaps\n\n:: recap "+slug+"\n\n:: button https://example.org/give\nGive\n")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestBlocksAreFrozenIntoTheEdition(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := furnish(t, s)
		c := h.weekly(h.recap(t, "one").ID)
		second := h.recap(t, "two")
		c.Blocks = around(t, second.ID.String()) // however it is named
		made := h.create(t, c)
		kept, err := s.Campaign(t.Context(), made.ID.String())
		if err != nil || len(kept.Blocks) != 4 || kept.Blocks[2].Recap != "two" {
			t.Fatalf("kept: %+v, %v", kept.Blocks, err)
		}
		o, err := h.fire(t, "weekly")
		if err != nil || o.State != campaigns.OccurrenceOpened {
			t.Fatalf("%+v, %v", o, err)
		}
		kept.Blocks = nil
		if _, err := h.desk.Change(t.Context(), "ann", kept, kept.UpdatedAt); err != nil {
			t.Fatal(err)
		}
		content, err := s.EditionContent(t.Context(), o.Edition)
		if err != nil {
			t.Fatal(err)
		}
		mail := string(content.Rendered.Mail.Text.Fill(nil, nil))
		for _, want := range []string{"Dear friend,", "About one", "About two", "https://example.org/give"} {
			if !strings.Contains(mail, want) {
				t.Errorf("the mail lacks %q", want)
			}
		}
		if len(content.Input.Blocks) != 4 || len(content.Input.Recaps) != 2 {
			t.Errorf("a change of the campaign changed the edition: %+v", content.Input.Blocks)
		}
		if again, err := s.Campaign(t.Context(), made.ID.String()); err != nil || len(again.Blocks) != 0 {
			t.Errorf("removed they are %+v, %v", again.Blocks, err)
		}
	})
}

// TestAStandingRecapStopsNoCollecting: a recap that a block shows in each issue
// does not count as one that these lists have had already.
func TestAStandingRecapStopsNoCollecting(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := furnish(t, s)
		about := h.recap(t, "about-us")
		c := h.weekly(0)
		c.Source, c.Blocks = campaigns.Collect, around(t, "about-us")
		// About us has been sent to these lists before.
		if _, err := h.desk.Publish(t.Context(), "ann", campaigns.Publication{Recap: about, ListNames: []string{"news"}, Sender: "News <news@org.example>"}); err != nil {
			t.Fatal(err)
		}
		h.create(t, c)
		for i, slug := range []string{"one", "two"} {
			h.recap(t, slug)
			o, err := h.fireAt(t, "weekly", h.now().Add(time.Duration(i)*time.Minute))
			if err != nil || o.State != campaigns.OccurrenceOpened {
				t.Fatalf("issue %d: %+v, %v", i+1, o, err)
			}
		}
		o, err := h.fireAt(t, "weekly", h.now().Add(5*time.Minute))
		if err != nil || o.State != campaigns.OccurrenceSkipped {
			t.Errorf("with nothing new the standing recap alone made an issue: %+v, %v", o, err)
		}
	})
}

func TestABlocksRecapHasToBeApproved(t *testing.T) {
	t.Parallel()
	h := furnish(t, storetest.Open(t, storetest.SQLite(t), store.Options{}))
	own := h.recap(t, "one")
	h.draft(t, "two", "Not read yet")
	p := campaigns.Publication{Recap: own, ListNames: []string{"news"}, Sender: "News <news@org.example>", Blocks: around(t, "two")}
	if _, err := h.desk.Publish(t.Context(), "ann", p); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "approve it") {
		t.Errorf("a draft in a block: %v", err)
	}
	c := h.weekly(own.ID)
	for slug, want := range map[string]string{"tow": "block 3", "one": "own recap"} {
		c.Blocks = around(t, slug)
		if _, err := h.desk.Create(t.Context(), "ann", c); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("a block with recap %q: %v, want %q", slug, err, want)
		}
	}
	c.Blocks = around(t, "two")
	h.create(t, c)
	if _, err := h.desk.Send(t.Context(), "ann", "weekly", "", h.now()); !errs.Is(err, errs.Conflict) {
		t.Errorf("sent with a draft in a block: %v", err)
	}
	if _, err := h.library.Approve(t.Context(), "ann", must(t, h, "two").ID); err != nil {
		t.Fatal(err)
	}
	if _, err := h.desk.Send(t.Context(), "ann", "weekly", "", h.now()); err != nil {
		t.Errorf("once it is approved: %v", err)
	}
}

func must(t testing.TB, h *house, slug string) recaps.Saved {
	t.Helper()
	s, err := h.library.Get(t.Context(), slug)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
