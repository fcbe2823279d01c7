// Package mailaddr reads mail addresses: one addr-spec of RFC 5321 §4.1.2 and
// RFC 6531, and the "Name <address>" that people type for a sender. It is
// strict, because what it returns is written word for word into SMTP commands
// and header fields: no comments, no domain literals, no white space outside
// quotes, no angle brackets. It does not ask DNS and never sends anything.
package mailaddr

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"postrider/internal/errs"
)

// The limits of RFC 5321 §4.5.3.1 and RFC 3696 (erratum 1690), in octets.
const (
	maxLocal   = 64
	maxAddress = 254
	maxDomain  = 253
	maxLabel   = 63
)

// Address is one valid address. The zero Address is none; it prints as "".
// Two Addresses may be compared with ==, which compares their String forms;
// whether two mean the same mailbox is told by Canonical.
type Address struct {
	local  string // as given, with its quotes if it had any
	domain string // lower-case A-labels
}

// Parse reads one addr-spec, such as "ada@example.org". The local part is kept
// as given; the domain becomes lower-case A-labels (UTS 46, the Lookup profile
// of IDNA 2008). What cannot be mailed to is Invalid, with the remedy in the text.
func Parse(s string) (Address, error) {
	if err := checkWhole(s); err != nil {
		return Address{}, err
	}
	at := strings.LastIndexByte(s, '@')
	switch {
	case at < 0:
		return Address{}, errs.Invalidf("the address is missing its @: write it like name@example.org")
	case at == 0:
		return Address{}, errs.Invalidf("the address has nothing before its @: write it like name@example.org")
	case at == len(s)-1:
		return Address{}, errs.Invalidf("the address has nothing after its @: add the domain, like example.org")
	}
	local, domain := s[:at], s[at+1:]
	if err := checkLocal(local); err != nil {
		return Address{}, err
	}
	domain, err := ParseDomain(domain)
	if err != nil {
		return Address{}, err
	}
	if n := len(local) + 1 + len(domain); n > maxAddress {
		return Address{}, errs.Invalidf("the address has %d bytes: mail servers take at most %d", n, maxAddress)
	}
	return Address{local: local, domain: domain}, nil
}

// checkWhole refuses what may stand nowhere in an address.
func checkWhole(s string) error {
	switch {
	case s == "":
		return errs.Invalidf("the address is empty: write it like name@example.org")
	case len(s) > 4*maxAddress: // an IDN may shrink when encoded, but not fourfold
		return errs.Invalidf("the address has %d bytes: mail servers take at most %d", len(s), maxAddress)
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf:
			return checkRunes(s)
		case c < ' ' || c == 0x7f:
			return errs.Invalidf("the address contains a control character: type it again instead of pasting it")
		case c == '<' || c == '>':
			return errs.Invalidf("the address contains %q: give only what stands between the angle brackets", c)
		}
	}
	return nil
}

// checkRunes is checkWhole for addresses outside ASCII. Invisible characters
// are refused, because nobody could see why two addresses differ.
func checkRunes(s string) error {
	if !utf8.ValidString(s) {
		return errs.Invalidf("the address is not valid UTF-8: save the file as UTF-8")
	}
	for _, r := range s {
		switch {
		case unicode.Is(unicode.C, r) || r == utf8.RuneError:
			return errs.Invalidf("the address contains an invisible character (%U): type it again instead of pasting it", r)
		case r > unicode.MaxASCII && unicode.IsSpace(r):
			return errs.Invalidf("the address contains a space (%U): remove it", r)
		case r == '<' || r == '>':
			return errs.Invalidf("the address contains %q: give only what stands between the angle brackets", r)
		}
	}
	return nil
}

func checkLocal(local string) error {
	if len(local) > maxLocal {
		return errs.Invalidf("the part before the @ has %d bytes: mail servers take at most %d", len(local), maxLocal)
	}
	if local[0] == '"' {
		return checkQuoted(local)
	}
	for i := 0; i < len(local); i++ {
		c := local[i]
		switch {
		case c == '@':
			return errs.Invalidf("the address has more than one @: keep only the one before the domain")
		case c == ' ':
			return errs.Invalidf("the address contains a space: remove it")
		case c == '.' && (i == 0 || i == len(local)-1 || local[i+1] == '.'):
			return errs.Invalidf("the part before the @ has a dot at its start, at its end or twice in a row: check the spelling")
		case c != '.' && c < utf8.RuneSelf && !isAtext(c):
			return errs.Invalidf("the part before the @ contains %q, which addresses may not contain: check the spelling", c)
		}
	}
	return nil
}

// checkQuoted accepts a Quoted-string of RFC 5321: qtextSMTP or quoted-pairs.
func checkQuoted(local string) error {
	if len(local) < 3 || local[len(local)-1] != '"' {
		return errs.Invalidf("the part before the @ begins with a quotation mark that is not closed: remove the quotation marks")
	}
	for i := 1; i < len(local)-1; i++ {
		switch local[i] {
		case '"':
			return errs.Invalidf("the part before the @ has a quotation mark inside its quotation marks: remove it")
		case '\\':
			i++
			if i == len(local)-1 || local[i] >= utf8.RuneSelf {
				return errs.Invalidf("the part before the @ has a backslash that escapes nothing: remove it")
			}
		}
	}
	return nil
}

// isAtext reports whether c may stand in an atom (RFC 5322 §3.2.3).
func isAtext(c byte) bool {
	return isAlnum(c) || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

func isAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// String returns the address as it is written on the wire: the local part as
// it was given, the domain as lower-case A-labels.
func (a Address) String() string {
	if a.domain == "" {
		return ""
	}
	return a.local + "@" + a.domain
}

// Local returns the part before the @ as it was given.
func (a Address) Local() string { return a.local }

// Domain returns the part after the @ as lower-case A-labels.
func (a Address) Domain() string { return a.domain }

// Canonical returns the key under which an address is one subscriber: the
// local part in lower case and normal form C too, and without needless quotes.
// RFC 5321 lets servers tell Ada from ada; none that people use does. Mail goes
// to String, never to this.
func (a Address) Canonical() string {
	if a.domain == "" {
		return ""
	}
	local := a.local
	if local[0] == '"' {
		local = unquote(local)
	}
	return fold(local) + "@" + a.domain
}

// unquote removes quotes and backslashes that the content does not need.
func unquote(quoted string) string {
	var plain strings.Builder
	for i := 1; i < len(quoted)-1; i++ {
		if quoted[i] == '\\' {
			i++
		}
		plain.WriteByte(quoted[i])
	}
	if s := plain.String(); s[0] != '"' && checkLocal(s) == nil {
		return s
	}
	return quoted
}

func fold(local string) string {
	for i := 0; i < len(local); i++ {
		if local[i] >= utf8.RuneSelf {
			// Lowering may leave a sequence that composes anew (İ), so the
			// normal form comes last and the result is stable.
			return norm.NFC.String(strings.ToLower(norm.NFC.String(local)))
		}
	}
	return strings.ToLower(local)
}

// NeedsSMTPUTF8 reports whether only servers that offer SMTPUTF8 (RFC 6531) can
// take the address: its local part is not ASCII.
func (a Address) NeedsSMTPUTF8() bool {
	for i := 0; i < len(a.local); i++ {
		if a.local[i] >= utf8.RuneSelf {
			return true
		}
	}
	return false
}

// MarshalText writes String, for JSON.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what Parse reads; the empty text is the zero Address.
func (a *Address) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*a = Address{}
		return nil
	}
	v, err := Parse(string(b))
	if err != nil {
		return err
	}
	*a = v
	return nil
}
