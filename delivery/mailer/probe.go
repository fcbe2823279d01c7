package mailer

import (
	"context"
	"crypto/tls"
	"errors"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"postrider/delivery"
	"postrider/internal/mailaddr"
)

var _ delivery.Prober = (*Mailer)(nil)

// extensions are those that a probe asks about.
var extensions = []string{"PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "AUTH", "STARTTLS", "ENHANCEDSTATUSCODES", "CHUNKING", "DSN", "LIMITS"}

// Probe implements delivery.Prober. It opens one connection and closes it with QUIT.
func (m *Mailer) Probe(ctx context.Context, relay delivery.RelayConfig, sender string) (delivery.Probe, error) {
	timeout := relay.DialTimeout
	if timeout <= 0 {
		timeout = defaultDialTimeout
	}
	began := time.Now()
	var p delivery.Probe
	d := &dialling{relay: relay, deadline: began.Add(timeout), stage: delivery.StageConnect}
	d.tls = m.tlsConfig(relay)
	d.tls.VerifyConnection = func(s tls.ConnectionState) error { // called once the certificate has been found good
		p.TLS = tls.VersionName(s.Version)
		if len(s.PeerCertificates) > 0 {
			p.Certificate = s.PeerCertificates[0]
		}
		return nil
	}
	client, err := d.run(ctx, m.helo, timeout)
	p.Took = time.Since(began)
	p.Mechanism, p.Extensions = d.mechanism, offered(d.client)
	if d.unbind != nil {
		d.unbind()
	}
	if err != nil {
		if d.wire != nil {
			d.wire.hangUp()
		}
		return p, d.trouble(ctx, err)
	}
	d.wire.greeted()
	c := m.newConn(ctx, relay, nil, client, d.wire)
	defer c.Close()
	if sender == "" {
		return p, nil
	}
	if p.Sender, err = c.ask(sender, timeout); err != nil {
		return p, &delivery.Trouble{Stage: delivery.StageMail, Err: err}
	}
	return p, nil
}

// ask says MAIL FROM and takes it back.
func (c *conn) ask(sender string, timeout time.Duration) (delivery.Reply, error) {
	a, err := mailaddr.Parse(sender)
	if err != nil {
		return delivery.Reply{}, err
	}
	if err := c.wire.SetDeadline(time.Now().Add(timeout)); err != nil {
		return delivery.Reply{}, err
	}
	if err := c.write([]byte("MAIL FROM:<" + a.String() + ">\r\n")); err != nil {
		return delivery.Reply{}, err
	}
	reply, err := c.answer(timeout)
	if err != nil {
		return delivery.Reply{}, err
	}
	if reply.Code == 421 {
		c.hangUp()
		return reply, nil
	}
	if err := c.write([]byte(reset)); err != nil {
		return reply, errors.Join(errors.New("the mail server closed the connection after MAIL"), err)
	}
	_, _ = c.answer(timeout) // QUIT follows, whatever it says
	return reply, nil
}

// offered are the extensions of the last EHLO.
func offered(client *smtp.Client) map[string]string {
	out := map[string]string{}
	if client == nil {
		return out
	}
	for _, name := range extensions {
		if ok, behind := client.Extension(name); ok {
			out[name] = behind
		}
	}
	return out
}
