package delivery

import (
	"encoding/json"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/mailaddr"
	"postrider/internal/secrets"
)

type relayMark struct{}

// RelayID identifies a relay.
type RelayID = ids.ID[relayMark]

// RelayState says whether mails are handed to a relay.
type RelayState string

// The states of a relay.
const (
	RelayActive RelayState = "active"
	RelayPaused RelayState = "paused"
)

// SenderMode says how the recipient gets into the envelope sender, so that a
// bounce names whom it is about.
type SenderMode string

// The modes. A relay that refuses or replaces the sender gets SenderFixed; its
// bounces are then told by its own reports.
const (
	SenderVERP  SenderMode = "verp"  // b-TOKEN@domain, a sender of its own for each recipient
	SenderPlus  SenderMode = "plus"  // bounces+TOKEN@domain: one mailbox with a plus address
	SenderFixed SenderMode = "fixed" // the same for all
)

// Relay is a mail server that takes our mails, with the rules for using it.
type Relay struct {
	ID            RelayID
	Name          string // unique, as people and commands call it
	Kind          RelayKind
	State         RelayState
	Config        RelayConfig // Name, Password and Token are set by RelayBook.Ready only
	SenderMode    SenderMode
	BounceAddress string // where bounces go; see Sender
	// A connection is closed after so many mails or minutes; 0: never for that reason.
	MailsPerConnection, MinutesPerConnection int
	PacePerMinute                            int      // mails, over all nodes; 0: as fast as it takes them
	DailyCap                                 int      // mails a day (UTC), over all nodes; 0: none
	Weight                                   int      // share of the mails among relays that fit, 1–100
	SenderDomains                            []string // only for senders of these; empty: for all
	Warmup                                   Warmup
	Sealed                                   string    // its Credentials, encrypted; empty: none
	Trouble                                  string    // why it takes no mail now, in words; empty: nothing known
	TroubleAt                                time.Time // since when
	CreatedAt, UpdatedAt                     time.Time
}

// Credentials are what a relay's log-in needs beside the user name.
type Credentials struct {
	Password secrets.Secret
	OAuth    OAuth
}

// OAuth is how to get access tokens for XOAUTH2 (RFC 6749 §6). The zero value
// means that the password is the token itself.
type OAuth struct {
	TokenURL     string // https
	ClientID     string
	ClientSecret secrets.Secret
	RefreshToken secrets.Secret
	Scope        string // separated by spaces, may be empty
}

const (
	maxRelayName  = 60 // bytes
	maxTextField  = 255
	maxHeaders    = 20
	maxSenders    = 100
	maxConns      = 200
	maxPerSession = 1_000_000
	maxPace       = 1_000_000
	maxCap        = 1_000_000_000
	verpRoom      = 64 - 1 - 29 // of a local part, beside a separator and the token
)

// Validate trims and normalises r and reports the first field that cannot be
// used as an Invalid *errs.Error with its JSON key as Field.
func (r *Relay) Validate() error {
	r.trim()
	for _, check := range []func(*Relay) error{
		(*Relay).checkName, (*Relay).checkServer, (*Relay).checkLogIn, (*Relay).checkSender, (*Relay).checkLimits, (*Relay).checkHeaders, (*Relay).checkDomains,
	} {
		if err := check(r); err != nil {
			return err
		}
	}
	return r.Warmup.check()
}

func (r *Relay) trim() {
	for _, s := range []*string{&r.Name, &r.Config.Host, &r.Config.Auth, &r.Config.Username, &r.Config.Helo, &r.BounceAddress} {
		*s = strings.TrimSpace(*s)
	}
	r.Config.Auth = strings.ToLower(r.Config.Auth)
	r.Config.Host = strings.TrimSuffix(strings.TrimPrefix(r.Config.Host, "["), "]")
	if r.State == "" {
		r.State = RelayActive
	}
	if r.Config.TLS == "" {
		r.Config.TLS = TLSRequired
	}
	if r.SenderMode == "" {
		r.SenderMode = SenderVERP
	}
	r.Config.Connections = max(r.Config.Connections, 0)
	if r.Config.Connections == 0 {
		r.Config.Connections = 2
	}
	if r.Weight == 0 {
		r.Weight = 1
	}
}

func (r *Relay) checkName() error {
	switch {
	case r.Name == "":
		return badRelay("name", "give the mail server a name, such as main", nil)
	case len(r.Name) > maxRelayName || mailaddr.CheckName(r.Name) != nil || strings.ContainsAny(r.Name, ",/\""):
		return badRelay("name", "want at most 60 letters without commas, slashes and quotes", nil)
	}
	if _, err := ids.Parse[relayMark](r.Name); err == nil {
		return badRelay("name", "it reads like an id: choose another", nil)
	}
	if _, err := Preset(r.Kind); err != nil {
		return badRelay("kind", "", err)
	}
	if r.State != RelayActive && r.State != RelayPaused {
		return badRelay("state", "want active or paused", nil)
	}
	return nil
}

// SplitServer is what people mean who type a mail server's host with its port
// behind it, as handbooks print it: "mail.example.org:2525". Where there is
// none, the port is the one given.
func SplitServer(host string, port int) (string, int) {
	host = strings.TrimSpace(host)
	name, digits, err := net.SplitHostPort(host)
	if err != nil || name == "" || net.ParseIP(host) != nil {
		return host, port
	}
	if n, err := strconv.Atoi(digits); err == nil {
		return name, n
	}
	return host, port
}

func (r *Relay) checkServer() error {
	c := &r.Config
	if ip := net.ParseIP(c.Host); ip == nil {
		domain, err := mailaddr.ParseDomain(c.Host)
		if err != nil {
			return badRelay("host", "want the mail server's name alone, such as mail.example.org: no http:// before it, no path behind it", nil)
		}
		c.Host = domain
	}
	if c.Port < 1 || c.Port > 65535 {
		return badRelay("port", "want a number from 1 to 65535: 587 for STARTTLS, 465 for implicit TLS", nil)
	}
	switch c.TLS {
	case TLSRequired, TLSImplicit:
	case TLSNone:
		if !Loopback(c.Host) {
			return badRelay("tls", "none is for this machine only (127.0.0.1, localhost): use required, or implicit for port 465", nil)
		}
	default:
		return badRelay("tls", "want required, implicit or none", nil)
	}
	if c.Helo != "" {
		helo, err := mailaddr.ParseDomain(c.Helo)
		if err != nil {
			return badRelay("helo", "want this machine's domain name, such as news.example.org", nil)
		}
		c.Helo = helo
	}
	return nil
}

// Loopback reports whether a host is this machine.
func Loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

var logIns = []string{"", "plain", "login", "cram-md5", "scram-sha-256", "xoauth2"}

func (r *Relay) checkLogIn() error {
	c := r.Config
	if !slices.Contains(logIns, c.Auth) {
		return badRelay("auth", "want plain, login, cram-md5, scram-sha-256 or xoauth2, or nothing for the strongest that both know", nil)
	}
	if len(c.Username) > maxTextField || !printable(c.Username) {
		return badRelay("username", "it is too long, or has characters that cannot be typed", nil)
	}
	if c.Username == "" && c.Auth != "" {
		return badRelay("username", "the log-in "+c.Auth+" needs a user name", nil)
	}
	return nil
}

func (r *Relay) checkSender() error {
	local, domain := "", ""
	if r.BounceAddress != "" {
		a, err := mailaddr.Parse(r.BounceAddress)
		if err != nil {
			return badRelay("bounce_address", "want an address such as bounces@example.org", err)
		}
		if a.NeedsSMTPUTF8() {
			return badRelay("bounce_address", "want ASCII before the @: many servers could not answer to it", nil)
		}
		r.BounceAddress = a.String()
		local, domain, _ = cutAddress(r.BounceAddress)
	}
	switch r.SenderMode {
	case SenderVERP:
	case SenderPlus:
		if domain == "" {
			return badRelay("bounce_address", "plus needs the mailbox that gets the bounces, such as bounces@example.org", nil)
		}
	case SenderFixed:
		return nil
	default:
		return badRelay("sender_mode", "want verp, plus or fixed", nil)
	}
	if len(local) > verpRoom || strings.HasPrefix(local, `"`) {
		return badRelay("bounce_address", "want at most 34 letters before the @: the recipient's mark comes behind them", nil)
	}
	return nil
}

func (r *Relay) checkLimits() error {
	for _, f := range []struct {
		field    string
		value    int
		from, to int
		text     string
	}{
		{"connections", r.Config.Connections, 1, maxConns, "want a number from 1 to 200"},
		{"mails_per_connection", r.MailsPerConnection, 0, maxPerSession, "want a number of mails, or 0 for no limit"},
		{"minutes_per_connection", r.MinutesPerConnection, 0, 24 * 60, "want at most 1440 minutes, or 0 for no limit"},
		{"pace_per_minute", r.PacePerMinute, 0, maxPace, "want mails per minute, at most 1000000, or 0 for no limit"},
		{"daily_cap", r.DailyCap, 0, maxCap, "want mails per day, or 0 for no limit"},
		{"weight", r.Weight, 1, 100, "want a number from 1 to 100"},
	} {
		if f.value < f.from || f.value > f.to {
			return badRelay(f.field, f.text, nil)
		}
	}
	return nil
}

func (r *Relay) checkDomains() error {
	if len(r.SenderDomains) > maxSenders {
		return badRelay("sender_domains", "want at most 100 domains", nil)
	}
	var out []string
	for _, d := range r.SenderDomains {
		domain, err := mailaddr.ParseDomain(strings.TrimPrefix(strings.TrimSpace(d), "@"))
		if err != nil {
			return badRelay("sender_domains", "want domains of senders, such as example.org", err)
		}
		if !slices.Contains(out, domain) {
			out = append(out, domain)
		}
	}
	r.SenderDomains = out
	return nil
}

// Serves reports whether mails of a sender at domain may go through the relay.
func (r Relay) Serves(domain string) bool {
	return len(r.SenderDomains) == 0 || slices.Contains(r.SenderDomains, domain)
}

// Sender is the envelope sender for one recipient: token is tokens.Keys.Verp of
// the recipient, from the sender's address in the mail.
func (r Relay) Sender(token, from string) string {
	local, domain, ok := cutAddress(r.BounceAddress)
	if !ok {
		local = "b"
		_, domain, _ = cutAddress(from)
	}
	switch {
	case r.SenderMode == SenderPlus && ok:
		return local + "+" + token + "@" + domain
	case r.SenderMode == SenderFixed && ok:
		return r.BounceAddress
	case r.SenderMode == SenderFixed:
		return from
	}
	return local + "-" + token + "@" + domain
}

func cutAddress(address string) (local, domain string, ok bool) {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return "", "", false
	}
	return address[:at], address[at+1:], true
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 })
}

func badRelay(field, text string, err error) error {
	return &errs.Error{Kind: errs.Invalid, Field: field, Text: text, Err: err}
}

// relayJSON is a relay as commands and pages show it: all but its secrets.
type relayJSON struct {
	ID                   RelayID    `json:"id"`
	Name                 string     `json:"name"`
	Kind                 RelayKind  `json:"kind"`
	State                RelayState `json:"state"`
	Host                 string     `json:"host"`
	Port                 int        `json:"port"`
	TLS                  TLSPolicy  `json:"tls"`
	Auth                 string     `json:"auth"`
	Username             string     `json:"username"`
	HasSecret            bool       `json:"has_secret"`
	Helo                 string     `json:"helo"`
	SenderMode           SenderMode `json:"sender_mode"`
	BounceAddress        string     `json:"bounce_address"`
	Connections          int        `json:"connections"`
	MailsPerConnection   int        `json:"mails_per_connection"`
	MinutesPerConnection int        `json:"minutes_per_connection"`
	PacePerMinute        int        `json:"pace_per_minute"`
	DailyCap             int        `json:"daily_cap"`
	Headers              []Header   `json:"headers"`
	Weight               int        `json:"weight"`
	SenderDomains        []string   `json:"sender_domains"`
	Warmup               []int      `json:"warmup"`
	WarmupFrom           time.Time  `json:"warmup_from,omitzero"`
	WarmupEnds           time.Time  `json:"warmup_ends,omitzero"`
	Trouble              string     `json:"trouble"`
	TroubleAt            time.Time  `json:"trouble_at,omitzero"`
	CreatedAt            time.Time  `json:"created_at"`
	UpdatedAt            time.Time  `json:"updated_at"`
}

func (r Relay) MarshalJSON() ([]byte, error) {
	return json.Marshal(relayJSON{
		ID: r.ID, Name: r.Name, Kind: r.Kind, State: r.State, Host: r.Config.Host, Port: r.Config.Port, TLS: r.Config.TLS, Auth: r.Config.Auth,
		Username: r.Config.Username, HasSecret: r.Sealed != "", Helo: r.Config.Helo, SenderMode: r.SenderMode, BounceAddress: r.BounceAddress,
		Connections: r.Config.Connections, MailsPerConnection: r.MailsPerConnection, MinutesPerConnection: r.MinutesPerConnection,
		PacePerMinute: r.PacePerMinute, DailyCap: r.DailyCap, Headers: filled(r.Config.Headers), Weight: r.Weight, SenderDomains: filled(r.SenderDomains),
		Warmup: filled(r.Warmup.Limits), WarmupFrom: r.Warmup.From, WarmupEnds: r.Warmup.EndsAt(),
		Trouble: r.Trouble, TroubleAt: r.TroubleAt, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	})
}

// filled makes [] of what JSON would call null.
func filled[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
