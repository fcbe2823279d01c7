package mailer

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/textproto"
	"os"

	"postrider/delivery"
	"postrider/internal/errs"
)

// trouble turns what stopped the dialling into the contract's error, whose
// text names a remedy where there is one.
func (d *dialling) trouble(ctx context.Context, err error) *delivery.Trouble {
	t := &delivery.Trouble{Stage: d.stage, Err: err}
	var reply *textproto.Error
	switch {
	case ctx.Err() != nil:
		t.Err = errs.Unavailablef("the connection was given up: %w", context.Cause(ctx))
	case errors.As(err, &reply):
		t.Reply = newReply(reply.Code, reply.Msg)
		t.Err = errs.Unavailablef("the mail server refused: %w", err)
	case errs.Is(err, errs.Invalid) || errs.Is(err, errs.Unavailable) || errs.Is(err, errs.Forbidden):
	default:
		t.Err = d.explain(err)
	}
	return t
}

func (d *dialling) explain(err error) error {
	var (
		expired   x509.CertificateInvalidError
		wrongName x509.HostnameError
		unknown   x509.UnknownAuthorityError
		record    tls.RecordHeaderError
		lookup    *net.DNSError
		timeout   net.Error
	)
	host, port := d.relay.Host, d.relay.Port
	switch {
	case errors.As(err, &expired) && expired.Reason == x509.Expired:
		return errs.Unavailablef("the certificate of %s is not valid at this time: renew it, or set this machine's clock: %w", host, err)
	case errors.As(err, &wrongName):
		return errs.Unavailablef("the certificate is not for %s: give the mail server's own name: %w", host, err)
	case errors.As(err, &unknown):
		return errs.Unavailablef("the certificate of %s is signed by an authority that this machine does not know: install it: %w", host, err)
	case errors.As(err, &record):
		return errs.Unavailablef("port %d of %s does not begin with TLS: use required instead of implicit, or another port: %w", port, host, err)
	case errors.As(err, &lookup) && lookup.IsNotFound:
		return errs.Unavailablef("there is no host %s: check the mail server's name: %w", host, err)
	case errors.Is(err, errTalkative):
		return errs.Unavailablef("port %d of %s: %w: check that it is a mail server", port, host, err)
	case errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout():
		return errs.Unavailablef("%s did not answer on port %d in time: check host and port, and that this network allows it: %w", host, port, err)
	}
	return errs.Unavailablef("%s, port %d: %w", host, port, err)
}
