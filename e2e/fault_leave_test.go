package e2e_test

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"postrider/store/storetest"
)

// TestLeavingWhileMailsAreLeased: people unsubscribe in any order while their
// rows are queued, leased and sent. Who has had the 200 for a second gets no
// mail any more.
func TestLeavingWhileMailsAreLeased(t *testing.T) {
	t.Parallel()
	people := times(t, 400, 5000)
	storetest.EachURL(t, func(t *testing.T, db string) {
		s := newSite(t, db, newCounter(t, 100*time.Millisecond), 8)
		s.readers(people)
		paths := s.leaving()
		id := s.edition()
		_, base := s.pages()
		s.relay.until(t, 10)
		gone := leaveAll(t, base, paths)
		s.untilSent(id, 5*time.Minute)
		s.judge(id, 0)
		late, spared := 0, 0
		for email, at := range gone {
			for _, when := range s.relay.took[email] {
				if when.Sub(at) > time.Second {
					late++
				}
			}
			if len(s.relay.took[email]) == 0 {
				spared++
			}
		}
		if len(gone) != people || late != 0 {
			t.Errorf("of %d people %d have left, and %d had a mail more than a second later", people, len(gone), late)
		}
		if spared == 0 || spared == people {
			t.Errorf("%d of %d were spared the mail: this proves nothing", spared, people)
		}
		if n := s.count(`SELECT count(*) FROM memberships WHERE state <> 'unsubscribed'`); n != 0 {
			t.Errorf("%d memberships are left of %d people who have left", n, people)
		}
		t.Logf("figures: %d people left while %d of them were mailed: %d mails later than a second after the answer", people, people-spared, late)
	})
}

// leaveAll unsubscribes everybody, several at once and in no order, and returns
// when each had the 200.
func leaveAll(t *testing.T, base string, paths map[string]string) map[string]time.Time {
	t.Helper()
	var who []string
	for email := range paths {
		who = append(who, email)
	}
	rand.New(rand.NewPCG(11, 0)).Shuffle(len(who), func(i, j int) { who[i], who[j] = who[j], who[i] })
	gone := map[string]time.Time{}
	var mu sync.Mutex
	var all sync.WaitGroup
	next := make(chan string)
	for range 4 {
		all.Go(func() {
			for email := range next {
				if at, ok := left(t, base+paths[email]); ok {
					mu.Lock()
					gone[email] = at
					mu.Unlock()
				}
			}
		})
	}
	for _, email := range who {
		next <- email
	}
	close(next)
	all.Wait()
	return gone
}

// left unsubscribes one, as often as it is asked to come back later.
func left(t *testing.T, link string) (time.Time, bool) {
	for range 100 {
		r, err := http.NewRequest(http.MethodPost, link, strings.NewReader("List-Unsubscribe=One-Click"))
		if err != nil {
			t.Error(err)
			return time.Time{}, false
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, err := browser.Do(r)
		if err != nil {
			t.Error(err)
			return time.Time{}, false
		}
		_ = answer.Body.Close() // only its status counts
		switch answer.StatusCode {
		case http.StatusOK:
			return time.Now(), true
		case http.StatusServiceUnavailable, http.StatusTooManyRequests:
			time.Sleep(50 * time.Millisecond) // it asked us to
		default:
			t.Errorf("unsubscribing: status %d", answer.StatusCode)
			return time.Time{}, false
		}
	}
	t.Errorf("unsubscribing was put off a hundred times")
	return time.Time{}, false
}
