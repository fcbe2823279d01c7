package mailer

import (
	"context"
	"crypto/tls"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/internal/mailaddr"
)

// dialling is one connection on its way to being ready.
type dialling struct {
	relay    delivery.RelayConfig
	tls      *tls.Config
	deadline time.Time
	stage    delivery.Stage
	wire     *wire       // nil until TCP is connected
	unbind   func() bool // ends that the cancelled context closes wire

	client    *smtp.Client // nil until it has greeted
	mechanism string       // of the log-in, once it is through
}

// Dial implements delivery.Mailer. Each connection gets a go-mail Client of its
// own, because a shared one deadlocks when it is configured while it works.
func (m *Mailer) Dial(ctx context.Context, relay delivery.RelayConfig) (delivery.Conn, error) {
	timeout := relay.DialTimeout
	if timeout <= 0 {
		timeout = defaultDialTimeout
	}
	d := &dialling{relay: relay, deadline: time.Now().Add(timeout), stage: delivery.StageConnect}
	d.tls = m.tlsConfig(relay)
	fields, err := compileHeaders(relay.Headers, false)
	if err != nil {
		return nil, d.trouble(ctx, err)
	}
	client, err := d.run(ctx, m.helo, timeout)
	if d.unbind != nil && !d.unbind() && err == nil { // cancelled at the last moment
		err = context.Cause(ctx)
	}
	if err != nil {
		if d.wire != nil {
			d.wire.hangUp()
		}
		return nil, d.trouble(ctx, err)
	}
	d.wire.greeted()
	return m.newConn(ctx, relay, fields, client, d.wire), nil
}

func (m *Mailer) tlsConfig(relay delivery.RelayConfig) *tls.Config {
	return &tls.Config{ServerName: relay.Host, MinVersion: tls.VersionTLS12, RootCAs: m.roots, Time: m.now}
}

// run is the dialogue up to the log-in. What it returns an error for has happened at d.stage.
func (d *dialling) run(ctx context.Context, helo string, timeout time.Duration) (*smtp.Client, error) {
	if d.relay.Helo != "" {
		helo = d.relay.Helo
	}
	options, err := d.options(ctx, helo, timeout)
	if err != nil {
		return nil, err
	}
	configured, err := mail.NewClient(d.relay.Host, options...)
	if err != nil {
		return nil, errs.Invalidf("the mail server %q cannot be used: check its host and port: %w", d.relay.Host, err)
	}
	client, err := configured.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return nil, err
	}
	d.client = client
	if d.relay.TLS != delivery.TLSImplicit && d.relay.TLS != delivery.TLSNone {
		d.stage = delivery.StageTLS
		if ok, _ := client.Extension("STARTTLS"); !ok {
			return nil, errs.Unavailablef("the mail server does not offer STARTTLS: use its port for TLS, usually 465, with implicit TLS")
		}
		if err := client.StartTLS(d.tls); err != nil {
			return nil, err
		}
	}
	if d.relay.Username != "" {
		d.stage = delivery.StageAuth
		if err := d.logIn(ctx, client); err != nil {
			return nil, err
		}
	}
	return client, nil
}

// options configures go-mail to greet and no more: TLS and log-in are asked
// for afterwards, one by one, so that each failure has its stage.
func (d *dialling) options(ctx context.Context, helo string, timeout time.Duration) ([]mail.Option, error) {
	if err := checkHelo(helo); err != nil {
		return nil, err
	}
	options := []mail.Option{
		mail.WithPort(d.relay.Port), mail.WithTimeout(timeout), mail.WithHELO(helo), mail.WithTLSPolicy(mail.NoTLS),
		mail.WithoutSMTPUTF8(),
		mail.WithDialContextFunc(func(bounded context.Context, network, _ string) (net.Conn, error) {
			return d.connect(ctx, bounded, network)
		}),
	}
	switch d.relay.TLS {
	case delivery.TLSImplicit:
		options = append(options, mail.WithSSL())
	case delivery.TLSNone, delivery.TLSRequired, "":
	default:
		return nil, errs.Invalidf("the mail server's TLS policy %q is not known: use required, implicit or none", d.relay.TLS)
	}
	return options, nil
}

// checkHelo accepts a domain or an address literal (RFC 5321 §4.1.3).
func checkHelo(helo string) error {
	if inner, ok := strings.CutPrefix(helo, "["); ok {
		inner, closed := strings.CutSuffix(inner, "]")
		if closed && net.ParseIP(strings.TrimPrefix(inner, "IPv6:")) != nil {
			return nil
		}
		return errs.Invalidf("the greeting name %q is not an address in brackets: use this machine's domain name", helo)
	}
	if canonical, err := mailaddr.ParseDomain(helo); err != nil || !strings.EqualFold(canonical, helo) {
		return errs.Invalidf("the greeting name %q is not a domain name: use this machine's, like mail.example.org", helo)
	}
	return nil
}

// connect is go-mail's dialler: TCP, and TLS at once where that is asked for.
// bounded is go-mail's context and ends with the greeting; ctx closes the
// connection during the log-in too.
func (d *dialling) connect(ctx, bounded context.Context, network string) (net.Conn, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(bounded, network, net.JoinHostPort(d.relay.Host, strconv.Itoa(d.relay.Port)))
	if err != nil {
		return nil, err
	}
	if d.wire, err = newWire(conn, d.deadline); err != nil {
		_ = conn.Close()
		return nil, err
	}
	d.unbind = context.AfterFunc(ctx, d.wire.hangUp)
	switch d.relay.TLS {
	case delivery.TLSNone:
		d.stage = delivery.StageTLS
		if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
			return nil, errs.Invalidf("the mail server %s is not on this machine, so it needs TLS: set TLS to required or implicit", d.relay.Host)
		}
	case delivery.TLSImplicit:
		d.stage = delivery.StageTLS
		secured := tls.Client(d.wire, d.tls)
		if err := secured.HandshakeContext(bounded); err != nil {
			return nil, err
		}
		d.stage = delivery.StageGreet
		return secured, nil
	}
	d.stage = delivery.StageGreet
	return d.wire, nil
}
