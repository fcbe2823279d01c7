package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/term"

	"postrider/delivery"
	"postrider/delivery/poster"
	"postrider/internal/errs"
	"postrider/internal/secrets"
	"postrider/templates"
	"postrider/templates/cards"
)

type accountCmd struct {
	List   accountListCmd   `cmd:"" default:"1" help:"Show the accounts that posts go out through (the default)."`
	Kinds  accountKindsCmd  `cmd:"" help:"Kinds of accounts, and what each one needs."`
	Add    accountAddCmd    `cmd:"" help:"Try and keep an account. Its secret comes from --token-file, POSTRIDER_ACCOUNT_SECRET or a prompt."`
	Change accountChangeCmd `cmd:"" help:"Change what is given; the rest stays."`
	Test   accountTestCmd   `cmd:"" help:"Log in and look. Nothing is posted; a signed webhook gets an event of the type test."`
	Key    accountKeyCmd    `cmd:"" help:"Show the key with which the receiver of a signed webhook checks it."`
	Pause  accountPauseCmd  `cmd:"" help:"Post nothing through it."`
	Resume accountResumeCmd `cmd:"" help:"Post through it again."`
	Remove accountRemoveCmd `cmd:"" help:"Forget it with its secret; posts that wait for it are left out."`
}

// newHerald makes the one that posts from this installation.
func (s *session) newHerald(h *house) (*delivery.Herald, error) {
	client, err := s.config.fetcher()
	if err != nil {
		return nil, err
	}
	sealer, err := newSealer(h.keys)
	if err != nil {
		return nil, err
	}
	p := poster.New(client, time.Now)
	return &delivery.Herald{
		Store: h.store, Publisher: p, Card: drawCard, Now: h.store.Now, Log: h.log,
		Book: &delivery.AccountBook{Store: h.store, Secrets: sealer, Opener: p, Now: time.Now},
	}, nil
}

// drawCard draws the picture that goes along with a post.
func drawCard(e templates.Edition, n int) ([]byte, error) {
	text, err := templates.Card(e, n)
	if err != nil {
		return nil, err
	}
	return cards.Draw(cards.Card{
		Organisation: text.Organisation, Kicker: text.Kicker, Text: text.Text, Number: text.Number, Lang: text.Lang, RTL: text.RTL, Accent: text.Accent,
	})
}

// withHerald runs f on an open installation with its Herald.
func (s *session) withHerald(f func(*house, *delivery.Herald) error) error {
	return s.with(func(h *house) error { return f(h, h.herald) })
}

// secretOf reads an account's secret; empty where nothing was given.
func (s *session) secretOf(file, what string, ask bool) (secrets.Secret, error) {
	variable, given := s.env("POSTRIDER_ACCOUNT_SECRET")
	switch {
	case file == "-":
		return firstSecret(s.io.in)
	case file != "":
		f, err := os.Open(file)
		if err != nil {
			return "", fmt.Errorf("reading the secret: %w", err)
		}
		defer f.Close()
		return firstSecret(f)
	case given:
		return secrets.Secret(variable), nil
	case !ask || !s.io.terminal:
		return "", nil
	}
	in, ok := s.io.in.(*os.File)
	if !ok {
		return "", nil
	}
	fmt.Fprintf(s.io.err, "%s: ", strings.ToUpper(what[:1])+what[1:])
	b, err := term.ReadPassword(int(in.Fd()))
	fmt.Fprintln(s.io.err)
	if err != nil {
		return "", fmt.Errorf("reading the secret: %w", err)
	}
	return secrets.Secret(b), nil
}

func firstSecret(r io.Reader) (secrets.Secret, error) {
	c, err := firstLine(r)
	if err != nil {
		return "", err
	}
	return c.Password, nil
}

type accountListCmd struct{}

// Run lists accounts.
func (c *accountListCmd) Run(s *session) error {
	return s.withHerald(func(_ *house, herald *delivery.Herald) error {
		all, err := herald.Book.List(s.ctx)
		if err != nil {
			return err
		}
		return s.print(append([]delivery.Account{}, all...), func() {
			if len(all) == 0 {
				s.printf("No account yet. See what there is with: postrider account kinds\n")
			}
			for _, a := range all {
				s.printAccount(a)
			}
		})
	})
}

func (s *session) printAccount(a delivery.Account) {
	s.printf("%-20s %-10s %-7s %s %s\n", a.Name, a.Kind, a.State, a.Handle, a.Server)
	if a.Trouble != "" {
		s.printf("%20s since %s: %s\n", "", s.when(a.TroubleAt), a.Trouble)
	}
}

type accountKindsCmd struct{}

// Run lists kinds.
func (c *accountKindsCmd) Run(s *session) error {
	kinds := delivery.AccountKinds()
	return s.print(kinds, func() {
		for _, f := range kinds {
			needs := []string{"--token-file with the " + f.Secret}
			if f.NeedServer {
				needs = append(needs, "--server"+map[bool]string{true: " (default " + f.Server + ")"}[f.Server != ""])
			}
			if f.NeedHandle {
				needs = append(needs, "--handle")
			}
			doubt := map[delivery.AfterDoubt]string{
				delivery.Repeat: "the same again changes nothing", delivery.Look: "is looked for before it is posted again", delivery.Ask: "what is not certain waits for you",
			}[f.Doubt]
			s.printf("%-11s %-17s %s; %s\n", f.Kind, f.Title, strings.Join(needs, ", "), doubt)
		}
	})
}

// accountFlags are what add and change take.
type accountFlags struct {
	Server     *string `help:"The server's address." placeholder:"URL"`
	Handle     *string `help:"Bluesky: the handle; Telegram: the channel; Matrix: the room's id." placeholder:"NAME"`
	Visibility *string `help:"Mastodon: public, unlisted or private." placeholder:"WORD"`
	Warning    *string `help:"Mastodon: content warning above each post." placeholder:"TEXT"`
	TokenFile  string  `help:"File with the token, password or address in its first line; - for stdin." placeholder:"FILE"`
}

func (f *accountFlags) apply(a *delivery.Account) {
	for _, t := range []struct{ given, field *string }{{f.Server, &a.Server}, {f.Handle, &a.Handle}, {f.Visibility, &a.Visibility}, {f.Warning, &a.Warning}} {
		if t.given != nil {
			*t.field = *t.given
		}
	}
}

type accountAddCmd struct {
	Name string `arg:"" help:"How to call it."`
	Kind string `required:"" help:"What it is: see account kinds." placeholder:"KIND"`
	accountFlags
}

// Run adds an account.
func (c *accountAddCmd) Run(s *session) error {
	f, err := delivery.AccountKind(c.Kind).Facts()
	if err != nil {
		return &errs.Error{Kind: errs.Invalid, Field: "--kind", Err: err}
	}
	secret, err := s.secretOf(c.TokenFile, f.Secret, true)
	if err != nil {
		return err
	}
	a := delivery.Account{Name: c.Name, Kind: f.Kind}
	c.apply(&a)
	return s.withHerald(func(_ *house, herald *delivery.Herald) error {
		added, err := herald.Book.Add(s.ctx, "cli", a, delivery.AccountSecrets{Token: secret})
		if err != nil {
			return byAccountFlag(err)
		}
		return s.print(added, func() {
			s.printAccount(added)
			s.printf("Post an issue with: postrider post add latest --account %s\n", strconv.Quote(added.Name))
			if added.Kind == delivery.KindWebhook {
				s.printf("The receiver checks the signature with the key of: postrider account key %s\n", strconv.Quote(added.Name))
			}
		})
	})
}

// byAccountFlag names the flag to mend.
func byAccountFlag(err error) error {
	var bad *errs.Error
	if !asField(err, &bad) || bad.Field == "name" {
		return err
	}
	named := *bad
	named.Field = "--" + cmp.Or(map[string]string{"secret": "token-file"}[bad.Field], bad.Field)
	return &named
}

type accountChangeCmd struct {
	Account string `arg:"" help:"Its name or id."`
	Rename  string `help:"Call it otherwise." placeholder:"NAME"`
	accountFlags
}

// Run changes an account.
func (c *accountChangeCmd) Run(s *session) error {
	return s.withHerald(func(_ *house, herald *delivery.Herald) error {
		a, err := herald.Book.Find(s.ctx, c.Account)
		if err != nil {
			return err
		}
		secret, err := s.secretOf(c.TokenFile, "secret", false)
		if err != nil {
			return err
		}
		a.Name = cmp.Or(c.Rename, a.Name)
		c.apply(&a)
		var given *delivery.AccountSecrets
		if secret != "" {
			given = &delivery.AccountSecrets{Token: secret}
		}
		if a, err = herald.Book.Change(s.ctx, "cli", a, given); err != nil {
			return byAccountFlag(err)
		}
		return s.print(a, func() { s.printAccount(a) })
	})
}

// accountArg names one account.
type accountArg struct {
	Account string `arg:"" help:"Its name or id."`
}

// on runs what is done to one account, and shows it.
func (c accountArg) on(s *session, do func(*delivery.Herald) (delivery.Account, error), said string) error {
	return s.withHerald(func(_ *house, herald *delivery.Herald) error {
		a, err := do(herald)
		if err != nil {
			return err
		}
		return s.print(a, func() { s.printf("%s %s\n", a.Name, said) })
	})
}

type accountTestCmd struct{ accountArg }

// Run tests an account.
func (c *accountTestCmd) Run(s *session) error {
	return c.on(s, func(h *delivery.Herald) (delivery.Account, error) { return h.Book.Test(s.ctx, c.Account) }, "can be used. Nothing was posted.")
}

type accountPauseCmd struct{ accountArg }

// Run pauses an account.
func (c *accountPauseCmd) Run(s *session) error {
	return c.on(s, func(h *delivery.Herald) (delivery.Account, error) { return h.Book.Pause(s.ctx, "cli", c.Account) }, "is paused.")
}

type accountResumeCmd struct{ accountArg }

// Run resumes an account.
func (c *accountResumeCmd) Run(s *session) error {
	return c.on(s, func(h *delivery.Herald) (delivery.Account, error) { return h.Book.Resume(s.ctx, "cli", c.Account) }, "is used again.")
}

type accountRemoveCmd struct{ accountArg }

// Run removes an account.
func (c *accountRemoveCmd) Run(s *session) error {
	return c.on(s, func(h *delivery.Herald) (delivery.Account, error) { return h.Book.Remove(s.ctx, "cli", c.Account) }, "is forgotten.")
}

type accountKeyCmd struct{ accountArg }

// Run shows a webhook's key.
func (c *accountKeyCmd) Run(s *session) error {
	return s.withHerald(func(_ *house, herald *delivery.Herald) error {
		key, err := herald.Book.Key(s.ctx, c.Account)
		if err != nil {
			return err
		}
		return s.print(map[string]string{"key": key.Reveal()}, func() { s.printf("%s\n", key.Reveal()) })
	})
}
