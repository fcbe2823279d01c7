package delivery

import (
	"slices"

	"postrider/internal/errs"
)

// RelayKind names whose mail server it is.
type RelayKind string

// The kinds with a preset. KindSMTP is any other.
const (
	KindSES       RelayKind = "ses"
	KindMailgun   RelayKind = "mailgun"
	KindPostmark  RelayKind = "postmark"
	KindBrevo     RelayKind = "brevo"
	KindMailjet   RelayKind = "mailjet"
	KindGoogle    RelayKind = "google-workspace"
	KindMicrosoft RelayKind = "microsoft-365"
	KindPostfix   RelayKind = "postfix"
	KindSMTP      RelayKind = "smtp"
)

// RelayPreset is what a kind of relay begins with. Each value can be changed.
type RelayPreset struct {
	Kind               RelayKind  `json:"kind"`
	Title              string     `json:"title"`
	Host               string     `json:"host"` // empty: only the customer knows it
	Port               int        `json:"port"`
	TLS                TLSPolicy  `json:"tls"`
	Auth               string     `json:"auth"` // empty: the strongest that both know
	LogIn              bool       `json:"log_in"`
	SenderMode         SenderMode `json:"sender_mode"`
	Connections        int        `json:"connections"`
	MailsPerConnection int        `json:"mails_per_connection"`
	PacePerMinute      int        `json:"pace_per_minute"`
	DailyCap           int        `json:"daily_cap"`
	Hints              []string   `json:"hints"` // sentences for people
}

var relayPresets = []RelayPreset{
	{
		Kind: KindSMTP, Title: "Another mail server", Port: 587, TLS: TLSRequired, LogIn: true, SenderMode: SenderVERP, Connections: 2,
		Hints: []string{
			"Port 587 secures the connection with STARTTLS; for port 465 set TLS to implicit.",
			"If it refuses senders that it does not know, use sender mode plus or fixed.",
		},
	},
	{
		Kind: KindPostfix, Title: "Postfix, or another mail server on this machine", Host: "127.0.0.1", Port: 25, TLS: TLSNone, SenderMode: SenderVERP, Connections: 4,
		Hints: []string{
			"It takes mail at once and delivers it by itself: pace per receiving host belongs into its own configuration.",
			"Mails it cannot deliver come back to the envelope sender: its domain needs an MX that leads to your bounce mailbox.",
		},
	},
	{
		Kind: KindSES, Title: "Amazon SES", Host: "email-smtp.eu-west-1.amazonaws.com", Port: 587, TLS: TLSRequired, LogIn: true, SenderMode: SenderVERP, Connections: 10,
		Hints: []string{
			"The host has your region in it: email-smtp.REGION.amazonaws.com.",
			"User name and password are SMTP credentials from the SES console, not an access key.",
			"The sender's domain must be a verified identity; set the pace to 60 times your account's sending rate, the daily cap to its quota.",
		},
	},
	{
		Kind: KindMailgun, Title: "Mailgun", Host: "smtp.mailgun.org", Port: 587, TLS: TLSRequired, LogIn: true, SenderMode: SenderFixed, Connections: 5,
		Hints: []string{
			"In the EU region the host is smtp.eu.mailgun.org.",
			"It puts a sender of its own on the envelope and reports bounces itself.",
		},
	},
	{
		Kind: KindPostmark, Title: "Postmark", Host: "smtp-broadcasts.postmarkapp.com", Port: 587, TLS: TLSRequired, LogIn: true, SenderMode: SenderFixed, Connections: 5,
		Hints: []string{
			"Newsletters belong on a broadcast stream: its host is smtp-broadcasts.postmarkapp.com, and its access key and secret key are user name and password.",
			"With a server token instead, add the header X-PM-Message-Stream with the stream's id.",
		},
	},
	{
		Kind: KindBrevo, Title: "Brevo", Host: "smtp-relay.brevo.com", Port: 587, TLS: TLSRequired, LogIn: true, SenderMode: SenderFixed, Connections: 5,
		Hints: []string{
			"The password is an SMTP key, not the one you log in with.",
			"The sender must be verified; the daily cap depends on your plan.",
		},
	},
	{
		Kind: KindMailjet, Title: "Mailjet", Host: "in-v3.mailjet.com", Port: 587, TLS: TLSRequired, LogIn: true, SenderMode: SenderFixed, Connections: 5,
		Hints: []string{
			"User name and password are the API key and the secret key.",
			"The sender, or its domain, must be validated.",
		},
	},
	{
		Kind: KindGoogle, Title: "Google Workspace SMTP relay", Host: "smtp-relay.gmail.com", Port: 587, TLS: TLSRequired, SenderMode: SenderPlus, Connections: 5, MailsPerConnection: 100, DailyCap: 10_000,
		Hints: []string{
			"Allow this machine's address under Apps, Gmail, Routing, SMTP relay service, and set the greeting name to your domain.",
			"The bounce address must be a mailbox of your Workspace; the plus address leads to it.",
			"Limits count for the whole Workspace: leave room for your colleagues' mail.",
		},
	},
	{
		Kind: KindMicrosoft, Title: "Microsoft 365", Host: "smtp.office365.com", Port: 587, TLS: TLSRequired, Auth: "xoauth2", LogIn: true, SenderMode: SenderFixed, Connections: 3, PacePerMinute: 30, DailyCap: 10_000,
		Hints: []string{
			"It is meant for people's mail: 30 a minute and 10,000 recipients a day. For large lists use another relay.",
			"Microsoft is ending passwords for SMTP: register an app and log in with XOAUTH2.",
			"The sender must be the mailbox itself, or one that it may send as.",
		},
	},
}

// Presets lists the kinds of relays with what they begin with.
func Presets() []RelayPreset {
	out := slices.Clone(relayPresets)
	for i := range out {
		out[i].Hints = slices.Clone(out[i].Hints)
	}
	return out
}

// Preset returns the preset of a kind, Invalid with the nearest name for one
// that is not known.
func Preset(k RelayKind) (RelayPreset, error) {
	var known []string
	for _, p := range Presets() {
		if p.Kind == k {
			return p, nil
		}
		known = append(known, string(p.Kind))
	}
	if near := errs.Nearest(string(k), known); near != "" {
		return RelayPreset{}, errs.Invalidf("there is no kind %q of mail server: did you mean %q?", k, near)
	}
	return RelayPreset{}, errs.Invalidf("there is no kind %q of mail server: see postrider relay presets", k)
}

// Relay is a relay that begins with the preset's values.
func (p RelayPreset) Relay() Relay {
	return Relay{
		Kind: p.Kind, State: RelayActive, SenderMode: p.SenderMode, Weight: 1, MailsPerConnection: p.MailsPerConnection,
		PacePerMinute: p.PacePerMinute, DailyCap: p.DailyCap,
		Config: RelayConfig{Host: p.Host, Port: p.Port, TLS: p.TLS, Auth: p.Auth, Connections: p.Connections},
	}
}
