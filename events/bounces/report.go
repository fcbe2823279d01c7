package bounces

import (
	"regexp"
	"strings"
)

// entry is what a report says about one recipient, before it is judged.
type entry struct {
	original, final string
	action          string
	status          string
	diagnostic      string // with its type: "smtp; 550 …"
	words           string // of the text for people, about this recipient
}

func (e entry) recipient() string {
	if e.original != "" {
		return e.original
	}
	return e.final
}

// readReport reads a delivery status notification (RFC 3464), also one that
// stands in a text because its parts are broken or were pasted.
func readReport(m *message) []Bounce {
	var entries []entry
	for _, p := range m.parts {
		if isStatus(p.kind) || p.kind == "message/delivery-report" {
			entries = append(entries, readStatus(p.text)...)
		}
	}
	text := m.human()
	if len(entries) == 0 && strings.Contains(strings.ToLower(text), "-recipient:") {
		entries = readStatus(text)
		if i := statusBegins.FindStringIndex(text); i != nil {
			text = text[:i[0]]
		}
	}
	if len(entries) == 0 {
		return nil
	}
	m.complete(entries, text)
	warning := isWarning(m.top.get("Subject"), text)
	var out []Bounce
	for _, e := range entries {
		out = add(out, judge(e, m, text, warning && e.action != "failed"))
	}
	return out
}

// statusBegins is where machine text starts within a text for people.
var statusBegins = regexp.MustCompile(`(?im)^(Reporting-MTA|Final-Recipient|Original-Recipient)[ \t]*:`)

// add keeps one entry a recipient: the one that says more.
func add(all []Bounce, b Bounce) []Bounce {
	for i, old := range all {
		if strings.EqualFold(old.Recipient, b.Recipient) {
			if old.Reason == Undefined && b.Reason != Undefined {
				all[i] = b
			}
			return all
		}
	}
	return append(all, b)
}

// readStatus reads groups of fields, one a recipient. Groups should be parted
// by empty lines; where they are not, a repeated field begins the next.
func readStatus(text string) []entry {
	var out []entry
	var e entry
	var last *string
	flush := func() {
		if e.recipient() != "" {
			out = append(out, e)
		}
		e, last = entry{}, nil
	}
	for _, line := range strings.SplitN(text, "\n", maxLines) {
		if strings.TrimSpace(line) == "" {
			if e.recipient() != "" && (e.action != "" || e.status != "" || e.diagnostic != "") {
				flush()
			}
			last = nil
			continue
		}
		if line[0] == ' ' || line[0] == '\t' {
			if last != nil && len(*last) < maxText*4 {
				*last += "\n" + strings.TrimSpace(line)
			}
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		last = nil
		if !ok || len(out) >= maxEntries {
			continue
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "original-recipient":
			if e.original != "" || e.final != "" && (e.action != "" && e.status != "" && e.diagnostic != "") {
				flush()
			}
			e.original = recipientOf(value)
		case "final-recipient":
			if e.final != "" {
				flush()
			}
			e.final = recipientOf(value)
		case "x-actual-recipient":
			if a := recipientOf(value); e.final == "" {
				e.final = a
			}
		case "action":
			e.action = strings.ToLower(firstWord(value))
		case "status":
			if s := alone.FindStringSubmatch(value); s != nil {
				e.status = s[1]
			}
			if _, note, ok := strings.Cut(value, "("); ok && e.words == "" {
				e.words = strings.TrimSuffix(note, ")")
			}
		case "diagnostic-code":
			e.diagnostic = value
			last = &e.diagnostic
		}
	}
	flush()
	return out
}

func firstWord(s string) string {
	if f := strings.Fields(s); len(f) > 0 {
		return strings.Trim(f[0], ".;,")
	}
	return ""
}

// recipientOf reads "rfc822; <a@b>". A route (RFC 5321 appendix C) and what
// is no address at all come back empty; so does one in UTF-8 that is encoded.
func recipientOf(v string) string {
	if kind, rest, ok := strings.Cut(v, ";"); ok && !strings.Contains(kind, "@") {
		v = rest
	}
	v = strings.TrimSpace(v)
	if strings.HasPrefix(v, "@") {
		if _, rest, ok := strings.Cut(v, ":"); ok && strings.Contains(rest, "@") {
			return address(rest)
		}
		return ""
	}
	return address(v)
}

// complete fills in recipients from elsewhere and the human words about each.
func (m *message) complete(entries []entry, text string) {
	about := segments(text, m)
	for i := range entries {
		e := &entries[i]
		for _, s := range about {
			if strings.EqualFold(s.address, e.original) || strings.EqualFold(s.address, e.final) {
				e.words = strings.TrimSpace(e.words + "\n" + s.text)
			}
		}
		if len(entries) == 1 && e.words == "" {
			e.words = text
		}
	}
}

// dsnType takes the type off a diagnostic.
func dsnType(diagnostic string) (kind, text string) {
	kind, text, ok := strings.Cut(diagnostic, ";")
	if !ok || strings.ContainsAny(strings.TrimSpace(kind), " <@") {
		return "", diagnostic
	}
	return strings.ToLower(strings.TrimSpace(kind)), strings.TrimSpace(text)
}

var warnings = regexp.MustCompile(`(?i)warning message only|you do not need to resend|(will|to) be retried|will (keep trying|retry|continue)|still being attempted|has (not yet been|been) delayed|delivery (incomplete|delayed)|\(delay(ed)?\)|still undelivered|could not send message for past|temporary problem delivering|not yet been delivered|\bdelayed mail\b`)

// isWarning reports whether a mail says that delivery goes on.
func isWarning(subject, text string) bool {
	return warnings.MatchString(subject) || warnings.MatchString(firstLines(text)) && !strings.Contains(strings.ToLower(subject), "failure")
}

func firstLines(text string) string {
	lines := strings.SplitN(text, "\n", maxTextLines)
	if len(lines) == maxTextLines {
		lines = lines[:maxTextLines-1]
	}
	return strings.Join(lines, "\n")
}
