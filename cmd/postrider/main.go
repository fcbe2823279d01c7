// Command postrider turns recaps into mails, pages and share snippets, keeps
// the readers, and sends on a schedule. This package wires the others together
// and is the only one that sees all of them; it decides nothing itself.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"postrider/internal/errs"
)

// Exit codes.
const (
	exitDone       = 0
	exitFailed     = 1
	exitUsage      = 2
	exitUnfinished = 3
)

// stdio are the three streams, so that tests can start the whole program.
type stdio struct {
	in       io.Reader
	out, err io.Writer
	terminal bool // a person sits before in and err
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.LookupEnv, stdio{in: os.Stdin, out: os.Stdout, err: os.Stderr, terminal: isTerminal()})
	stop()
	os.Exit(code)
}

func isTerminal() bool {
	for _, f := range []*os.File{os.Stdin, os.Stderr} {
		info, err := f.Stat()
		if err != nil || info.Mode()&os.ModeCharDevice == 0 {
			return false
		}
	}
	return true
}

// cli is the whole command line.
type cli struct {
	Facts

	JSON bool `name:"json" help:"Put exactly one JSON value on stdout, all else on stderr."`

	Demo         demoCmd         `cmd:"" help:"Everything on this machine: embedded database, sample readers, and a built-in inbox that catches all mail."`
	Serve        serveCmd        `cmd:"" help:"Run the web pages, the scheduler and the courier."`
	Publish      publishCmd      `cmd:"" help:"Make an edition from a recap and send it to a list."`
	Recap        recapCmd        `cmd:"" help:"Check, show, render and keep recaps."`
	Media        mediaCmd        `cmd:"" help:"Pictures of recaps: keep and list them."`
	Campaign     campaignCmd     `cmd:"" help:"Plan campaigns: what goes out to whom, and when."`
	Edition      editionCmd      `cmd:"" help:"See and steer editions, and who got them."`
	Schedule     scheduleCmd     `cmd:"" help:"What a schedule means: its next dates, and in words."`
	List         listCmd         `cmd:"" help:"Lists that readers sign up for."`
	Subscriber   subscriberCmd   `cmd:"" help:"Readers: add, show, list, import, export."`
	Segment      segmentCmd      `cmd:"" help:"Stored questions that select readers: create, count, list."`
	Suppression  suppressionCmd  `cmd:"" help:"The do-not-mail list."`
	Retention    retentionCmd    `cmd:"" help:"Show or set for how many days personal data is kept."`
	Organisation organisationCmd `cmd:"" help:"Show or set who sends: name, postal address, colours, zone, sender."`
	Operator     operatorCmd     `cmd:"" help:"The team: who signs in to the administration, and as what."`
	Account      accountCmd      `cmd:"" help:"Accounts on networks, chats and webhooks that posts go out through."`
	Post         postCmd         `cmd:"" help:"Posts of an issue to networks: plan, confirm, correct, take back."`
	Network      networkCmd      `cmd:"" help:"What each social network allows."`
	Address      addressCmd      `cmd:"" help:"Check mail addresses."`
	Drill        drillCmd        `cmd:"" help:"Prove the promise on this machine: send, kill the sender at random moments, count."`
	Bench        benchCmd        `cmd:"" help:"Measure how fast mails leave this machine, into a sink of its own."`
	Relay        relayCmd        `cmd:"" help:"Mail servers that mails are handed to, and the DKIM keys that sign them."`
	Bounce       bounceCmd       `cmd:"" help:"Returned mails: what they tell."`
	News         newsCmd         `cmd:"" help:"News for the team: who is told when something needs a person, and how."`
	Report       reportCmd       `cmd:"" help:"An edition's figures."`
	Audit        auditCmd        `cmd:"" help:"The audit log: who changed what, and when."`
	Migrate      migrateCmd      `cmd:"" help:"Bring the database schema up to date."`
	Config       configCmd       `cmd:"" help:"Print every setting of this process with its origin, secrets removed."`
	Version      versionCmd      `cmd:"" help:"Print the version."`
}

// run is the program: it never touches global state, and returns the exit code.
func run(ctx context.Context, args []string, env func(string) (string, bool), io stdio) int {
	var c cli
	usage := false
	parser, err := kong.New(&c,
		kong.Name("postrider"),
		kong.Description("One recap becomes an email, a page and a share snippet per network. No mail lost, no mail twice.\n\nStart with: postrider demo"),
		kong.Writers(io.out, io.err),
		kong.Exit(func(int) { usage = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 100}),
	)
	if err != nil {
		fmt.Fprintln(io.err, "postrider:", err)
		return exitFailed
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if usage {
		return exitDone // help was asked for and printed
	}
	if err != nil {
		fmt.Fprintln(io.err, "postrider:", err)
		var p *kong.ParseError
		if errors.As(err, &p) && p.Context != nil {
			words := append([]string{"postrider"}, strings.Fields(p.Context.Command())...)
			fmt.Fprintf(io.err, "Run \"%s --help\" for what it takes.\n", strings.Join(words, " "))
		}
		return exitUsage
	}
	config, err := resolve(c.Facts, env)
	if err == nil {
		err = parsed.Run(&session{ctx: ctx, config: config, env: env, io: io, json: c.JSON})
	}
	return report(io, err)
}

// unfinished is an outcome that is no failure: exit code 3.
type unfinished struct{ text string }

func (u unfinished) Error() string { return u.text }

// report prints an error for people and picks the exit code.
func report(io stdio, err error) int {
	if err == nil {
		return exitDone
	}
	var u unfinished
	if errors.As(err, &u) {
		if u.text != "" {
			fmt.Fprintln(io.err, "postrider:", u.text)
		}
		return exitUnfinished
	}
	fmt.Fprintln(io.err, "postrider:", err)
	if errors.As(err, new(tryAgain)) {
		return exitTryAgain
	}
	var place *errs.Error
	if errs.Is(err, errs.Invalid) && errors.As(err, &place) && strings.HasPrefix(place.Field, "-") {
		return exitUsage
	}
	return exitFailed
}
