// Package notice is a notice as a plain value: a mail that is no edition, such
// as a confirmation, an invitation or an alert. Whoever has a cause for one
// makes it; the store keeps it in the transaction of its cause; the Courier
// sends it ahead of editions.
package notice

import (
	"net/mail"
	"time"

	"postrider/internal/errs"
	"postrider/internal/mailaddr"
)

// Kind says what a notice is for, in snake_case: "alert", "test",
// "confirmation". It shows in reports, never to readers.
type Kind string

// Alert tells the team that something needs a person; Test shows that mail
// works; Invitation asks somebody into the team.
const (
	Alert      Kind = "alert"
	Test       Kind = "test"
	Invitation Kind = "invitation"
	// Confirmation asks whoever signed up to press a button.
	Confirmation Kind = "confirmation"
	// Welcome greets whoever joined a list.
	Welcome Kind = "welcome"
	// Request asks a reader to confirm what their own page was asked for.
	Request Kind = "request"
)

// Notice is one mail to one person.
type Notice struct {
	Kind    Kind
	To      mail.Address
	From    string // "News <news@org.example>"
	ReplyTo string
	Subject string
	Text    string
	HTML    string    // empty: the mail has a text part only made into simple HTML
	Expires time.Time // not sent after this time; zero: 48 h after it was made
}

// Validate reports the first thing that keeps a notice from being sent.
func (n Notice) Validate() error {
	bad := func(field, text string, err error) error {
		return &errs.Error{Kind: errs.Invalid, Field: field, Text: text, Err: err}
	}
	if n.Kind == "" {
		return bad("kind", "say what the notice is for", nil)
	}
	if _, err := mailaddr.Parse(n.To.Address); err != nil {
		return bad("to", "", err)
	}
	if _, err := mailaddr.ParseFrom(n.From); err != nil {
		return bad("from", "", err)
	}
	if n.Subject == "" || n.Text == "" {
		return bad("subject", "a notice needs a subject and a text", nil)
	}
	return nil
}

// SenderDomain is the domain of From, empty where From is no address.
func (n Notice) SenderDomain() string {
	from, err := mailaddr.ParseFrom(n.From)
	if err != nil {
		return ""
	}
	a, err := mailaddr.Parse(from.Address)
	if err != nil {
		return ""
	}
	return a.Domain()
}
