package smtptest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"slices"
	"strings"
	"time"
)

type config struct {
	extensions     []string // EHLO lines, STARTTLS and AUTH not among them
	tls            *tls.Config
	roots          *x509.CertPool
	implicit       bool
	mechanisms     []string
	user, password string
	allowFaults    bool
	eager          bool
	discard        bool
}

func defaults() config {
	return config{extensions: []string{"PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"}}
}

// Option changes what a server offers.
type Option func(*config)

// Offer adds an EHLO line, such as "SIZE 1000".
func Offer(line string) Option {
	return func(c *config) { c.extensions = append(c.extensions, line) }
}

// Without leaves out an extension that is offered by default: PIPELINING,
// 8BITMIME, SMTPUTF8 or ENHANCEDSTATUSCODES.
func Without(extension string) Option {
	return func(c *config) {
		c.extensions = slices.DeleteFunc(c.extensions, func(e string) bool { return e == extension })
	}
}

// Auth demands a log-in by one of the mechanisms: PLAIN, LOGIN, CRAM-MD5,
// SCRAM-SHA-256 or XOAUTH2.
func Auth(user, password string, mechanisms ...string) Option {
	return func(c *config) { c.user, c.password, c.mechanisms = user, password, mechanisms }
}

// AllowFaults keeps breaches of the protocol from failing the test.
func AllowFaults() Option { return func(c *config) { c.allowFaults = true } }

// EagerData makes the server answer 354 to DATA even without a recipient, as
// some servers do; RFC 2920 §3.1 tells clients to expect it.
func EagerData() Option { return func(c *config) { c.eager = true } }

// Discard keeps the texts of messages out of memory, for benchmarks.
func Discard() Option { return func(c *config) { c.discard = true } }

// Certificate says what the server shows for TLS.
type Certificate int

// The certificates. Each is signed by an authority that Server.Roots returns.
const (
	Valid     Certificate = iota // for 127.0.0.1 and localhost
	Expired                      // yesterday
	WrongName                    // for mail.example.net
)

// STARTTLS offers TLS after the greeting.
func STARTTLS(cert Certificate) Option {
	return func(c *config) { c.useTLS(cert) }
}

// ImplicitTLS speaks TLS from the first octet.
func ImplicitTLS(cert Certificate) Option {
	return func(c *config) { c.useTLS(cert); c.implicit = true }
}

func (c *config) useTLS(cert Certificate) {
	pair, authority, err := certificate(cert)
	if err != nil {
		panic(fmt.Sprintf("smtptest: making a certificate: %v", err)) // no input can cause it
	}
	c.tls = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	c.roots = x509.NewCertPool()
	c.roots.AddCert(authority)
}

func certificate(kind Certificate) (tls.Certificate, *x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "smtptest"},
		NotBefore:             now.Add(-48 * time.Hour),
		NotAfter:              now.Add(48 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	switch kind {
	case Expired:
		template.NotAfter = now.Add(-24 * time.Hour)
	case WrongName:
		template.DNSNames, template.IPAddresses = []string{"mail.example.net"}, nil
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	parsed, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, parsed, err
}

func (c *config) offers(extension string) bool {
	return slices.ContainsFunc(c.extensions, func(e string) bool {
		name, _, _ := strings.Cut(e, " ")
		return name == extension
	})
}
