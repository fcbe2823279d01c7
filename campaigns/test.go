package campaigns

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/mailaddr"
	"postrider/internal/notice"
	"postrider/templates"
)

// Tests keeps test mails, which are notices, and the addresses that they went to.
type Tests interface {
	// AddTests queues the notices and keeps the addresses to offer next time.
	AddTests(ctx context.Context, all []notice.Notice, remember []string, e audit.Entry) error
	// TestAddresses are those that were kept, the last used first.
	TestAddresses(ctx context.Context) ([]string, error)
}

const (
	maxTests    = 20            // addresses of one test
	maxRemember = 20            // addresses that are offered again
	testLife    = 2 * time.Hour // a test that comes later than this helps nobody
)

// TestMark begins the subject of a test mail, unless it is to look like the
// real one.
const TestMark = "[TEST] "

// Test mails what a campaign would send now to these addresses, as a notice: it
// goes ahead of editions and is counted nowhere. Merge tags show what stands in
// for a missing field, and links that would be a reader's own lead to a page
// that says so. plain leaves TestMark out of the subject. It returns the
// addresses as they were understood.
func (d *Desk) Test(ctx context.Context, actor, ref string, to []string, plain bool) ([]string, error) {
	to, err := testAddresses(to)
	if err != nil {
		return nil, err
	}
	o, err := d.Outlook(ctx, ref)
	if err != nil {
		return nil, err
	}
	if len(o.Recaps) == 0 {
		return nil, errs.Conflictf("there is nothing to test: no approved recap that these lists have not had")
	}
	known, err := d.Store.TestAddresses(ctx)
	if err != nil {
		return nil, err
	}
	now := d.Now()
	var all []notice.Notice
	for _, address := range to {
		all = append(all, testNotice(o, d.BaseURL, address, plain, now))
	}
	remember := each(append(slices.Clone(to), known...))
	remember = remember[:min(len(remember), maxRemember)]
	return to, d.Store.AddTests(ctx, all, remember, entry(now, actor, "tested", "campaign", int64(o.Campaign.ID), fmt.Sprintf("%d test mails", len(to))))
}

func testNotice(o Outlook, base, address string, plain bool, now time.Time) notice.Notice {
	own := base + OwnLinkPath
	values := map[string]string{"email": address, templates.SlotUnsubscribeURL: own, templates.SlotPreferencesURL: own}
	m := o.Content.Rendered.Mail
	n := notice.Notice{Kind: notice.Test, From: o.Campaign.Sender, ReplyTo: o.Campaign.ReplyTo, Subject: string(m.Subject.Fill(nil, values)),
		Text: string(m.Text.Fill(nil, values)), HTML: string(m.HTML.Fill(nil, values)), Expires: now.Add(testLife)}
	n.To.Address = address
	if !plain {
		n.Subject = TestMark + n.Subject
	}
	return n
}

// OwnLinkPath is the page that a reader's own links lead to in a test mail.
const OwnLinkPath = "/reader-link"

func testAddresses(raw []string) ([]string, error) {
	var out []string
	for _, s := range raw {
		a, err := mailaddr.Parse(strings.TrimSpace(s))
		if err != nil {
			return nil, &errs.Error{Kind: errs.Invalid, Field: "to", Err: err}
		}
		out = append(out, a.String())
	}
	switch out = each(out); {
	case len(out) == 0:
		return nil, bad("to", "name at least one address for the test mail")
	case len(out) > maxTests:
		return nil, bad("to", "a test goes to at most %d addresses: these are %d", maxTests, len(out))
	}
	return out, nil
}
