package mailaddr

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"postrider/internal/errs"
)

const maxName = 200 // bytes; longer names are pasted texts

// ParseFrom reads a sender as people write it: "news@org.example",
// "News <news@org.example>" or "\"News, weekly\" <news@org.example>". Commas and
// dots need no quotes. The address comes back in its String form. Control
// characters, a second pair of angle brackets and comments are Invalid.
func ParseFrom(s string) (mail.Address, error) {
	s = strings.Trim(s, " ")
	open := strings.IndexByte(s, '<')
	if open < 0 {
		a, err := Parse(s)
		return mail.Address{Address: a.String()}, err
	}
	if s[len(s)-1] != '>' {
		return mail.Address{}, errs.Invalidf("the sender %q does not end with >: write it like News <news@example.org>", s)
	}
	a, err := Parse(s[open+1 : len(s)-1])
	if err != nil {
		return mail.Address{}, err
	}
	name, err := parseName(strings.Trim(s[:open], " "))
	if err != nil {
		return mail.Address{}, err
	}
	return mail.Address{Name: name, Address: a.String()}, nil
}

func parseName(name string) (string, error) {
	if len(name) >= 2 && name[0] == '"' && name[len(name)-1] == '"' {
		name = strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(name[1 : len(name)-1])
	}
	if err := CheckName(name); err != nil {
		return "", err
	}
	return name, nil
}

// CheckName reports as Invalid a display name that may not stand in a header
// field: invisible or control characters, broken UTF-8, more than 200 bytes.
func CheckName(name string) error {
	switch {
	case len(name) > maxName:
		return errs.Invalidf("the name has %d bytes: shorten it to %d", len(name), maxName)
	case !utf8.ValidString(name):
		return errs.Invalidf("the name is not valid UTF-8: type it again")
	}
	for _, r := range name {
		// U+200C and U+200D shape names in Persian and Indic scripts, and emoji.
		if unicode.Is(unicode.C, r) && r != 0x200c && r != 0x200d || r == 0x2028 || r == 0x2029 {
			return errs.Invalidf("the name contains an invisible character (%U): type it again instead of pasting it", r)
		}
	}
	return nil
}
