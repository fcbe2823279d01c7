package mailaddr

import (
	_ "embed" // the list of disposable domains
	"strings"
	"sync"
)

// HintKind says what a hint is about.
type HintKind string

// The kinds of hints. None of them makes an address invalid.
const (
	Typo       HintKind = "typo"       // the domain is one keystroke away from one that many people have
	Role       HintKind = "role"       // the mailbox belongs to a task, not to a person
	Disposable HintKind = "disposable" // the domain gives mailboxes away for an hour
	NoHost     HintKind = "no host"    // the domain takes no mail; only a look-up tells
)

// Hint is what a person should look at before they rely on an address.
type Hint struct {
	Kind HintKind
	Text string // for people; for a typo it holds the address that was probably meant
}

// Hints returns what is noticeable about a valid address, without asking
// anybody: a mistyped domain, a role mailbox, a disposable domain. An address
// that looks odd may still be right, so nothing is to be refused for it.
func (a Address) Hints() []Hint {
	var out []Hint
	if meant := MeantDomain(a.domain); meant != "" {
		out = append(out, Hint{Typo, "did you mean " + a.local + "@" + meant + "?"})
	}
	if IsRole(a.local) {
		out = append(out, Hint{Role, "a role account: several people may read it, and none of them may have agreed"})
	}
	if IsDisposable(a.domain) {
		out = append(out, Hint{Disposable, "a disposable address: it will be gone soon"})
	}
	return out
}

// Mailbox is Canonical without what Google's servers ignore: dots and whatever
// follows a plus in the local part of a gmail.com or googlemail.com address.
// Others may mean different people by these, so it is for those who ask for it.
func (a Address) Mailbox() string {
	canonical := a.Canonical()
	if a.domain != "gmail.com" && a.domain != "googlemail.com" {
		return canonical
	}
	local, _, _ := strings.Cut(canonical[:len(canonical)-len(a.domain)-1], "+")
	local = strings.ReplaceAll(local, ".", "")
	if local == "" {
		return canonical
	}
	return local + "@gmail.com"
}

// roles are local parts of tasks (RFC 2142, and what organisations use).
var roles = words(`abuse account accounting accounts admin administrator billing board bookings careers compliance contact contacto contactus
	desk devnull dns editor enquiries enquiry events feedback finance ftp help helpdesk hello hostmaster hr info information inoc inquiries
	invoice invoices it jobs kontakt legal list list-request mail mailer-daemon marketing media moderator newsletter nobody noc no-reply
	noreply office operations orders owner postmaster press privacy recruiting registrar registration root sales security service spam staff
	subscribe support sysadmin team tech undisclosed-recipients unsubscribe usenet uucp webmaster www`)

// IsRole reports whether a local part names a task such as info or postmaster.
func IsRole(local string) bool {
	local, _, _ = strings.Cut(local, "+")
	if len(local) > 24 {
		return false
	}
	return roles[strings.ToLower(local)]
}

//go:embed disposable.txt
var disposableList string

var disposable = sync.OnceValue(func() map[string]bool { return words(disposableList) })

// IsDisposable reports whether a domain, or the one that it lies in, is known
// to give mailboxes away for a short time. The list is short and never complete.
func IsDisposable(domain string) bool {
	for domain != "" {
		if disposable()[domain] {
			return true
		}
		_, domain, _ = strings.Cut(domain, ".")
	}
	return false
}

func words(text string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(text) {
		out[w] = true
	}
	return out
}
