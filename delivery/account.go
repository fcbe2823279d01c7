package delivery

import (
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/secrets"
	"postrider/networks"
)

type accountMark struct{}

// AccountID identifies an account.
type AccountID = ids.ID[accountMark]

// AccountKind is what speaks at the other end of an account.
type AccountKind string

// The kinds. KindMastodon is also for servers that speak its dialect, such as
// GoToSocial and Pleroma; KindWebhook is signed as standardwebhooks.com says.
const (
	KindMastodon   AccountKind = "mastodon"
	KindBluesky    AccountKind = "bluesky"
	KindTelegram   AccountKind = "telegram"
	KindWebhook    AccountKind = "webhook"
	KindSlack      AccountKind = "slack"
	KindDiscord    AccountKind = "discord"
	KindTeams      AccountKind = "teams"
	KindMattermost AccountKind = "mattermost"
	KindMatrix     AccountKind = "matrix"
	KindNtfy       AccountKind = "ntfy"
)

// AfterDoubt is what may be done about a post of which nobody knows whether it
// is there.
type AfterDoubt string

// What a kind allows. Repeat: the same key changes nothing at the other end.
// Look: the account can be read, and shows it. Ask: only a person can find out.
const (
	Repeat AfterDoubt = "repeat"
	Look   AfterDoubt = "look"
	Ask    AfterDoubt = "ask"
)

// AccountFacts are what differs from kind to kind.
type AccountFacts struct {
	Kind       AccountKind `json:"kind"`
	Title      string      `json:"title"`             // as it writes itself
	Network    networks.ID `json:"network"`           // whose snippet is posted
	Server     string      `json:"server,omitempty"`  // that most have
	NeedServer bool        `json:"needs_server"`      // Account.Server must be given
	NeedHandle bool        `json:"needs_handle"`      // Account.Handle must be given
	Secret     string      `json:"secret"`            // what AccountSecrets.Token is, in words; empty: none
	Address    bool        `json:"secret_is_address"` // the secret is a whole https address
	Doubt      AfterDoubt  `json:"after_doubt"`       //
	Edits      bool        `json:"edits"`             // what is posted can be changed
	Deletes    bool        `json:"deletes"`           // what is posted can be taken back
	Counts     bool        `json:"counts"`            // likes, reposts and replies can be read
}

// facts is the table of kinds, in the order in which people are shown them.
var facts = []AccountFacts{
	{Kind: KindMastodon, Title: "Mastodon", Network: "mastodon", NeedServer: true, Secret: "access token", Doubt: Look, Edits: true, Deletes: true, Counts: true},
	{Kind: KindBluesky, Title: "Bluesky", Network: "bluesky", Server: "https://bsky.social", NeedServer: true, NeedHandle: true, Secret: "app password", Doubt: Repeat, Deletes: true, Counts: true},
	{Kind: KindTelegram, Title: "Telegram channel", Network: "telegram", Server: "https://api.telegram.org", NeedServer: true, NeedHandle: true, Secret: "bot token", Doubt: Ask, Edits: true, Deletes: true},
	{Kind: KindWebhook, Title: "Webhook", Network: "whatsapp", Secret: "address", Address: true, Doubt: Repeat},
	{Kind: KindSlack, Title: "Slack", Network: "whatsapp", Secret: "webhook address", Address: true, Doubt: Ask},
	{Kind: KindDiscord, Title: "Discord", Network: "whatsapp", Secret: "webhook address", Address: true, Doubt: Ask},
	{Kind: KindTeams, Title: "Microsoft Teams", Network: "whatsapp", Secret: "webhook address", Address: true, Doubt: Ask},
	{Kind: KindMattermost, Title: "Mattermost", Network: "whatsapp", Secret: "webhook address", Address: true, Doubt: Ask},
	{Kind: KindMatrix, Title: "Matrix", Network: "whatsapp", NeedServer: true, NeedHandle: true, Secret: "access token", Doubt: Repeat},
	{Kind: KindNtfy, Title: "ntfy", Network: "whatsapp", Secret: "topic address", Address: true, Doubt: Ask},
}

// AccountKinds are all kinds. The slice is the caller's.
func AccountKinds() []AccountFacts { return slices.Clone(facts) }

// Facts of a kind. An unknown one is Invalid, with the nearest.
func (k AccountKind) Facts() (AccountFacts, error) {
	var known []string
	for _, f := range facts {
		if f.Kind == k {
			return f, nil
		}
		known = append(known, string(f.Kind))
	}
	text := "want one of " + strings.Join(known, ", ")
	if near := errs.Nearest(string(k), known); near != "" {
		text += "; did you mean " + near + "?"
	}
	return AccountFacts{}, badAccount("kind", text)
}

// AccountState says whether anything is posted through an account.
type AccountState string

// The states of an account.
const (
	AccountActive AccountState = "active"
	AccountPaused AccountState = "paused"
)

// Account is where posts go, and as whom.
type Account struct {
	ID         AccountID    `json:"account"`
	Name       string       `json:"name"` // unique, as people and commands call it
	Kind       AccountKind  `json:"kind"`
	State      AccountState `json:"state"`
	Server     string       `json:"server,omitempty"`     // https://mastodon.example
	Handle     string       `json:"handle,omitempty"`     // @news@mastodon.example, news.bsky.social, @channel, !room:matrix.example
	Visibility string       `json:"visibility,omitempty"` // Mastodon: public, unlisted, private
	Warning    string       `json:"warning,omitempty"`    // content warning above each post, where the network has one
	Sealed     string       `json:"-"`                    // AccountSecrets, encrypted
	Trouble    string       `json:"trouble,omitempty"`    // why it takes no post now, in words
	TroubleAt  time.Time    `json:"trouble_at,omitzero"`
	CreatedAt  time.Time    `json:"created_at"`
	UpdatedAt  time.Time    `json:"updated_at"`
}

// AccountSecrets are what an account is opened with. They are encrypted at rest
// and never shown again, but for Key, which the receiver of a webhook needs.
type AccountSecrets struct {
	Token secrets.Secret // or the address, where AccountFacts.Address is set
	Key   secrets.Secret // "whsec_…" that signs a webhook
}

// The longest texts of an account.
const (
	maxAccountName    = 80
	maxAccountAddress = 2000
	maxAccountWarning = 200
)

// Validate checks all but the secrets.
func (a Account) Validate() error {
	f, err := a.Kind.Facts()
	if err != nil {
		return err
	}
	switch {
	case strings.TrimSpace(a.Name) != a.Name || a.Name == "" || utf8.RuneCountInString(a.Name) > maxAccountName || !plainText(a.Name):
		return badAccount("name", "want a name of at most 80 letters on one line")
	case f.NeedServer && !isWebServer(a.Server):
		return badAccount("server", "want the server's address, such as https://mastodon.example")
	case !f.NeedServer && a.Server != "":
		return badAccount("server", f.Title+" has no server of its own to name: its address is the secret")
	case f.NeedHandle && a.Handle == "":
		return badAccount("handle", map[AccountKind]string{
			KindBluesky: "want the account's handle, such as news.bsky.social", KindTelegram: "want the channel, such as @ourchannel",
			KindMatrix: "want the room's id, such as !abc:matrix.example",
		}[a.Kind])
	case len(a.Handle) > 300 || !plainText(a.Handle):
		return badAccount("handle", "it is too long, or has a line break")
	case a.Visibility != "" && a.Kind != KindMastodon:
		return badAccount("visibility", "only Mastodon knows it")
	case !slices.Contains([]string{"", "public", "unlisted", "private"}, a.Visibility):
		return badAccount("visibility", "want public, unlisted or private")
	case a.Warning != "" && a.Kind != KindMastodon:
		return badAccount("warning", "only Mastodon knows content warnings")
	case utf8.RuneCountInString(a.Warning) > maxAccountWarning || !plainText(a.Warning):
		return badAccount("warning", "want at most 200 letters on one line")
	}
	return nil
}

// check says whether the secrets fit the account.
func (s AccountSecrets) check(f AccountFacts) error {
	token := s.Token.Reveal()
	switch {
	case token == "":
		return badAccount("secret", "want the "+f.Secret+" of "+f.Title)
	case len(token) > maxAccountAddress || strings.ContainsFunc(token, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }):
		return badAccount("secret", "it is too long, or has a space or line break in it")
	case f.Address && !isWebAddress(token):
		return badAccount("secret", "want a whole address, such as https://hooks.example.org/…")
	}
	return nil
}

func isWebAddress(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

// isWebServer is an address without a path.
func isWebServer(address string) bool {
	u, err := url.Parse(address)
	return err == nil && len(address) <= maxAccountAddress && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" &&
		u.User == nil && (u.Path == "" || u.Path == "/") && u.RawQuery == "" && u.Fragment == ""
}

func plainText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func badAccount(field, text string) error {
	return &errs.Error{Kind: errs.Invalid, Field: field, Text: text}
}
