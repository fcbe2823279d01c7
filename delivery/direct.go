package delivery

import (
	"context"
	"fmt"
	"time"

	"postrider/campaigns"
	"postrider/internal/tokens"
	"postrider/subscribers"
	"postrider/templates"
)

// Wire hands an edition to readers over one connection and records nothing:
// the measure that a ledger is held against. next gives the readers until it
// returns false. The first mail that is not accepted ends it.
func Wire(ctx context.Context, m Mailer, relay RelayConfig, e campaigns.Edition, mail templates.Mail, keys tokens.Keys, next func() (subscribers.Subscriber, bool)) error {
	l, err := compile(m, e, Content{Mail: mail, BaseURL: "https://localhost"}, keys)
	if err != nil {
		return err
	}
	conn, err := m.Dial(ctx, relay)
	if err != nil {
		return err
	}
	defer conn.Close()
	granted := make(chan error)
	close(granted) // a closed channel gives nil: every mail is granted
	var message Message
	for n := RecipientID(1); ; n++ {
		reader, ok := next()
		if !ok {
			return nil
		}
		var envelope Envelope
		if message, envelope, err = l.splice(message, Leased{ID: n, Edition: e.ID, Subscriber: reader}, time.Now(), Relay{}); err != nil {
			return err
		}
		if a := conn.Hand(ctx, envelope, message, func() <-chan error { return granted }); a.Lost || a.Reply.Code >= 300 {
			return fmt.Errorf("mail %d was not accepted at %s: %d %s %w", n, a.Stage, a.Reply.Code, a.Reply.Text, a.Err)
		}
	}
}
