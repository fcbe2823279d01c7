package events_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"postrider/events"
	"postrider/store"
	"postrider/store/storetest"
)

const (
	browser = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	crawler = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
)

var noon = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

// failing is a log that takes nothing so many times, and keeps the rest.
type failing struct {
	mu     sync.Mutex
	times  int
	groups [][]events.ShareCount
}

func (f *failing) AddShares(_ context.Context, counts []events.ShareCount) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.times--; f.times >= 0 {
		return errors.New("the disk is full")
	}
	f.groups = append(f.groups, slices.Clone(counts))
	return nil
}

func gather(l events.Log) *events.Shares {
	return &events.Shares{Log: l, Logger: slog.New(slog.DiscardHandler)}
}

func TestSharesAreCountedByDayNetworkAndTakeaway(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := gather(s)
		g.Add(7, "x", 0, browser, noon)
		g.Add(7, "x", 0, crawler, noon)
		g.Add(7, "x", 0, browser, noon.Add(time.Hour))
		g.Add(7, "x", 2, browser, noon)
		g.Add(7, "bluesky", 0, browser, noon)
		// The day is that of UTC, wherever the server stands.
		g.Add(7, "x", 0, browser, time.Date(2027, 3, 2, 0, 30, 0, 0, time.FixedZone("", 3600)))
		g.Add(8, "x", 0, browser, noon)
		for range 2 { // what was written is not written again
			g.Flush(t.Context())
		}
		g.Add(7, "x", 0, crawler, noon)
		g.Flush(t.Context())
		got, err := s.Shares(t.Context(), 7)
		want := []events.ShareCount{
			{Edition: 7, Day: "2027-03-01", Network: "bluesky", People: 1},
			{Edition: 7, Day: "2027-03-01", Network: "x", People: 3, Machines: 2},
			{Edition: 7, Day: "2027-03-01", Network: "x", N: 2, People: 1},
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("counted are\n%+v, %v; want\n%+v", got, err, want)
		}
	})
}

func TestCountsOutliveAFailedWrite(t *testing.T) {
	t.Parallel()
	log := &failing{times: 2}
	g := gather(log)
	g.Add(7, "x", 0, browser, noon)
	g.Flush(t.Context())
	g.Add(7, "x", 0, browser, noon) // added to what could not be written
	g.Add(7, "x", 0, crawler, noon)
	g.Add(7, "bluesky", 0, browser, noon)
	g.Flush(t.Context())
	g.Flush(t.Context())
	want := []events.ShareCount{{Edition: 7, Day: "2027-03-01", Network: "bluesky", People: 1}, {Edition: 7, Day: "2027-03-01", Network: "x", People: 2, Machines: 1}}
	if len(log.groups) != 1 || !slices.Equal(log.groups[0], want) {
		t.Errorf("written are %+v, want %+v once", log.groups, want)
	}
	g.Flush(t.Context())
	if len(log.groups) != 1 {
		t.Errorf("an empty group was written: %+v", log.groups)
	}
}

// Two nodes that write the same counts in different orders would wait for each
// other's rows.
func TestGroupsAreWrittenInOneOrder(t *testing.T) {
	t.Parallel()
	log := &failing{}
	g := gather(log)
	for i := range 100 {
		g.Add(int64(i%3), fmt.Sprint("network", i%7), i%5, browser, noon.AddDate(0, 0, i%2))
	}
	g.Flush(t.Context())
	order := func(a, b events.ShareCount) int {
		return strings.Compare(fmt.Sprint(a.Edition, a.Day, a.Network, a.N), fmt.Sprint(b.Edition, b.Day, b.Network, b.N))
	}
	if len(log.groups) != 1 || len(log.groups[0]) != 100 || !slices.IsSortedFunc(log.groups[0], order) {
		t.Errorf("a group of %d counts is not in the order of its keys", len(log.groups[0]))
	}
}

func TestCountsAreBounded(t *testing.T) {
	t.Parallel()
	const bound = 100_000
	log := &failing{times: 1}
	g := gather(log)
	for i := range bound + 10 {
		g.Add(int64(i), "x", 0, browser, noon)
	}
	g.Add(3, "x", 0, browser, noon) // what is known still counts
	g.Flush(t.Context())            // in vain: all are kept, and nothing beside them
	g.Add(-1, "x", 0, browser, noon)
	g.Flush(t.Context())
	if len(log.groups) != 1 || len(log.groups[0]) != bound {
		t.Fatalf("%d groups, the first of %d counts; want one of %d", len(log.groups), len(log.groups[0]), bound)
	}
	people := 0
	for _, c := range log.groups[0] {
		people += c.People
		if c.Edition >= bound || c.Edition < 0 {
			t.Fatalf("edition %d was counted beyond the bound", c.Edition)
		}
	}
	if people != bound+1 {
		t.Errorf("%d people were counted, want %d", people, bound+1)
	}
}

func TestRunWritesEachSecondAndAtItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &failing{}
		g := gather(log)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			g.Run(ctx)
		}()
		written := func() int {
			synctest.Wait()
			log.mu.Lock()
			defer log.mu.Unlock()
			return len(log.groups)
		}
		g.Add(7, "x", 0, browser, noon)
		time.Sleep(999 * time.Millisecond) // of the bubble's clock
		if n := written(); n != 0 {
			t.Errorf("before a second is over %d groups are written", n)
		}
		time.Sleep(2 * time.Millisecond)
		if n := written(); n != 1 {
			t.Errorf("after a second %d groups are written", n)
		}
		g.Add(7, "x", 0, browser, noon)
		stop()
		<-ended
		if n := written(); n != 2 {
			t.Errorf("after the end %d groups are written, want the last one too", n)
		}
	})
}

func TestSharesAreCountedAtOnce(t *testing.T) {
	t.Parallel()
	log := &failing{times: 5}
	g := gather(log)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 500 {
				g.Add(7, "x", 0, browser, noon)
			}
		})
		all.Go(func() { g.Flush(t.Context()) })
	}
	all.Wait()
	for range 6 {
		g.Flush(t.Context())
	}
	people := 0
	for _, group := range log.groups {
		for _, c := range group {
			people += c.People
		}
	}
	if people != 4000 {
		t.Errorf("%d of 4000 shares were counted", people)
	}
}

func TestMachinesAreToldApart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ua      string
		machine bool
	}{
		{"", true},
		{crawler, true},
		{"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", true},
		{"Mastodon/4.3.1 (http.rb/5.2.0; +https://social.example/)", true},
		{"Twitterbot/1.0", true},
		{"LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)", true},
		{"TelegramBot (like TwitterBot)", true},
		{"WhatsApp/2.23.20.0", true},
		{"curl/8.5.0", true},
		{"Go-http-client/2.0", true},
		{"python-requests/2.32", true},
		{"Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36", true},
		{"Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", true},
		{browser, false},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1", false},
		{"Mozilla/5.0 (Linux; Android 13; CUBOT X30) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36", false}, // a telephone
		{"Mozilla/5.0 (Linux; Android 13; CUBOT X30) AppleWebKit/537.36 (compatible; AdsBot-Google-Mobile)", true},
		{"Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36 Telegram-Android/10.14.5 (Google Pixel 8; Android 14; SDK 34; HIGH)", false}, // its browser
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/470.0]", false},
	} {
		if got := events.Machine(c.ua); got != c.machine {
			t.Errorf("%q is a machine: %t, want %t", c.ua, got, c.machine)
		}
	}
}
