package campaigns

import (
	"context"
	"time"

	"postrider/internal/errs"
	"postrider/internal/notice"
	"postrider/recaps"
	"postrider/templates"
)

// TestRecap mails a recap as it would look to these addresses, before there is
// any campaign: a notice, counted nowhere. ref is its slug or id. The
// organisation's sender has to be set, else it is a Conflict.
func (d *Desk) TestRecap(ctx context.Context, actor, ref string, to []string) error {
	to, err := testAddresses(to)
	if err != nil {
		return err
	}
	org, err := d.organisation(ctx)
	if err != nil {
		return err
	}
	if org.Sender == "" {
		return errs.Conflictf("set the sender first: a mail comes from somebody")
	}
	recap, err := d.Library.Get(ctx, ref)
	if err != nil {
		return err
	}
	c := Campaign{Sender: org.Sender, ReplyTo: org.ReplyTo}
	input := d.Input(c, org, []recaps.Saved{recap})
	input.Published = d.Now()
	rendered, err := templates.Render(input)
	if err != nil {
		return err
	}
	now := d.Now()
	o := Outlook{Campaign: c, Content: Content{Input: input, Rendered: rendered}}
	var all []notice.Notice
	for _, address := range to {
		all = append(all, testNotice(o, d.BaseURL, address, false, now))
	}
	return d.tests(ctx, actor, all, now, "recap", int64(recap.ID))
}

// TestMail mails a few words to an address, to show that mail works.
func (d *Desk) TestMail(ctx context.Context, actor, to, subject, text string) error {
	all, err := testAddresses([]string{to})
	if err != nil {
		return err
	}
	org, err := d.organisation(ctx)
	if err != nil {
		return err
	}
	if org.Sender == "" {
		return errs.Conflictf("set the sender first: a mail comes from somebody")
	}
	now := d.Now()
	n := notice.Notice{Kind: notice.Test, From: org.Sender, ReplyTo: org.ReplyTo, Subject: TestMark + subject, Text: text, Expires: now.Add(testLife)}
	n.To.Address = all[0]
	return d.tests(ctx, actor, []notice.Notice{n}, now, "organisation", 1)
}

func (d *Desk) tests(ctx context.Context, actor string, all []notice.Notice, now time.Time, kind string, object int64) error {
	known, err := d.Store.TestAddresses(ctx)
	if err != nil {
		return err
	}
	var remember []string
	for _, n := range all {
		remember = append(remember, n.To.Address)
	}
	remember = each(append(remember, known...))
	return d.Store.AddTests(ctx, all, remember[:min(len(remember), maxRemember)], entry(now, actor, "tested", kind, object, "test mail"))
}
