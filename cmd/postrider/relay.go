package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/term"

	"postrider/delivery"
	"postrider/delivery/mailer"
	"postrider/internal/errs"
	"postrider/internal/mailaddr"
	"postrider/internal/secrets"
)

type relayCmd struct {
	List    relayListCmd    `cmd:"" default:"1" help:"Show all mail servers (the default)."`
	Show    relayShowCmd    `cmd:"" help:"Show one with its settings; its password is never shown."`
	Presets relayPresetsCmd `cmd:"" help:"Kinds of mail servers, with what they begin with and what to know about them."`
	Add     relayAddCmd     `cmd:"" help:"Add a mail server. The password comes from --password-file, POSTRIDER_RELAY_PASSWORD or a prompt."`
	Change  relayChangeCmd  `cmd:"" help:"Change what is given; the rest stays."`
	Test    relayTestCmd    `cmd:"" help:"Connect, log in and look, step by step. No mail is sent."`
	Pause   relayPauseCmd   `cmd:"" help:"Hand it no further mails."`
	Resume  relayResumeCmd  `cmd:"" help:"Hand it mails again."`
	Remove  relayRemoveCmd  `cmd:"" help:"Forget it with its password."`
	Pace    relayPaceCmd    `cmd:"" help:"Show or set how many mails a minute a recipient domain or mail-host family gets."`
	DKIM    dkimCmd         `cmd:"" name:"dkim" help:"Keys that sign mails (DKIM): make, publish, activate, rotate."`
}

// relayFlags are the settings that add and change take.
type relayFlags struct {
	Kind                 *string  `help:"Whose it is: see relay presets (default smtp)." placeholder:"KIND"`
	Host                 *string  `help:"Its name." placeholder:"HOST"`
	Port                 *int     `help:"587 for STARTTLS, 465 for implicit TLS." placeholder:"N"`
	User                 *string  `help:"User name; empty: no log-in." placeholder:"NAME"`
	PasswordFile         string   `help:"File with the password in its first line; - for stdin." placeholder:"FILE"`
	OauthFile            string   `help:"For --auth xoauth2: JSON with token_url, client_id, client_secret, refresh_token, scope." placeholder:"FILE"`
	TLS                  *string  `name:"tls" help:"required (STARTTLS), implicit, or none on this machine only." placeholder:"POLICY"`
	Auth                 *string  `help:"plain, login, cram-md5, scram-sha-256 or xoauth2; empty: the strongest that both know." placeholder:"HOW"`
	Helo                 *string  `help:"This machine's name in the greeting." placeholder:"NAME"`
	SenderMode           *string  `help:"verp (a sender per reader), plus (one mailbox with +), fixed." placeholder:"MODE"`
	BounceAddress        *string  `help:"Where bounces go." placeholder:"ADDRESS"`
	Connections          *int     `help:"At the same time, 1 to 200." placeholder:"N"`
	MailsPerConnection   *int     `help:"Then it is closed; 0: never for that." placeholder:"N"`
	MinutesPerConnection *int     `help:"Then it is closed; 0: never for that." placeholder:"N"`
	Pace                 *int     `help:"Mails per minute over all nodes; 0: as fast as it takes them." placeholder:"N"`
	DailyCap             *int     `help:"Mails per day (UTC) over all nodes; 0: none." placeholder:"N"`
	Header               []string `help:"Header for each mail, \"X-Name: value\"; none: no more." placeholder:"HEADER" sep:"none"`
	Weight               *int     `help:"Share of the mails among those that fit, 1 to 100." placeholder:"N"`
	Domain               []string `help:"Only for senders of these domains; any: for all." placeholder:"DOMAIN"`
	Warmup               *string  `help:"Mails on the first day, the second…, from today: \"50,100,200x3\", standard, or off." placeholder:"PLAN"`
}

// apply puts what is given into r.
func (f *relayFlags) apply(r *delivery.Relay, now time.Time) error {
	if f.Kind != nil {
		r.Kind = delivery.RelayKind(*f.Kind)
	}
	if f.TLS != nil {
		r.Config.TLS = delivery.TLSPolicy(*f.TLS)
	}
	if f.SenderMode != nil {
		r.SenderMode = delivery.SenderMode(*f.SenderMode)
	}
	for _, t := range []struct{ given, field *string }{
		{f.Host, &r.Config.Host}, {f.User, &r.Config.Username}, {f.Auth, &r.Config.Auth}, {f.Helo, &r.Config.Helo}, {f.BounceAddress, &r.BounceAddress},
	} {
		if t.given != nil {
			*t.field = *t.given
		}
	}
	for _, n := range []struct{ given, field *int }{
		{f.Port, &r.Config.Port}, {f.Connections, &r.Config.Connections}, {f.MailsPerConnection, &r.MailsPerConnection},
		{f.MinutesPerConnection, &r.MinutesPerConnection}, {f.Pace, &r.PacePerMinute}, {f.DailyCap, &r.DailyCap}, {f.Weight, &r.Weight},
	} {
		if n.given != nil {
			*n.field = *n.given
		}
	}
	if f.Host != nil {
		r.Config.Host, r.Config.Port = delivery.SplitServer(r.Config.Host, r.Config.Port)
	}
	if len(f.Domain) > 0 {
		r.SenderDomains = f.Domain
		if len(f.Domain) == 1 && f.Domain[0] == "any" {
			r.SenderDomains = nil
		}
	}
	return errors.Join(f.headers(r), f.warmup(r, now))
}

func (f *relayFlags) headers(r *delivery.Relay) error {
	if len(f.Header) == 0 {
		return nil
	}
	r.Config.Headers = nil
	if len(f.Header) == 1 && f.Header[0] == "none" {
		return nil
	}
	for _, given := range f.Header {
		h, err := delivery.ParseHeader(given)
		if err != nil {
			return err
		}
		r.Config.Headers = append(r.Config.Headers, h)
	}
	return nil
}

func (f *relayFlags) warmup(r *delivery.Relay, now time.Time) error {
	if f.Warmup == nil {
		return nil
	}
	r.Warmup = delivery.Warmup{}
	if *f.Warmup == "off" || *f.Warmup == "" {
		return nil
	}
	limits, err := delivery.ParseWarmup(*f.Warmup)
	if err == nil {
		r.Warmup = delivery.Warmup{From: now, Limits: limits}
	}
	return err
}

// credentials reads what the log-in needs; nil where nothing was given. It is
// asked for on a terminal where ask is set.
func (f *relayFlags) credentials(s *session, ask bool) (*delivery.Credentials, error) {
	variable, given := s.env("POSTRIDER_RELAY_PASSWORD")
	switch {
	case f.OauthFile != "":
		return readOAuth(f.OauthFile)
	case f.PasswordFile == "-":
		return firstLine(s.io.in)
	case f.PasswordFile != "":
		file, err := os.Open(f.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("reading the password: %w", err)
		}
		defer file.Close()
		return firstLine(file)
	case given:
		return &delivery.Credentials{Password: secrets.Secret(variable)}, nil
	case !ask || !s.io.terminal:
		return nil, nil
	}
	in, ok := s.io.in.(*os.File)
	if !ok {
		return nil, nil
	}
	fmt.Fprint(s.io.err, "Password: ")
	b, err := term.ReadPassword(int(in.Fd()))
	fmt.Fprintln(s.io.err)
	if err != nil {
		return nil, fmt.Errorf("reading the password: %w", err)
	}
	return &delivery.Credentials{Password: secrets.Secret(b)}, nil
}

const maxSecretFile = 64 << 10

func firstLine(r io.Reader) (*delivery.Credentials, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxSecretFile))
	if err != nil {
		return nil, fmt.Errorf("reading the password: %w", err)
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return &delivery.Credentials{Password: secrets.Secret(strings.TrimSuffix(line, "\r"))}, nil
}

func readOAuth(path string) (*delivery.Credentials, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the tokens: %w", err)
	}
	defer f.Close()
	var in struct {
		TokenURL     string `json:"token_url"`
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
		RefreshToken string `json:"refresh_token"`
		Scope        string `json:"scope"`
	}
	d := json.NewDecoder(io.LimitReader(f, maxSecretFile))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil { // its text may quote the file
		return nil, &errs.Error{Kind: errs.Invalid, File: path, Text: "want JSON with token_url, client_id, client_secret, refresh_token and scope, and no more"}
	}
	return &delivery.Credentials{OAuth: delivery.OAuth{TokenURL: in.TokenURL, ClientID: in.ClientID, Scope: in.Scope,
		ClientSecret: secrets.Secret(in.ClientSecret), RefreshToken: secrets.Secret(in.RefreshToken)}}, nil
}

// relayFlagOf names the flag of a setting where it is not called the same.
var relayFlagOf = map[string]string{
	"username": "user", "password": "password-file", "oauth": "oauth-file", "oauth_token_url": "oauth-file", "pace_per_minute": "pace",
	"headers": "header", "sender_domains": "domain",
}

// byFlag names the flag to mend instead of the setting.
func byFlag(err error) error {
	var bad *errs.Error
	if !errors.As(err, &bad) || bad.Field == "" || bad.Field == "name" {
		return err
	}
	named := *bad
	named.Field = "--" + strings.ReplaceAll(cmp.Or(relayFlagOf[bad.Field], bad.Field), "_", "-")
	return &named
}

type relayAddCmd struct {
	Name string `arg:"" help:"How to call it."`
	relayFlags
}

// Run adds a relay.
func (c *relayAddCmd) Run(s *session) error {
	kind := delivery.KindSMTP
	if c.Kind != nil {
		kind = delivery.RelayKind(*c.Kind)
	}
	preset, err := delivery.Preset(kind)
	if err != nil {
		return &errs.Error{Kind: errs.Invalid, Field: "--kind", Err: err}
	}
	r := preset.Relay()
	r.Name = c.Name
	if err := c.apply(&r, time.Now()); err != nil {
		return byFlag(err)
	}
	if preset.LogIn && r.Config.Username == "" && c.User == nil {
		return &errs.Error{Kind: errs.Invalid, Field: "--user", Text: preset.Title + " wants a user name; give --user \"\" where it does not"}
	}
	given, err := c.credentials(s, r.Config.Username != "")
	if err != nil {
		return err
	}
	if given == nil || r.Config.Username == "" {
		given = &delivery.Credentials{}
	}
	return s.with(func(h *house) error {
		added, err := h.book.Add(s.ctx, "cli", r, *given)
		if err != nil {
			return byFlag(err)
		}
		for _, hint := range preset.Hints {
			s.say("%s: %s", preset.Title, hint)
		}
		return s.print(added, func() {
			s.printRelay(added, 0)
			s.printf("\nLook whether it takes our mails: postrider relay test %s\n", strconv.Quote(added.Name))
		})
	})
}

type relayChangeCmd struct {
	Relay  string `arg:"" help:"Its name or id."`
	Rename string `help:"Call it otherwise." placeholder:"NAME"`
	relayFlags
}

// Run changes a relay.
func (c *relayChangeCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		r, err := h.book.Find(s.ctx, c.Relay)
		if err != nil {
			return err
		}
		user := r.Config.Username
		r.Name = cmp.Or(c.Rename, r.Name)
		if err := c.apply(&r, time.Now()); err != nil {
			return byFlag(err)
		}
		given, err := c.credentials(s, r.Config.Username != user && r.Config.Username != "")
		if err != nil {
			return err
		}
		if r.Config.Username == "" {
			given = nil
		}
		if r, err = h.book.Change(s.ctx, "cli", r, given); err != nil {
			return byFlag(err)
		}
		return s.print(r, func() { s.printRelay(r, 0) })
	})
}

type relayTestCmd struct {
	Relay string `arg:"" help:"Its name or id."`
	From  string `help:"Address that mails come from (default: the organisation's sender)." placeholder:"ADDRESS"`
}

// Run tests a relay.
func (c *relayTestCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		from := c.From
		if from == "" {
			o, err := h.office.Get(s.ctx)
			if err != nil && !errs.Is(err, errs.NotFound) {
				return err
			}
			from = o.Sender
		}
		if from != "" {
			sender, err := mailaddr.ParseFrom(from)
			if err != nil {
				return &errs.Error{Kind: errs.Invalid, Field: "--from", Text: "want an address such as news@org.example", Err: err}
			}
			from = sender.Address
		}
		check, err := h.book.Test(s.ctx, c.Relay, mailer.New(mailer.Options{}), from)
		if err != nil {
			return err
		}
		if err := s.print(check, func() { s.printCheck(check) }); err != nil {
			return err
		}
		if !check.OK {
			last := check.Steps[len(check.Steps)-1]
			return errs.Unavailablef("the mail server %q cannot be used yet: %s: %s", check.Relay, last.Name, last.Text)
		}
		return nil
	})
}

func (s *session) printCheck(c delivery.Check) {
	for _, step := range c.Steps {
		s.printf("%-7s %-11s %s\n", step.State, step.Name, step.Text)
		if step.Remedy != "" {
			s.printf("%19s → %s\n", "", step.Remedy)
		}
	}
	if c.OK {
		s.printf("%s is ready. No mail was sent.\n", c.Relay)
	}
}
