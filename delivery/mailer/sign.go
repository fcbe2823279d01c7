package mailer

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-msgauth/dkim"

	"postrider/delivery"
	"postrider/internal/errs"
)

// signedFields are those that a signature covers where a mail has them. RFC
// 6376 §5.4.1 recommends what a reader sees; RFC 8058 §4 demands both fields of
// List-Unsubscribe.
var signedFields = []string{
	"From", "To", "Subject", "Date", "Message-ID", "Reply-To", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "List-Help",
	"List-Archive", "Feedback-ID", "Precedence", "Auto-Submitted", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
}

// checkSigners makes sure that each key can sign, and signs for the domain that
// readers see: else the signature is worth nothing (RFC 7489 §3.1.1).
func checkSigners(keys []delivery.DKIMKey, from string) error {
	_, domain, _ := strings.Cut(from, "@")
	for _, k := range keys {
		if k.Key == nil || k.Selector == "" {
			return errs.Invalidf("a DKIM key of %s is not whole: make another", k.Domain)
		}
		switch public := k.Key.Public().(type) {
		case ed25519.PublicKey:
		case *rsa.PublicKey:
			if public.Size() < 1024/8 { // RFC 8301 §3.2
				return errs.Invalidf("the DKIM key %s of %s has %d bits only: make another", k.Selector, k.Domain, public.Size()*8)
			}
		default:
			return errs.Invalidf("the DKIM key %s of %s is a %T: RSA and Ed25519 can sign", k.Selector, k.Domain, public)
		}
		if domain != k.Domain && !strings.HasSuffix(domain, "."+k.Domain) {
			return errs.Invalidf("the DKIM key %s is for %s, the sender is at %s: make one for that", k.Selector, k.Domain, domain)
		}
	}
	return nil
}

// sign puts a signature of each key before the message that begins at start.
// The octets of the message stay as they are, and no later step changes them:
// no line begins with a dot, all line ends are CRLF.
func sign(b []byte, start int, keys []delivery.DKIMKey) ([]byte, error) {
	covered := fieldsOf(b[start:])
	var fields []byte
	for _, k := range keys {
		// Relaxed, because relays and lists on the way fold fields and trim
		// white space. No l=: it would let others write on.
		s, err := dkim.NewSigner(&dkim.SignOptions{
			Domain: k.Domain, Selector: k.Selector, Signer: k.Key, HeaderKeys: covered,
			HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
		})
		if err != nil {
			return b, fmt.Errorf("signing with %s of %s: %w", k.Selector, k.Domain, err)
		}
		_, writing := s.Write(b[start:])
		if err := s.Close(); err != nil || writing != nil {
			return b, fmt.Errorf("signing with %s of %s: %w", k.Selector, k.Domain, firstOf(err, writing))
		}
		fields = append(fields, s.Signature()...)
	}
	return slices.Insert(b, start, fields...), nil
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// fieldsOf lists the signed fields that the message has, and From once more, so
// that a second one breaks the signature (RFC 6376 §8.15).
func fieldsOf(message []byte) []string {
	out := make([]string, 1, len(signedFields)+1)
	out[0] = "From"
	for _, name := range signedFields {
		if hasField(message, name) {
			out = append(out, name)
		}
	}
	return out
}

// hasField reports whether a field stands in the header. Its names are written
// by this package or checked by it, so that the spelling decides only by its case.
func hasField(message []byte, name string) bool {
	for len(message) > 0 && message[0] != '\r' {
		if len(message) > len(name) && message[len(name)] == ':' && strings.EqualFold(string(message[:len(name)]), name) {
			return true
		}
		end := bytes.IndexByte(message, '\n')
		if end < 0 {
			return false
		}
		message = message[end+1:]
	}
	return false
}
