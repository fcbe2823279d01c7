package delivery

import (
	"slices"
	"strings"
)

// extraHeaders are the fields that a relay may want in each mail, beside those
// that begin with X-. All others are ours, or belong to servers on the way.
var extraHeaders = []string{"organization", "tls-required", "feedback-type", "csa-complaints", "cfbl-address", "cfbl-feedback-id"}

// ownHeaders begin with X- and are not for relays all the same: they would tell
// strangers what software runs here.
var ownHeaders = []string{"x-mailer", "x-originating-ip", "x-sender", "x-originating-email"}

func (r *Relay) checkHeaders() error {
	if len(r.Config.Headers) > maxHeaders {
		return badRelay("headers", "want at most 20 headers", nil)
	}
	seen := map[string]bool{}
	for i := range r.Config.Headers {
		h := &r.Config.Headers[i]
		h.Name, h.Value = strings.TrimSpace(h.Name), strings.TrimSpace(h.Value)
		name := strings.ToLower(h.Name)
		switch {
		case !headerName(h.Name):
			return badRelay("headers", "want a name of letters, digits and hyphens, as in X-Campaign: news", nil)
		case slices.Contains(ownHeaders, name) || !strings.HasPrefix(name, "x-") && !slices.Contains(extraHeaders, name):
			return badRelay("headers", "the header "+h.Name+" is not a relay's to set: use one that begins with X-, or one of "+strings.Join(extraHeaders, ", "), nil)
		case seen[name]:
			return badRelay("headers", "the header "+h.Name+" is given twice", nil)
		case h.Value == "" || len(h.Value) > 500 || !printable(h.Value):
			return badRelay("headers", "the value of "+h.Name+" is empty, longer than 500 bytes, or has a line break", nil)
		}
		seen[name] = true
	}
	return nil
}

func headerName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return s != "" && len(s) <= 60
}

// ParseHeader reads "Name: value", as a command line gives it.
func ParseHeader(s string) (Header, error) {
	name, value, ok := strings.Cut(s, ":")
	if !ok || !headerName(strings.TrimSpace(name)) {
		return Header{}, badRelay("headers", `want "Name: value"`, nil)
	}
	return Header{Name: strings.TrimSpace(name), Value: strings.TrimSpace(value)}, nil
}
