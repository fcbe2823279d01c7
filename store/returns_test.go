package store_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/events/bounces"
	"postrider/internal/tokens"
	"postrider/store/storetest"
	"postrider/subscribers"
)

// post is a newsroom with somebody who sorts what comes back.
type post struct {
	*newsroom
	keys   tokens.Keys
	sorter *bounces.Sorter
	mails  int
}

func inPosts(t *testing.T, f func(t *testing.T, p *post)) {
	t.Helper()
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		keys := must[tokens.Keys](t)(tokens.New(bytes.Repeat([]byte{9}, 32)))
		f(t, &post{newsroom: n, keys: keys, sorter: &bounces.Sorter{Store: n.Store, Keys: keys, Now: n.Now, Log: slog.New(slog.DiscardHandler)}})
	})
}

// sent makes an edition whose mails are all accepted.
func (p *post) sent(t *testing.T) campaigns.EditionID {
	t.Helper()
	e := p.sending(t, "news")
	storetest.Exec(t, p.Store, `UPDATE recipients SET state = 'accepted', attempts = 1, updated_at = $2 WHERE edition_id = $1`, int64(e), p.Now().UnixMilli())
	return e
}

func (p *post) recipient(t *testing.T, e campaigns.EditionID, email string) int64 {
	t.Helper()
	return storetest.One[int64](t, p.Store, fmt.Sprintf(`SELECT id FROM recipients WHERE edition_id = %d AND subscriber_id = %d`, int64(e), int64(p.find(t, email))))
}

func (p *post) verp(t *testing.T, e campaigns.EditionID, email string) string {
	t.Helper()
	return "b-" + p.keys.Verp(tokens.Bounce, p.recipient(t, e, email)) + "@org.example"
}

// mail writes a returned mail, each with a Message-ID of its own.
func (p *post) mail(to, about, diagnostic, header string) []byte {
	p.mails++
	return []byte(fmt.Sprintf("From: MAILER-DAEMON@mx.example.org\nReturn-Path: <>\nTo: <%s>\nDate: Mon, 1 Mar 2027 12:00:00 +0000\nMessage-ID: <%d@mx.example.org>\n"+
		"Subject: Undelivered Mail Returned to Sender\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"+
		"--b\n\nIt could not be delivered.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n"+
		"Final-Recipient: rfc822; %s\nAction: failed\nDiagnostic-Code: smtp; %s\n--b\nContent-Type: text/rfc822-headers\n\n%sSubject: News\n--b--\n",
		to, p.mails, about, diagnostic, header))
}

func (p *post) take(t *testing.T, raw []byte) bounces.Taken {
	t.Helper()
	return must[bounces.Taken](t)(p.sorter.Take(ctx, raw, "test"))
}

func (p *post) addressState(t *testing.T, email string) subscribers.AddressState {
	t.Helper()
	return must[subscribers.Subscriber](t)(p.reg.Find(ctx, email)).AddressState
}

const (
	gone = "550 5.1.1 user unknown"
	full = "552 5.2.2 mailbox full"
)

// TestSureReturnStopsAtOnceAndOnce: whoever surely does not exist gets nothing
// more, and the same mail read again changes nothing.
func TestSureReturnStopsAtOnceAndOnce(t *testing.T) {
	inPosts(t, func(t *testing.T, p *post) {
		p.join(t, "news", emails(0, 3)...)
		e := p.sent(t)
		next := p.sending(t, "news") // frozen before anything came back
		raw := p.mail(p.verp(t, e, "r0000@example.org"), "r0000@example.org", gone, "")
		if got, want := p.take(t, raw), (bounces.Taken{Entries: 1, Recorded: 1, Stopped: 1}); got != want {
			t.Errorf("taken %+v, want %+v", got, want)
		}
		before := storetest.Column[string](t, p.Store, `SELECT action FROM audit_log WHERE actor = 'returns'`)
		// On its way a mail gets more fields, and other line ends.
		again := append([]byte("Delivered-To: somebody@org.example\r\n"), bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))...)
		for _, r := range [][]byte{raw, again} {
			if got, want := p.take(t, r), (bounces.Taken{Entries: 1, Known: 1}); got != want {
				t.Errorf("taken again %+v, want %+v", got, want)
			}
		}
		if n := storetest.One[int64](t, p.Store, `SELECT count(*) FROM events WHERE kind = 'bounce'`); n != 1 {
			t.Errorf("%d events, want 1", n)
		}
		if after := storetest.Column[string](t, p.Store, `SELECT action FROM audit_log WHERE actor = 'returns'`); !slices.Equal(before, []string{"marked"}) || !slices.Equal(after, before) {
			t.Errorf("the audit log has %q, then %q; want one line", before, after)
		}
		if a, b := p.addressState(t, "r0000@example.org"), p.addressState(t, "r0001@example.org"); a != subscribers.AddressBounced || b != subscribers.AddressOK {
			t.Errorf("addresses are %s and %s, want bounced and ok", a, b)
		}
		if f := p.figures(t, next); f.Suppressed != 1 || f.Queued != 2 {
			t.Errorf("the edition on its way: %+v, want one withdrawn", f)
		}
	})
}

// TestForgedReturnsCountForNothing: whoever lacks a token of ours cannot stop anybody.
func TestForgedReturnsCountForNothing(t *testing.T) {
	inPosts(t, func(t *testing.T, p *post) {
		p.join(t, "news", emails(0, 2)...)
		e := p.sent(t)
		token := p.verp(t, e, "r0000@example.org")
		letter := byte('a')
		if token[4] == letter {
			letter = 'b'
		}
		wrong := token[:4] + string(letter) + token[5:]
		link := "List-Unsubscribe: <https://news.org.example/u/" + p.keys.Token(tokens.Preferences, p.recipient(t, e, "r0000@example.org")) + ">\n"
		for i := range 3 {
			for name, raw := range map[string][]byte{
				"no token":                p.mail("news@org.example", "r0000@example.org", gone, ""),
				"a changed token":         p.mail(wrong, "r0000@example.org", gone, ""),
				"a token without its MAC": p.mail("b-"+strings.Repeat("a", 29)+"@org.example", "r0000@example.org", gone, ""),
				"another purpose's token": p.mail("news@org.example", "r0000@example.org", gone, link),
				"a Message-ID of ours":    p.mail("news@org.example", "r0000@example.org", gone, "Message-ID: <0000000000000.0000000000000@org.example>\n"),
			} {
				if got := p.take(t, raw); got.Stopped != 0 {
					t.Errorf("%s, time %d: %+v", name, i, got)
				}
			}
		}
		if s := p.addressState(t, "r0000@example.org"); s != subscribers.AddressOK {
			t.Errorf("forged mails made the address %s", s)
		}
		if n := storetest.One[int64](t, p.Store, `SELECT count(*) FROM events WHERE kind = 'bounce'`); n != 0 {
			t.Errorf("%d forged events count", n)
		}
		if got := p.take(t, p.mail("news@org.example", "stranger@example.org", gone, "")); got.Unmatched != 1 {
			t.Errorf("about a stranger: %+v", got)
		}
	})
}

// TestTheHeaderThatComesBackIsProof: with a fixed sender the returned mail's own
// link or envelope sender tells that it was ours.
func TestTheHeaderThatComesBackIsProof(t *testing.T) {
	inPosts(t, func(t *testing.T, p *post) {
		p.join(t, "news", emails(0, 2)...)
		e := p.sent(t)
		link := "List-Unsubscribe:\n <https://news.org.example/u/" + p.keys.Token(tokens.Unsubscribe, p.recipient(t, e, "r0000@example.org")) + ">\n"
		path := "Return-Path: <" + p.verp(t, e, "r0001@example.org") + ">\n"
		p.take(t, p.mail("news@org.example", "r0000@example.org", gone, link))
		p.take(t, p.mail("news@org.example", "r0001@example.org", gone, path))
		for _, email := range emails(0, 2) {
			if s := p.addressState(t, email); s != subscribers.AddressBounced {
				t.Errorf("%s is %s, want bounced", email, s)
			}
		}
	})
}

// TestDoubtsCountTwice: what is not sure stops a reader when another mail comes
// back like it within 30 days.
func TestDoubtsCountTwice(t *testing.T) {
	inPosts(t, func(t *testing.T, p *post) {
		p.join(t, "news", emails(0, 2)...)
		one := p.sent(t)
		filtered := "550 5.7.1 unknown user"
		// A forwarded mail failed at an address that we do not know.
		p.take(t, p.mail(p.verp(t, one, "r0001@example.org"), "elsewhere@example.com", gone, ""))
		for range 2 { // two mails about one of ours are one doubt
			p.take(t, p.mail(p.verp(t, one, "r0000@example.org"), "r0000@example.org", filtered, ""))
		}
		if a, b := p.addressState(t, "r0000@example.org"), p.addressState(t, "r0001@example.org"); a != subscribers.AddressOK || b != subscribers.AddressOK {
			t.Fatalf("after one doubt the addresses are %s and %s", a, b)
		}
		p.clock.forward(31 * 24 * time.Hour)
		two := p.sent(t)
		p.take(t, p.mail(p.verp(t, two, "r0000@example.org"), "r0000@example.org", filtered, ""))
		if s := p.addressState(t, "r0000@example.org"); s != subscribers.AddressOK {
			t.Errorf("a doubt of 31 days ago made the address %s", s)
		}
		three := p.sent(t)
		p.take(t, p.mail(p.verp(t, three, "r0000@example.org"), "r0000@example.org", filtered, ""))
		if s := p.addressState(t, "r0000@example.org"); s != subscribers.AddressBounced {
			t.Errorf("two doubts within 30 days made the address %s, want bounced", s)
		}
	})
}

// TestFullMailboxesRest: five mails in a row over two weeks, and the reader
// gets nothing for a while; what is about us never counts.
func TestFullMailboxesRest(t *testing.T) {
	inPosts(t, func(t *testing.T, p *post) {
		p.join(t, "news", emails(0, 3)...)
		for i := range 5 {
			e := p.sent(t)
			p.take(t, p.mail(p.verp(t, e, "r0001@example.org"), "r0001@example.org", "550 5.7.1 blocked using spamhaus", ""))
			if i != 2 { // one of r0002's arrives
				p.take(t, p.mail(p.verp(t, e, "r0002@example.org"), "r0002@example.org", full, ""))
			}
			got := p.take(t, p.mail(p.verp(t, e, "r0000@example.org"), "r0000@example.org", full, ""))
			if want := i >= 4; (got.Stopped == 1) != want {
				t.Errorf("return %d stops: %+v, want %t", i+1, got, want)
			}
			p.clock.forward(4 * 24 * time.Hour)
		}
		paused := storetest.Column[int64](t, p.Store, `SELECT m.subscriber_id FROM memberships m WHERE m.paused_until > 0`)
		if want := []int64{int64(p.find(t, "r0000@example.org"))}; !slices.Equal(paused, want) {
			t.Errorf("paused are %v, want %v", paused, want)
		}
		for _, email := range emails(0, 3) {
			if s := p.addressState(t, email); s != subscribers.AddressOK {
				t.Errorf("%s is %s", email, s)
			}
		}
	})
}

// TestComplaintStopsAllLists, whatever else is known, and it settles what was
// not certain.
func TestComplaintStopsAllLists(t *testing.T) {
	inPosts(t, func(t *testing.T, p *post) {
		p.join(t, "news", emails(0, 1)...)
		p.join(t, "other", emails(0, 1)...)
		e := p.sent(t)
		other := p.sending(t, "other")
		storetest.Exec(t, p.Store, `UPDATE recipients SET state = 'unknown' WHERE edition_id = $1`, int64(e))
		raw := []byte("From: fbl@example.com\nTo: abuse@org.example\nMessage-ID: <1@example.com>\nDate: now\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n" +
			"--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: x\n\n--b\nContent-Type: message/rfc822\n\n" +
			"List-Unsubscribe: <https://news.org.example/u/" + p.keys.Token(tokens.Unsubscribe, p.recipient(t, e, "r0000@example.org")) + ">\nTo: redacted@example.org\n\nx\n--b--\n")
		if got, want := p.take(t, raw), (bounces.Taken{Entries: 1, Recorded: 1, Stopped: 1}); got != want {
			t.Errorf("taken %+v, want %+v", got, want)
		}
		if s := p.addressState(t, "r0000@example.org"); s != subscribers.AddressComplained {
			t.Errorf("the address is %s, want complained", s)
		}
		if f := p.figures(t, other); f.Suppressed != 1 {
			t.Errorf("another list's edition: %+v, want the reader withdrawn", f)
		}
		if n := must[int](t)(p.ApplyEvidence(ctx)); n != 1 {
			t.Errorf("%d uncertain were settled, want 1", n)
		}
		// A bounce afterwards never lowers it.
		p.take(t, p.mail(p.verp(t, e, "r0000@example.org"), "r0000@example.org", gone, ""))
		if s := p.addressState(t, "r0000@example.org"); s != subscribers.AddressComplained {
			t.Errorf("after a bounce the address is %s", s)
		}
	})
}

// TestOneMailIsTakenOnceByMany: readers of the same mailbox at once.
func TestOneMailIsTakenOnceByMany(t *testing.T) {
	inPosts(t, func(t *testing.T, p *post) {
		p.join(t, "news", emails(0, 1)...)
		e := p.sent(t)
		raw := p.mail(p.verp(t, e, "r0000@example.org"), "r0000@example.org", gone, "")
		var all sync.WaitGroup
		var mu sync.Mutex
		recorded := 0
		for range 8 {
			all.Go(func() {
				got, err := p.sorter.Take(ctx, raw, "test")
				mu.Lock()
				defer mu.Unlock()
				if recorded += got.Recorded; err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if recorded != 1 {
			t.Errorf("recorded %d times, want once", recorded)
		}
	})
}

// TestForgottenReadersLeaveNoWords: what servers said of somebody goes with them.
func TestForgottenReadersLeaveNoWords(t *testing.T) {
	inPosts(t, func(t *testing.T, p *post) {
		p.join(t, "news", emails(0, 1)...)
		e := p.sent(t)
		verp := p.verp(t, e, "r0000@example.org")
		p.take(t, p.mail(verp, "r0000@example.org", "552 5.2.2 <r0000@example.org> mailbox full", ""))
		p.reg.Hash = func(string) []string { return []string{"hash"} }
		if err := p.reg.Forget(ctx, "test", p.find(t, "r0000@example.org")); err != nil {
			t.Fatal(err)
		}
		p.take(t, p.mail(verp, "r0000@example.org", "550 5.1.1 <r0000@example.org> unknown", ""))
		for _, words := range storetest.Column[string](t, p.Store, `SELECT answer FROM returns`) {
			if words != "" {
				t.Errorf("%q is still known", words)
			}
		}
	})
}
