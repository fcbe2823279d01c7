package delivery

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// Prober looks at a relay without handing it a mail. Package mailer implements it.
type Prober interface {
	// Probe connects, greets, secures and logs in as Mailer.Dial does, and asks
	// whether sender would be taken on an envelope, if it is not empty. What
	// was learned comes back also with an error, which is a *Trouble.
	Probe(ctx context.Context, relay RelayConfig, sender string) (Probe, error)
}

// Probe is what a relay showed of itself.
type Probe struct {
	Took        time.Duration     // until it was ready for a mail, or failed
	Extensions  map[string]string // of its last EHLO, by name: what stood behind it
	TLS         string            // "TLS 1.3", empty: unencrypted
	Certificate *x509.Certificate // nil: none seen
	Mechanism   string            // of the log-in, empty: none
	Sender      Reply             // to MAIL FROM, zero where it was not asked
}

// StepState is how a step of a check came out.
type StepState string

// The states: a hint is worth reading and stops no mail.
const (
	StepOK     StepState = "ok"
	StepHint   StepState = "hint"
	StepFailed StepState = "failed"
)

// Step is one line of a check, in words.
type Step struct {
	Name   string    `json:"step"`
	State  StepState `json:"state"`
	Text   string    `json:"text"`
	Remedy string    `json:"remedy"` // what to do, empty where nothing is to be done
}

// Check is what came of testing a relay. No mail was sent.
type Check struct {
	Relay string `json:"relay"`
	OK    bool   `json:"ok"`
	Steps []Step `json:"steps"`
}

func (c *Check) add(name string, state StepState, text, remedy string) {
	c.Steps = append(c.Steps, Step{name, state, text, remedy})
	c.OK = c.OK && state != StepFailed
}

// certificateSoon is when a certificate's end is worth a word.
const certificateSoon = 21 * 24 * time.Hour

// Test checks a relay step by step, paused ones too, and says what to mend. from
// is the address that mails come from; empty: the envelope sender is not asked
// about. The error is for what kept the check from being made at all.
func (b *RelayBook) Test(ctx context.Context, ref string, p Prober, from string) (Check, error) {
	r, err := b.Find(ctx, ref)
	if err != nil {
		return Check{}, err
	}
	if r, err = b.Unseal(r); err != nil {
		return Check{}, err
	}
	sender := ""
	if from != "" || r.BounceAddress != "" {
		sender = r.Sender(strings.Repeat("a", 29), from)
	}
	found, err := p.Probe(ctx, r.Config, sender)
	return examine(r, found, err, sender, b.Now()), nil
}

// examine puts what a probe found into words.
func examine(r Relay, p Probe, err error, sender string, now time.Time) Check {
	c := Check{Relay: r.Name, OK: true}
	at := net.JoinHostPort(r.Config.Host, strconv.Itoa(r.Config.Port))
	var trouble *Trouble
	if err != nil && !errors.As(err, &trouble) {
		trouble = &Trouble{Stage: StageConnect, Err: err}
	}
	for _, step := range []struct {
		stage Stage
		ok    func()
	}{
		{StageConnect, func() { c.add("connect", StepOK, at+" answers", "") }},
		{StageGreet, func() {
			c.add("greeting", StepOK, fmt.Sprintf("it greets us and offers %d extensions", len(p.Extensions)), "")
		}},
		{StageTLS, func() { c.tls(r, p, now) }},
		{StageAuth, func() { c.logIn(r, p) }},
	} {
		if trouble != nil && trouble.Stage == step.stage {
			c.add(stepNames[step.stage], StepFailed, troubleText(trouble), remedyFor(step.stage, r, trouble))
			return c
		}
		// With TLS from the first byte nothing was greeted before it.
		if trouble != nil && trouble.Stage == StageTLS && step.stage == StageGreet && r.Config.TLS == TLSImplicit {
			continue
		}
		step.ok()
	}
	if trouble != nil { // after the log-in: while asking about the sender
		c.add("sender", StepFailed, troubleText(trouble), "try again; if it lasts, ask the mail server's operator")
		return c
	}
	c.extensions(p)
	c.sender(r, p, sender)
	return c
}

var stepNames = map[Stage]string{StageConnect: "connect", StageGreet: "greeting", StageTLS: "tls", StageAuth: "log-in"}

func troubleText(t *Trouble) string {
	if t.Reply.Code != 0 {
		return "it said " + replyWords(t.Reply)
	}
	return fmt.Sprint(t.Err)
}

func remedyFor(stage Stage, r Relay, t *Trouble) string {
	change := "postrider relay change " + strconv.Quote(r.Name)
	switch stage {
	case StageConnect:
		return "check host and port, and that this network lets them through: " + change + " --host HOST --port PORT"
	case StageGreet:
		if t.Reply.Code != 0 {
			return "it does not want this machine: allow its address there, or give its name with " + change + " --helo NAME"
		}
		return "check that it is a mail server's port, and whether it wants implicit TLS: " + change + " --port 465 --tls implicit"
	case StageTLS:
		return "check name, port and certificate: " + change + " --host HOST --port 587 --tls required, or --port 465 --tls implicit"
	}
	if r.Config.Auth == "xoauth2" {
		return "allow the access again and give the new refresh token: " + change + " --oauth-file FILE"
	}
	return "check user name and password: " + change + " --user NAME --password-file FILE"
}

func (c *Check) tls(r Relay, p Probe, now time.Time) {
	if p.TLS == "" {
		c.add("tls", StepOK, "none is needed: it is on this machine", "")
		return
	}
	text := p.TLS
	cert := p.Certificate
	if cert == nil {
		c.add("tls", StepOK, text, "")
		return
	}
	text = fmt.Sprintf("%s, its certificate is valid for %s until %s", p.TLS, r.Config.Host, cert.NotAfter.UTC().Format(time.DateOnly))
	if left := cert.NotAfter.Sub(now); left < certificateSoon {
		c.add("tls", StepHint, text, fmt.Sprintf("it ends in %d days: see that it is renewed", int(left/(24*time.Hour))))
		return
	}
	c.add("tls", StepOK, text, "")
}

func (c *Check) logIn(r Relay, p Probe) {
	_, offered := p.Extensions["AUTH"]
	switch {
	case p.Mechanism != "":
		c.add("log-in", StepOK, "it took user name and password by "+p.Mechanism, "")
	case offered && !Loopback(r.Config.Host):
		c.add("log-in", StepHint, "none was tried, and it offers one", "if it refuses mails: postrider relay change "+strconv.Quote(r.Name)+" --user NAME --password-file FILE")
	default:
		c.add("log-in", StepOK, "none is needed", "")
	}
}

func (c *Check) extensions(p Probe) {
	if _, ok := p.Extensions["PIPELINING"]; ok {
		c.add("pipelining", StepOK, "it takes several commands at once", "")
	} else {
		c.add("pipelining", StepHint, "it takes one command at a time: each mail waits for three answers", "more connections make up for it")
	}
	size, offered := p.Extensions["SIZE"]
	n, err := strconv.ParseInt(strings.TrimSpace(size), 10, 64)
	switch {
	case !offered || err != nil || n == 0:
		c.add("size", StepOK, "it names no limit for the size of a mail", "")
	case n < 1<<20:
		c.add("size", StepHint, fmt.Sprintf("it takes mails of at most %d KB", n>>10), "keep editions small, or ask its operator for more")
	default:
		c.add("size", StepOK, fmt.Sprintf("it takes mails of at most %d MB", n>>20), "")
	}
	if _, ok := p.Extensions["SMTPUTF8"]; ok {
		c.add("smtputf8", StepOK, "it takes addresses in every script", "")
	} else {
		c.add("smtputf8", StepHint, "it takes no addresses with letters such as ü before the @", "readers with such an address are refused with that reason")
	}
}

func (c *Check) sender(r Relay, p Probe, sender string) {
	shown := sender
	if at := strings.LastIndexByte(sender, '@'); r.SenderMode != SenderFixed && at > 0 {
		shown = "one per reader" + sender[at:]
	}
	change := "postrider relay change " + strconv.Quote(r.Name)
	switch {
	case p.Sender.Code == 0:
		c.add("sender", StepHint, "the envelope sender was not tried", "set the sender with postrider organisation --from, then test again")
	case p.Sender.Code/100 == 2:
		c.add("sender", StepOK, "it takes our envelope sender, "+shown, "")
	case r.SenderMode == SenderVERP:
		c.add("sender", StepFailed, "it refuses our envelope sender: "+replyWords(p.Sender), "verify the domain there, or use one mailbox: "+change+" --sender-mode plus --bounce-address ADDRESS")
	case r.SenderMode == SenderPlus:
		c.add("sender", StepFailed, "it refuses our envelope sender: "+replyWords(p.Sender), "use the address as it is: "+change+" --sender-mode fixed")
	default:
		c.add("sender", StepFailed, "it refuses our envelope sender: "+replyWords(p.Sender), "use an address that it knows: "+change+" --bounce-address ADDRESS")
	}
}
