package main

import (
	"bufio"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"postrider/internal/errs"
	"postrider/organisation"
)

type operatorCmd struct {
	List     operatorListCmd     `cmd:"" default:"1" help:"Show the team (the default)."`
	Add      operatorAddCmd      `cmd:"" help:"Add a team member. The password comes from --password-file or a prompt; else one is made and printed once."`
	Password operatorPasswordCmd `cmd:"" help:"Set a new password: the way back in. All sessions of that person end."`
	Role     operatorRoleCmd     `cmd:"" help:"Give somebody another role. All sessions of that person end."`
	Provider operatorProviderCmd `cmd:"" help:"An identity provider (OpenID Connect) whose accounts open those of the team."`
	Remove   operatorRemoveCmd   `cmd:"" help:"Take somebody out of the team. What they did stays in the audit log."`
}

type operatorListCmd struct{}

// Run lists the team.
func (c *operatorListCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		all, err := h.office.Operators(s.ctx)
		if err != nil {
			return err
		}
		if all == nil {
			all = []organisation.Operator{} // a list in JSON, also when it is empty
		}
		return s.print(all, func() {
			if len(all) == 0 {
				s.printf("Nobody yet: the token that serve prints opens the administration. Begin with: postrider operator add ADDRESS --name NAME\n")
			}
			for _, o := range all {
				s.printOperator(o)
			}
		})
	})
}

func (s *session) printOperator(o organisation.Operator) {
	var by []string
	for _, f := range []struct {
		has  bool
		word string
	}{{o.Password, "password"}, {o.TOTP, "one-time codes"}, {o.Passkeys > 0, "passkeys"}} {
		if f.has {
			by = append(by, f.word)
		}
	}
	s.printf("%-24s %-9s %-32s %s\n", o.Name, o.Role, o.Email, strings.Join(by, ", "))
}

// passwordFlag says where a new password comes from.
type passwordFlag struct {
	PasswordFile string `help:"File with the password in its first line; - for stdin." placeholder:"FILE"`
}

// read returns the password, and whether it was made here. On a terminal it is
// asked for twice; an empty answer, and no terminal, make one.
func (f passwordFlag) read(s *session) (password string, made bool, err error) {
	switch {
	case f.PasswordFile == "-":
		password, err = firstWord(s.io.in)
		return password, false, err
	case f.PasswordFile != "":
		file, err := os.Open(f.PasswordFile)
		if err != nil {
			return "", false, fmt.Errorf("reading the password: %w", err)
		}
		defer file.Close()
		password, err = firstWord(file)
		return password, false, err
	}
	in, ok := s.io.in.(*os.File)
	if !s.io.terminal || !ok {
		return makePassword(), true, nil
	}
	var answers [2]string
	for i, question := range []string{"Password (empty: one is made): ", "Once more: "} {
		fmt.Fprint(s.io.err, question)
		b, err := term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(s.io.err)
		if err != nil {
			return "", false, fmt.Errorf("reading the password: %w", err)
		}
		if answers[i] = string(b); i == 0 && len(b) == 0 {
			return makePassword(), true, nil
		}
	}
	if answers[0] != answers[1] {
		return "", false, errs.Invalidf("the two passwords differ: nothing was changed")
	}
	return answers[0], false, nil
}

// firstWord is the first line, without a limit on what it may hold.
func firstWord(r io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(r, maxSecretFile)).ReadString('\n')
	if err != nil && err != io.EOF {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// makePassword is 100 random bits in groups that can be read out.
func makePassword() string {
	b := make([]byte, 13)
	_, _ = rand.Read(b) // never fails
	s := strings.ToLower(base32.StdEncoding.EncodeToString(b))[:20]
	return strings.Join([]string{s[:5], s[5:10], s[10:15], s[15:]}, "-")
}

// withPassword is an operator as JSON, with the password where it was made
// here: nobody sees it again.
type withPassword struct {
	organisation.Operator
	Made string `json:"made_password,omitempty"`
}

type operatorAddCmd struct {
	Email    string `arg:"" help:"Address to sign in with."`
	Name     string `required:"" help:"What the team calls them." placeholder:"NAME"`
	Role     string `help:"owner, editor, reviewer or analyst (default: owner for the first, then editor)." placeholder:"ROLE"`
	Language string `help:"Language of the administration, en or sv (default: as the browser asks)." placeholder:"LANG"`
	passwordFlag
}

// Run adds somebody.
func (c *operatorAddCmd) Run(s *session) error {
	role := organisation.Editor
	if c.Role != "" {
		var err error
		if role, err = organisation.ParseRole(c.Role); err != nil {
			return &errs.Error{Kind: errs.Invalid, Field: "--role", Text: "want owner, editor, reviewer or analyst"}
		}
	}
	o := organisation.Operator{Email: c.Email, Name: c.Name, Role: role, Language: c.Language}
	if err := o.Validate(); err != nil {
		return err
	}
	password, made, err := c.read(s)
	if err != nil {
		return err
	}
	return s.with(func(h *house) error {
		if c.Role == "" {
			all, err := h.office.Operators(s.ctx)
			if err != nil {
				return err
			}
			if len(all) == 0 {
				o.Role = organisation.Owner
			}
		}
		hash, err := h.porter.Hash(s.ctx, o.Name, o.Email, password)
		if err != nil {
			return err
		}
		added, err := h.office.AddOperator(s.ctx, "cli", o, hash, false)
		if err != nil {
			return err
		}
		return s.showPassword(added, password, made)
	})
}

// showPassword prints an operator, and the password where it was made here.
func (s *session) showPassword(o organisation.Operator, password string, made bool) error {
	out := withPassword{Operator: o}
	if made {
		out.Made = password
	}
	return s.print(out, func() {
		s.printOperator(o)
		if made {
			s.printf("\nPassword, shown this once: %s\n", password)
		}
	})
}

type operatorPasswordCmd struct {
	Who string `arg:"" help:"Address or id."`
	passwordFlag
	DropCodes bool `help:"Also turn one-time codes off, for somebody who has lost the telephone and the recovery codes."`
}

// Run sets a password.
func (c *operatorPasswordCmd) Run(s *session) error {
	password, made, err := c.read(s)
	if err != nil {
		return err
	}
	return s.with(func(h *house) error {
		o, err := h.office.FindOperator(s.ctx, c.Who)
		if err != nil {
			return err
		}
		if err := h.porter.SetPassword(s.ctx, "cli", o, password, 0); err != nil {
			return err
		}
		if c.DropCodes && o.TOTP {
			if err := h.porter.DropTOTP(s.ctx, "cli", o.ID, 0); err != nil {
				return err
			}
		}
		if o, err = h.office.FindOperator(s.ctx, o.ID.String()); err != nil {
			return err
		}
		if o.TOTP {
			s.say("One-time codes are still asked for after the password; --drop-codes turns them off.")
		}
		return s.showPassword(o, password, made)
	})
}

type operatorRoleCmd struct {
	Who  string `arg:"" help:"Address or id."`
	Role string `arg:"" help:"owner, editor, reviewer or analyst."`
}

// Run changes a role.
func (c *operatorRoleCmd) Run(s *session) error {
	role, err := organisation.ParseRole(c.Role)
	if err != nil {
		return err
	}
	return s.with(func(h *house) error {
		o, err := h.office.FindOperator(s.ctx, c.Who)
		if err != nil {
			return err
		}
		if o, err = h.office.SetRole(s.ctx, "cli", o.ID, role); err != nil {
			return err
		}
		return s.print(o, func() { s.printOperator(o) })
	})
}

type operatorRemoveCmd struct {
	Who string `arg:"" help:"Address or id."`
}

// Run removes somebody.
func (c *operatorRemoveCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		o, err := h.office.FindOperator(s.ctx, c.Who)
		if err != nil {
			return err
		}
		if err := h.office.RemoveOperator(s.ctx, "cli", o.ID); err != nil {
			return err
		}
		return s.print(o, func() { s.printf("%s is no longer in the team.\n", o.Name) })
	})
}
