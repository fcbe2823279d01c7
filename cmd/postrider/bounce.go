package main

import (
	"fmt"
	"io"
	"os"

	"postrider/events/bounces"
	"postrider/internal/errs"
)

type bounceCmd struct {
	Take    bounceTakeCmd    `cmd:"" help:"Record what returned mails say, from stdin, files or a Maildir. Reading one again changes nothing."`
	Mailbox bounceMailboxCmd `cmd:"" help:"The mailbox of returned mails, which serve reads by IMAP or POP3."`
	Show    bounceShowCmd    `cmd:"" help:"Say what returned mails tell: who, why, and how sure that is. Nothing is recorded."`
}

type bounceShowCmd struct {
	File []string `arg:"" help:"Mails as files, also mbox; - reads one from stdin."`
}

// Run reads mails and prints what they say.
func (c *bounceShowCmd) Run(s *session) error {
	out := []bounces.Bounce{}
	for _, name := range c.File {
		raw, err := s.readMail(name)
		if err != nil {
			return err
		}
		for _, one := range bounces.Split(raw) {
			out = append(out, bounces.Parse(one).Bounces...)
		}
	}
	return s.print(out, func() {
		if len(out) == 0 {
			s.printf("No bounce.\n")
		}
		for _, b := range out {
			sure := ""
			if b.Hard {
				sure = ", sure"
			}
			s.printf("%-40s %s %s  %s: %s%s\n", b.Recipient, b.Code, b.Status, b.Class, b.Reason, sure)
			if b.Text != "" {
				s.printf("    %s\n", b.Text)
			}
		}
	})
}

// maxMailFile bounds a file of mails; one mail is bounded by bounces.MaxMail.
const maxMailFile = 64 << 20

// readMail reads a file, or stdin where its name is "-".
func (s *session) readMail(name string) ([]byte, error) {
	in := s.io.in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, &errs.Error{Kind: errs.NotFound, File: name, Text: "cannot be read", Err: err}
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, maxMailFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading a mail: %w", err)
	}
	if len(b) > maxMailFile {
		return nil, errs.Invalidf("%s is over 64 MiB: name single mails", name)
	}
	return b, nil
}
