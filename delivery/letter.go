package delivery

import (
	"fmt"
	"html"
	"net/mail"
	"strings"
	"time"

	"postrider/campaigns"
	"postrider/internal/mailaddr"
	"postrider/internal/notice"
	"postrider/internal/tokens"
	"postrider/subscribers"
	"postrider/templates"
)

// letter is an edition compiled, with what each of its mails takes from it.
type letter struct {
	compiled Compiled
	from     string // the sender's address
	domain   string // of the sender, for Message-ID and the choice of relays
	baseURL  string
	zone     *time.Location
	keys     tokens.Keys
	notice   bool // nobody can unsubscribe from it
}

// compile makes the letter of an edition.
func compile(m Mailer, e campaigns.Edition, c Content, keys tokens.Keys) (letter, error) {
	from, err := mailaddr.ParseFrom(e.Sender)
	if err != nil {
		return letter{}, fmt.Errorf("the sender of the edition: %w", err)
	}
	address, err := mailaddr.Parse(from.Address)
	if err != nil {
		return letter{}, fmt.Errorf("the sender of the edition: %w", err)
	}
	domain := address.Domain()
	zone, err := time.LoadLocation(c.Organisation.Zone)
	if err != nil {
		zone = time.UTC
	}
	compiled, err := m.Compile(Letter{Mail: c.Mail, From: from, ReplyTo: e.ReplyTo, Headers: headers(e, c, domain), Sign: c.DKIM})
	if err != nil {
		return letter{}, fmt.Errorf("compiling the edition: %w", err)
	}
	return letter{compiled: compiled, from: from.Address, domain: domain, baseURL: c.BaseURL, zone: zone, keys: keys}, nil
}

// compileNotice makes the letter of a notice.
func compileNotice(m Mailer, n notice.Notice, sign []DKIMKey, keys tokens.Keys) (letter, error) {
	from, err := mailaddr.ParseFrom(n.From)
	if err != nil {
		return letter{}, fmt.Errorf("the sender of the notice: %w", err)
	}
	address, err := mailaddr.Parse(from.Address)
	if err != nil {
		return letter{}, fmt.Errorf("the sender of the notice: %w", err)
	}
	body := n.HTML
	if body == "" {
		body = "<pre style=\"white-space:pre-wrap;font:inherit\">" + html.EscapeString(n.Text) + "</pre>"
	}
	compiled, err := m.Compile(Letter{Mail: templates.Mail{Subject: fixed(n.Subject), HTML: fixed(body), Text: fixed(n.Text)},
		From: from, ReplyTo: n.ReplyTo, Notice: true, Sign: sign})
	if err != nil {
		return letter{}, fmt.Errorf("compiling the notice: %w", err)
	}
	return letter{compiled: compiled, from: from.Address, domain: address.Domain(), zone: time.UTC, keys: keys, notice: true}, nil
}

func fixed(text string) templates.Part {
	return templates.Part{Pieces: []templates.Piece{{Text: text}}}
}

// headers are the fields that every mail of an edition shares: RFC 2369 and
// RFC 2919, Gmail's Feedback-ID, and Precedence for auto-responders.
func headers(e campaigns.Edition, c Content, domain string) []Header {
	name := "news"
	if len(e.ListNames) > 0 {
		name = listLabel(e.ListNames[0])
	}
	title := c.Organisation.Name
	if title == "" {
		title = domain
	}
	campaign := "publish"
	if e.Campaign != 0 {
		campaign = e.Campaign.String()
	}
	hs := []Header{
		{"List-Id", fmt.Sprintf("%s <%s.%s>", phrase(title), name, domain)},
		{"List-Help", "<" + c.BaseURL + "/r/" + e.Slug + ">"},
		{"List-Archive", "<" + c.BaseURL + "/r/" + e.Slug + ">"},
		{"Feedback-ID", e.ID.String() + ":" + campaign + ":edition:" + feedbackSender(domain)},
		{"Precedence", "bulk"},
	}
	if h := c.Organisation.Help; strings.HasPrefix(h, "https://") || strings.HasPrefix(h, "http://") {
		hs[1].Value = "<" + h + ">"
	} else if h != "" {
		hs[1].Value = "<mailto:" + h + ">"
	}
	return hs
}

// phrase writes a name as RFC 5322 wants it before angle brackets.
func phrase(name string) string {
	s := (&mail.Address{Name: name, Address: "x@x"}).String()
	return strings.TrimSuffix(s, " <x@x>")
}

// listLabel makes a host label of a list's name.
func listLabel(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	if s := strings.Trim(b.String(), "-"); s != "" {
		return s[:min(len(s), 40)]
	}
	return "list"
}

// feedbackSender is Gmail's SenderId: 5 to 15 letters, the same in all mails of a sender.
func feedbackSender(domain string) string {
	var b strings.Builder
	for _, r := range domain {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			b.WriteRune(r)
		}
	}
	s := b.String() + "postrider"
	return s[:min(len(s), 15)]
}

// splice makes the mail for one recipient, in the memory of old, and says who it is for.
func (l letter) splice(old Message, m Leased, now time.Time, relay Relay) (Message, Envelope, error) {
	values := l.values(m)
	message, err := l.compiled.Splice(old, Reader{
		To:              mail.Address{Name: m.Subscriber.Name, Address: m.Subscriber.Email},
		Values:          values,
		MessageID:       messageID(m) + "@" + l.domain,
		Date:            now.In(l.zone),
		ListUnsubscribe: values[templates.SlotUnsubscribeURL],
	})
	return message, Envelope{From: relay.Sender(l.keys.Verp(tokens.Bounce, int64(m.ID)), l.from), To: m.Subscriber.Email}, err
}

// messageID is the same on every try.
func messageID(m Leased) string {
	if m.Notice != nil {
		return m.ID.String() + ".notice"
	}
	return m.ID.String() + "." + m.Edition.String()
}

// values fill the slots of one recipient's mail.
func (l letter) values(m Leased) map[string]string {
	values := m.Subscriber.Values()
	if l.notice {
		return values
	}
	values[templates.SlotUnsubscribeURL] = l.baseURL + "/u/" + l.keys.Token(tokens.Unsubscribe, int64(m.ID))
	values[templates.SlotPreferencesURL] = l.baseURL + "/p/" + l.keys.Token(tokens.Preferences, int64(m.ID))
	return values
}

// Preview is the mail of an edition as one address without a name would get
// it, with links that lead nowhere, and the values that filled its slots.
// Nothing is recorded.
func Preview(m Mailer, e campaigns.Edition, c Content, email string, now time.Time) ([]byte, map[string]string, error) {
	keys, err := tokens.New(make([]byte, 32))
	if err != nil {
		return nil, nil, err
	}
	l, err := compile(m, e, c, keys)
	if err != nil {
		return nil, nil, err
	}
	reader := Leased{ID: 1, Edition: max(e.ID, 1), Subscriber: subscribers.Subscriber{Email: email}}
	message, _, err := l.splice(nil, reader, now, Relay{})
	if err != nil {
		return nil, nil, err
	}
	return message.AppendTo(nil), l.values(reader), nil
}
