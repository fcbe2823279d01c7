package admin

import (
	"strings"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/internal/words"
	"postrider/web/recent"
)

func TestPaceNeedsTwoLooks(t *testing.T) {
	t.Parallel()
	h := &house{glances: recent.New[campaigns.EditionID, glance](8)}
	at := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	look := func(after time.Duration, accepted, queued int) string {
		return h.pace(words.English(), campaigns.Edition{ID: 1, State: campaigns.Sending}, delivery.Figures{Accepted: accepted, Queued: queued}, at.Add(after))
	}
	if got := look(0, 100, 900); got != "" {
		t.Errorf("the first look says %q", got)
	}
	if got := look(10*time.Second, 200, 6000); !strings.Contains(got, "600 mails a minute") || !strings.Contains(got, "about 10 minutes") {
		t.Errorf("100 mails in 10 s, 6,000 to go: %q", got)
	}
	if got := look(10*time.Second+100*time.Millisecond, 201, 5999); !strings.Contains(got, "600 mails a minute") {
		t.Errorf("a look right after the other forgets the pace: %q", got)
	}
	if got := look(10*time.Minute, 300, 700); got != "" {
		t.Errorf("ten minutes later nothing is known, but it says %q", got)
	}
	if got := look(10*time.Minute+5*time.Second, 300, 700); got != "" {
		t.Errorf("nothing moves, but it says %q", got)
	}
}
