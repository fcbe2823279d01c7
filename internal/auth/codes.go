package auth

import (
	"bytes"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"image/png"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"postrider/internal/errs"
	"postrider/internal/secrets"
)

const (
	stepSeconds = 30
	qrPixels    = 232
)

// Enrolment is a fresh secret for one-time codes, as an app takes it.
type Enrolment struct {
	Secret secrets.Secret // base32, 160 bits
	URL    string         // otpauth://…, which is in the picture
	QR     string         // a PNG as a data: URL
}

// Enrol makes a secret for the codes of one account (RFC 6238: SHA-1, six
// digits, 30 seconds, which is what every app takes).
func Enrol(issuer, account string) (Enrolment, error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: plain(issuer), AccountName: plain(account), SecretSize: 20, Rand: rand.Reader})
	if err != nil {
		return Enrolment{}, err
	}
	return picture(key)
}

// EnrolAgain is the same enrolment with a secret that was made before.
func EnrolAgain(issuer, account string, secret secrets.Secret) (Enrolment, error) {
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret.Reveal())
	if err != nil {
		return Enrolment{}, errs.Conflictf("this page has been open for too long: begin again, nothing was changed")
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: plain(issuer), AccountName: plain(account), Secret: raw})
	if err != nil {
		return Enrolment{}, err
	}
	return picture(key)
}

func picture(key *otp.Key) (Enrolment, error) {
	img, err := key.Image(qrPixels, qrPixels)
	if err != nil {
		return Enrolment{}, err
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return Enrolment{}, err
	}
	return Enrolment{Secret: secrets.Secret(key.Secret()), URL: key.URL(), QR: "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())}, nil
}

// plain takes out what separates the parts of an otpauth address.
func plain(s string) string { return strings.NewReplacer(":", " ", "/", " ").Replace(s) }

// Step returns the 30-second step whose code this is, among the one of now and
// its neighbours, and false where it is none of them. Whoever accepts a step
// keeps it, and accepts no step again that is not later.
func Step(secret secrets.Secret, code string, now time.Time) (int64, bool) {
	code = strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, code)
	present := now.Unix() / stepSeconds
	found, ok := int64(0), false
	for step := present - 1; step <= present+1; step++ {
		valid, err := hotp.ValidateCustom(code, uint64(step), secret.Reveal(), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && valid {
			found, ok = step, true
		}
	}
	return found, ok
}

// recoveryCodes is how many are made at a time.
const recoveryCodes = 10

// NewRecoveryCodes are ten codes of 80 random bits, "mzxw-6ytb-oi2h-c3tf".
func NewRecoveryCodes() []string {
	out := make([]string, recoveryCodes)
	for i := range out {
		b := make([]byte, 10)
		_, _ = rand.Read(b) // never fails
		s := strings.ToLower(base32.StdEncoding.EncodeToString(b))
		out[i] = strings.Join([]string{s[:4], s[4:8], s[8:12], s[12:]}, "-")
	}
	return out
}

// RecoveryFingerprint is the fingerprint of a recovery code as a person types
// it: with or without hyphens, in capitals.
func RecoveryFingerprint(typed string) string {
	return Fingerprint("recovery " + strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '-':
			return -1
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return r
	}, typed))
}

// Code is what an app with that secret shows at a moment: for tests, and for
// nothing else.
func Code(secret secrets.Secret, at time.Time) (string, error) {
	return hotp.GenerateCodeCustom(secret.Reveal(), uint64(at.Unix()/stepSeconds), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
}
