package delivery_test

import (
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/internal/smtptest"
	"postrider/subscribers"
)

// outcome is what may have become of a recipient: one of the states, what its
// address is then, and how many mails the relay keeps.
type outcome struct {
	states  []delivery.State
	address subscribers.AddressState
	kept    []int
}

func only(kept int, states ...delivery.State) outcome {
	return outcome{states: states, address: subscribers.AddressOK, kept: []int{kept}}
}

var (
	gotIt     = only(1, delivery.Accepted)
	waits     = only(0, delivery.Deferred)
	untouched = only(0, delivery.Queued)
	stays     = only(0, delivery.Queued, delivery.Deferred) // the edition stands still
	turned    = only(0, delivery.Refused)
	bounced   = outcome{states: []delivery.State{delivery.Refused}, address: subscribers.AddressBounced, kept: []int{0}}
	lostOne   = only(0, delivery.Unknown)
	tookOne   = only(1, delivery.Unknown)
	// Whether the dot left before the relay's end of the line was noticed is a race.
	eitherSide = outcome{states: []delivery.State{delivery.Unknown, delivery.Deferred}, address: subscribers.AddressOK, kept: []int{0}}
	// A reset may overtake the 250 that was said before it.
	saidOrNot = outcome{states: []delivery.State{delivery.Accepted, delivery.Unknown}, address: subscribers.AddressOK, kept: []int{1}}
	someWait  = outcome{states: []delivery.State{delivery.Accepted, delivery.Deferred}, address: subscribers.AddressOK, kept: []int{0, 1}}
)

// fault is one row of the relay matrix. Lines of the script with {} are there
// for each victim: four of the readers, whatever the audience.
type fault struct {
	name    string
	script  string
	victims outcome // zero: no victims
	others  outcome // zero: they get it
	edition campaigns.EditionState
	cause   campaigns.Cause

	offer    []smtptest.Option
	config   func(*delivery.RelayConfig)
	trust    bool          // the server's authority
	dot      time.Duration // to wait after the final dot
	utf8     bool          // the victims' addresses need SMTPUTF8
	dials    int           // not zero: look after so many connections, nobody gets further
	accepted int           // not zero: how many
}

const (
	shortReply = 400 * time.Millisecond
	anyState   = campaigns.EditionState("any") // sent or sending, as the race went
)

func impatient(c *delivery.RelayConfig) { c.ReplyTimeout = shortReply }
func secured(c *delivery.RelayConfig)   { c.TLS = delivery.TLSRequired }
func loggedIn(c *delivery.RelayConfig)  { c.Username, c.Password = "news", "secret" }
func quickDial(c *delivery.RelayConfig) { c.DialTimeout = shortReply }
func withTLS(c smtptest.Certificate) []smtptest.Option {
	return []smtptest.Option{smtptest.STARTTLS(c)}
}

var withLogIn = []smtptest.Option{smtptest.Auth("news", "secret", "PLAIN")}

// matrix is the table of faults. States that are not said are sent.
var matrix = []fault{
	{name: "no fault", script: ""},
	// Connecting.
	{name: "421 at connect, once", script: "CONNECT 1 -> 421 4.3.2 too busy; drop"},
	{name: "421 at connect", script: "CONNECT -> 421 4.3.2 too busy; drop", others: untouched, dials: 2, edition: campaigns.Sending},
	{name: "554 at connect", script: "CONNECT -> 554 5.7.1 not you; drop", others: untouched, edition: campaigns.Held, cause: campaigns.CauseRelay},
	{name: "dropped at connect, once", script: "CONNECT 1 -> drop"},
	{name: "reset at connect", script: "CONNECT -> rst", others: untouched, dials: 2, edition: campaigns.Sending},
	{name: "10 MB banner", script: "CONNECT -> flood 10000000", others: untouched, dials: 2, edition: campaigns.Sending},
	{name: "silent at connect", script: "CONNECT -> hang", config: quickDial, others: untouched, dials: 2, edition: campaigns.Sending},
	{name: "banner of two lines", script: `CONNECT -> 220 mail.example.org\nESMTP`},
	{name: "slow banner", script: "CONNECT -> slow 2ms"},
	{name: "half a banner, once", script: "CONNECT 1 -> half"},
	{name: "550 to EHLO", script: "EHLO -> 550 5.7.1 not you", others: untouched, edition: campaigns.Held, cause: campaigns.CauseRelay},
	// TLS and log-in.
	{name: "STARTTLS not offered", config: secured, others: untouched, edition: campaigns.Held, cause: campaigns.CauseRelay},
	{name: "STARTTLS refused", script: "STARTTLS -> 502 5.5.1 no", offer: withTLS(smtptest.Valid), config: secured, trust: true, others: untouched, edition: campaigns.Held, cause: campaigns.CauseRelay},
	{name: "454 to STARTTLS, once", script: "STARTTLS -> 454 4.7.0 later\nSTARTTLS -> ok", offer: withTLS(smtptest.Valid), config: secured, trust: true},
	{name: "dropped at STARTTLS, once", script: "STARTTLS -> drop\nSTARTTLS -> ok", offer: withTLS(smtptest.Valid), config: secured, trust: true},
	{name: "expired certificate", offer: withTLS(smtptest.Expired), config: secured, trust: true, others: untouched, edition: campaigns.Held, cause: campaigns.CauseRelay},
	{name: "certificate of another", offer: withTLS(smtptest.WrongName), config: secured, trust: true, others: untouched, edition: campaigns.Held, cause: campaigns.CauseRelay},
	{name: "certificate of nobody known", offer: withTLS(smtptest.Valid), config: secured, others: untouched, edition: campaigns.Held, cause: campaigns.CauseRelay},
	{name: "TLS", offer: withTLS(smtptest.Valid), config: secured, trust: true},
	{name: "535 to AUTH", script: "AUTH -> 535 5.7.8 wrong", offer: withLogIn, config: loggedIn, others: untouched, edition: campaigns.Held, cause: campaigns.CauseRelay},
	{name: "454 to AUTH", script: "AUTH -> 454 4.7.0 later", offer: withLogIn, config: loggedIn, others: untouched, dials: 2, edition: campaigns.Sending},
	{name: "454 to AUTH, once", script: "AUTH -> 454 4.7.0 later\nAUTH -> ok", offer: withLogIn, config: loggedIn},
	// MAIL.
	{name: "451 to MAIL", script: "MAIL -> 451 4.3.0 later", others: waits, edition: campaigns.Sending},
	{name: "452 to MAIL", script: "MAIL -> 452 4.3.1 disk", others: waits, edition: campaigns.Sending},
	{name: "421 to MAIL", script: "MAIL -> 421 4.7.0 too much; drop", others: waits, edition: campaigns.Sending},
	{name: "553 to MAIL", script: "MAIL -> 553 5.1.8 no such sender", others: stays, edition: campaigns.Held, cause: campaigns.CauseAnswers},
	{name: "530 to MAIL", script: "MAIL -> 530 5.7.0 log in", others: stays, edition: campaigns.Held, cause: campaigns.CauseAnswers},
	{name: "SIZE exceeded", script: "MAIL -> 552 5.3.4 too big", offer: []smtptest.Option{smtptest.Offer("SIZE 1000")}, others: stays, edition: campaigns.Held, cause: campaigns.CauseAnswers},
	{name: "quota used up", script: "MAIL -> 550 5.4.5 Daily SMTP relay sending limit exceeded", others: stays, edition: campaigns.Held, cause: campaigns.CauseRelay},
	{name: "dropped at MAIL, twice", script: "MAIL -> drop\nMAIL -> drop\nMAIL -> ok"},
	{name: "half a reply to MAIL, once", script: "MAIL -> half\nMAIL -> ok"},
	// RCPT.
	{name: "421 to RCPT", script: "RCPT {} -> 421 4.3.2 busy; drop", victims: waits, edition: campaigns.Sending},
	{name: "450 to RCPT", script: "RCPT {} -> 450 4.2.1 busy", victims: waits, edition: campaigns.Sending},
	{name: "451 to RCPT", script: "RCPT {} -> 451 4.7.1 greylisted", victims: waits, edition: campaigns.Sending},
	{name: "452 to RCPT", script: "RCPT {} -> 452 4.2.2 full for now", victims: waits, edition: campaigns.Sending},
	{name: "550 5.1.1 to RCPT", script: "RCPT {} -> 550 5.1.1 no such user", victims: bounced},
	{name: "550 in words to RCPT", script: "RCPT {} -> 550 User unknown", victims: bounced},
	{name: "553 5.1.3 to RCPT", script: "RCPT {} -> 553 5.1.3 syntax", victims: bounced},
	{name: "556 to RCPT", script: "RCPT {} -> 556 5.1.10 null MX", victims: bounced},
	{name: "550 of three lines to RCPT", script: `RCPT {} -> 550 5.1.1 The account\n5.1.1 that you tried\n5.1.1 does not exist`, victims: bounced},
	{name: "550 5.7.1 to RCPT", script: "RCPT {} -> 550 5.7.1 not welcome", victims: waits, edition: campaigns.Sending},
	{name: "550 5.7.1 to every RCPT", script: "RCPT -> 550 5.7.1 not welcome", others: stays, edition: campaigns.Held, cause: campaigns.CauseAnswers},
	{name: "relaying denied", script: "RCPT -> 554 5.7.1 Relay access denied", others: stays, edition: campaigns.Held, cause: campaigns.CauseAnswers},
	{name: "552 to RCPT", script: "RCPT {} -> 552 5.2.2 mailbox full", victims: turned},
	{name: "554 to RCPT", script: "RCPT {} -> 554 5.2.1 mailbox disabled", victims: turned},
	{name: "550 without a reason to RCPT", script: "RCPT {} -> 550 no", victims: turned},
	{name: "250 of two lines to RCPT", script: `RCPT {} -> 250 2.1.5 fine\n2.1.5 really`, victims: gotIt},
	{name: "slow reply to RCPT", script: "RCPT {} -> slow 2ms", victims: gotIt},
	{name: "354 to RCPT", script: "RCPT {} -> 354 what?", victims: waits, edition: campaigns.Sending},
	{name: "half a reply to RCPT", script: "RCPT {} -> half", victims: waits, edition: campaigns.Sending},
	{name: "dropped at RCPT", script: "RCPT {} -> drop", victims: waits, edition: campaigns.Sending},
	{name: "dropped before DATA", script: "RCPT {} -> ok; drop", victims: waits, edition: campaigns.Sending},
	{name: "silent at RCPT", script: "RCPT {} -> hang", config: impatient, victims: waits, edition: campaigns.Sending},
	{name: "no SMTPUTF8", offer: []smtptest.Option{smtptest.Without("SMTPUTF8")}, utf8: true, victims: turned},
	{name: "SMTPUTF8", utf8: true, victims: gotIt},
	{name: "rate limit after ten", script: "RCPT -> ok\nRCPT -> ok\nRCPT -> ok\nRCPT -> ok\nRCPT -> ok\nRCPT -> ok\nRCPT -> ok\nRCPT -> ok\nRCPT -> ok\nRCPT -> ok\nRCPT -> 450 4.7.1 too much mail",
		others: someWait, accepted: 10, edition: campaigns.Sending},
	// DATA.
	{name: "451 to DATA", script: "DATA {} -> 451 4.3.0 later", victims: waits, edition: campaigns.Sending},
	{name: "421 to DATA", script: "DATA {} -> 421 4.3.0 closing; drop", victims: waits, edition: campaigns.Sending},
	{name: "554 to DATA", script: "DATA {} -> 554 5.5.1 no valid recipients", victims: waits, edition: campaigns.Sending},
	{name: "dropped at DATA", script: "DATA {} -> drop", victims: waits, edition: campaigns.Sending},
	{name: "reset at DATA", script: "DATA {} -> rst", victims: waits, edition: campaigns.Sending},
	{name: "silent at DATA", script: "DATA {} -> hang", config: impatient, victims: waits, edition: campaigns.Sending},
	{name: "dropped after 354", script: "DATA {} -> ok; drop", victims: eitherSide, edition: anyState},
	{name: "dropped in the text", script: "BODY {} -> drop", victims: eitherSide, edition: anyState},
	// The final dot.
	{name: "451 to the dot", script: "DOT {} -> 451 4.3.0 later", victims: waits, edition: campaigns.Sending},
	{name: "452 to the dot", script: "DOT {} -> 452 4.3.1 disk", victims: waits, edition: campaigns.Sending},
	{name: "421 to the dot", script: "DOT {} -> 421 4.3.2 closing; drop", victims: waits, edition: campaigns.Sending},
	{name: "550 5.1.1 to the dot", script: "DOT {} -> 550 5.1.1 no such user", victims: bounced},
	{name: "552 to the dot", script: "DOT {} -> 552 5.2.2 mailbox full", victims: turned},
	{name: "554 spam to the dot", script: "DOT {} -> 554 5.7.1 spam", victims: waits, edition: campaigns.Sending},
	{name: "554 in words to the dot", script: "DOT {} -> 554 this looks like spam", victims: waits, edition: campaigns.Sending},
	{name: "dropped after the dot", script: "DOT {} -> drop", victims: lostOne},
	{name: "reset after the dot", script: "DOT {} -> rst", victims: lostOne},
	{name: "kept, then dropped before the 250", script: "DOT {} -> drop-after-250", victims: tookOne},
	{name: "kept, then reset before the 250", script: "DOT {} -> accept; rst", victims: tookOne},
	{name: "kept, then half a 250", script: "DOT {} -> half-after-250", victims: tookOne},
	{name: "250, then dropped", script: "DOT {} -> ok; drop", victims: gotIt},
	{name: "250, then reset", script: "DOT {} -> ok; rst", victims: saidOrNot},
	{name: "silent after the dot", script: "DOT {} -> hang", dot: shortReply, victims: lostOne},
	{name: "kept, then silent", script: "DOT {} -> accept; hang", dot: shortReply, victims: tookOne},
	{name: "354 to the dot", script: "DOT {} -> 354 go on", victims: lostOne},
	{name: "slow 250", script: "DOT {} -> slow 2ms", victims: gotIt},
	{name: "250 of two lines", script: `DOT {} -> 250 2.0.0 queued\n2.0.0 as 4F2A`, victims: gotIt},
	// Between mails.
	{name: "421 to RSET", script: "RCPT {} -> 550 5.1.1 no such user\nRSET -> 421 4.4.2 idle; drop", victims: bounced, others: someWait, edition: anyState},
	{name: "dropped at RSET", script: "RCPT {} -> 550 5.1.1 no such user\nRSET -> drop", victims: bounced},
	{name: "silent at QUIT", script: "QUIT -> hang"},
}
