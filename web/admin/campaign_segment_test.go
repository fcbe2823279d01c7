package admin

import (
	"context"
	"strings"
	"testing"

	"postrider/organisation"
)

func TestACampaignIsNarrowedByASegment(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Editor)
	if _, err := w.house.Registry.CreateSegment(context.Background(), "test", "adas", "email begins ada"); err != nil {
		t.Fatal(err)
	}
	form := w.planned("Wednesdays")
	form.Set("segment", "adas")
	if page := text(t, w.post("/campaigns/look", form)); !strings.Contains(page, "1<small>") || !strings.Contains(page, "2</span> are not in the segment") || !strings.Contains(page, `<option value="adas" selected>`) {
		t.Errorf("the look ahead does not show one reader of three:\n%s", page)
	}
	at := w.post("/campaigns", form).Header.Get("Location")
	if got, err := w.store.Campaign(context.Background(), "Wednesdays"); err != nil || got.Segment != "adas" {
		t.Fatalf("kept with segment %q, %v", got.Segment, err)
	}
	for _, page := range []string{at + "/audience", at + "/send"} {
		if got := text(t, w.do("GET", page, nil)); !strings.Contains(got, "1<small>") || !strings.Contains(got, "Only those of the segment adas.") {
			t.Errorf("%s does not show one reader:\n%s", page, got)
		}
	}
	form = w.planned("Another")
	form.Set("segment", "eves")
	r := w.post("/campaigns", form)
	if page := text(t, r); r.StatusCode != 422 || !strings.Contains(page, "here is no segment") {
		t.Errorf("a segment that is not there = %d:\n%s", r.StatusCode, page)
	}
}
