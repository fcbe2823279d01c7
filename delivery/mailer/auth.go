package mailer

import (
	"context"
	"slices"
	"strings"

	"github.com/wneessen/go-mail/smtp"

	"postrider/delivery"
	"postrider/internal/errs"
)

// mechanisms are those that are chosen by themselves, the strongest first.
// XOAUTH2 is not: its "password" is a token, which only a person knows.
var mechanisms = []string{"SCRAM-SHA-256", "CRAM-MD5", "PLAIN", "LOGIN"}

// logIn authenticates. Passwords go unencrypted over loopback only, because
// connect allows no other connection without TLS.
func (d *dialling) logIn(ctx context.Context, client *smtp.Client) error {
	ok, offered := client.Extension("AUTH")
	if !ok {
		return errs.Unavailablef("the mail server takes no user name here: leave it out, or check host, port and TLS")
	}
	mechanism, err := choose(d.relay.Auth, strings.Fields(strings.ToUpper(offered)))
	if err != nil {
		return err
	}
	user, password := d.relay.Username, d.relay.Password.Reveal()
	if mechanism == "XOAUTH2" && d.relay.Token != nil {
		token, err := d.relay.Token.Token(ctx)
		if err != nil {
			return err
		}
		password = token.Reveal()
	}
	unencrypted := d.relay.TLS == delivery.TLSNone
	var auth smtp.Auth
	switch mechanism {
	case "SCRAM-SHA-256":
		auth = smtp.ScramSHA256Auth(user, password)
	case "CRAM-MD5":
		auth = smtp.CRAMMD5Auth(user, password)
	case "PLAIN":
		auth = smtp.PlainAuth("", user, password, d.relay.Host, unencrypted)
	case "LOGIN":
		auth = smtp.LoginAuth(user, password, d.relay.Host, unencrypted)
	case "XOAUTH2":
		auth = smtp.XOAuth2Auth(user, password)
	}
	if err := client.Auth(auth); err != nil {
		return err
	}
	d.mechanism = mechanism
	return nil
}

// choose returns the mechanism to use, in the wire's spelling.
func choose(wanted string, offered []string) (string, error) {
	if wanted == "" {
		for _, m := range mechanisms {
			if slices.Contains(offered, m) {
				return m, nil
			}
		}
		return "", errs.Unavailablef("the mail server knows only %s: ask its operator for one of %s",
			strings.Join(offered, ", "), strings.Join(mechanisms, ", "))
	}
	mechanism := strings.ToUpper(wanted)
	if mechanism != "XOAUTH2" && !slices.Contains(mechanisms, mechanism) {
		return "", errs.Invalidf("the log-in %q is not known: use plain, login, cram-md5, scram-sha-256 or xoauth2", wanted)
	}
	if !slices.Contains(offered, mechanism) {
		return "", errs.Unavailablef("the mail server does not know the log-in %s: it offers %s", wanted, strings.ToLower(strings.Join(offered, ", ")))
	}
	return mechanism, nil
}
