package mailaddr

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"postrider/internal/errs"
)

// ParseDomain reads the domain of an address and returns it as lower-case
// A-labels. It needs a dot, except for localhost, so that "gmail" is noticed;
// numbers in brackets (domain literals) are refused.
func ParseDomain(s string) (string, error) {
	if s != "" && s[0] == '[' {
		return "", errs.Invalidf("the address ends in a number in brackets: write the domain's name instead")
	}
	domain := s
	if !isPlain(s) {
		if len(s) > 4*maxAddress { // the mapping below is not free
			return "", errs.Invalidf("the domain has %d bytes: names have at most %d", len(s), maxDomain)
		}
		mapped, err := idna.Lookup.ToASCII(s)
		if err != nil {
			return "", errs.Invalidf("the domain %q is not a valid name: check the spelling", s)
		}
		domain = mapped
	}
	if err := checkDomain(domain); err != nil {
		return "", err
	}
	return domain, nil
}

// isPlain reports whether a domain is already lower-case ASCII without
// A-labels, which most are: those need no mapping and no memory.
func isPlain(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return !strings.Contains(s, "xn--")
}

func checkDomain(domain string) error {
	switch {
	case domain == "":
		return errs.Invalidf("the address has nothing after its @: add the domain, like example.org")
	case len(domain) > maxDomain:
		return errs.Invalidf("the domain has %d bytes: names have at most %d", len(domain), maxDomain)
	case domain[len(domain)-1] == '.':
		return errs.Invalidf("the domain %q ends in a dot: remove it", domain)
	}
	label, labels, digits := 0, 1, true
	for i := 0; i <= len(domain); i++ {
		if i < len(domain) && domain[i] != '.' {
			c := domain[i]
			if c != '-' && !isAlnum(c) {
				return errs.Invalidf("the domain %q contains %q, which names may not contain: check the spelling", domain, c)
			}
			digits = digits && '0' <= c && c <= '9'
			continue
		}
		if err := checkLabel(domain, domain[label:i]); err != nil {
			return err
		}
		if i < len(domain) {
			label, labels, digits = i+1, labels+1, true
		}
	}
	switch {
	case labels == 1 && domain != "localhost":
		return errs.Invalidf("the domain %q has no dot: add its ending, like .org", domain)
	case digits:
		return errs.Invalidf("the domain %q ends in a number: write the domain's name", domain)
	}
	return nil
}

func checkLabel(domain, label string) error {
	switch {
	case label == "":
		return errs.Invalidf("the domain %q has a dot at its start or two in a row: check the spelling", domain)
	case len(label) > maxLabel:
		return errs.Invalidf("the domain %q has a part of %d bytes: parts have at most %d", domain, len(label), maxLabel)
	case label[0] == '-' || label[len(label)-1] == '-':
		return errs.Invalidf("the domain %q has a part that begins or ends with a hyphen: check the spelling", domain)
	}
	return nil
}
