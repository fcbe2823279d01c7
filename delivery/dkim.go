package delivery

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/mailaddr"
	"postrider/internal/secrets"
)

type signingMark struct{}

// SigningID identifies a SigningKey.
type SigningID = ids.ID[signingMark]

// SigningState says whether a key signs.
type SigningState string

// The states of a key: next until its record is in the DNS, active while it
// signs, retired when another has taken its place. Mails on their way are still
// checked against a retired one: its record stays in the DNS for two weeks.
const (
	SigningNext    SigningState = "next"
	SigningActive  SigningState = "active"
	SigningRetired SigningState = "retired"
)

// SigningKey is a DKIM key as it is kept.
type SigningKey struct {
	ID        SigningID    `json:"id"`
	Domain    string       `json:"domain"`
	Selector  string       `json:"selector"`
	Algorithm string       `json:"algorithm"` // rsa or ed25519
	State     SigningState `json:"state"`
	Public    string       `json:"public_key"` // p= of its record
	CreatedAt time.Time    `json:"created_at"`
	Sealed    string       `json:"-"` // private key, PKCS #8, encrypted; empty once retired
}

// Record is the name of the key's TXT record and its value (RFC 6376 §3.6.1).
func (k SigningKey) Record() (name, value string) {
	return k.Selector + "._domainkey." + k.Domain, "v=DKIM1; k=" + k.Algorithm + "; p=" + k.Public
}

// Split cuts a TXT value into the strings of at most 255 octets that a zone
// file wants; the DNS joins them without a space.
func Split(value string) []string {
	const most = 255
	var out []string
	for len(value) > most {
		out, value = append(out, value[:most]), value[most:]
	}
	return append(out, value)
}

// SigningStore keeps DKIM keys. Each change writes its audit entry in the same
// transaction. It sees private keys only as they are sealed.
type SigningStore interface {
	// AddSigningKeys adds all or none; a domain and selector that is there
	// already is a Conflict.
	AddSigningKeys(ctx context.Context, keys []SigningKey, e audit.Entry) error
	// ActivateSigningKeys makes the next keys of a domain the active ones and
	// the active ones retired, whose private keys it forgets. It is a Conflict
	// where there is no next key.
	ActivateSigningKeys(ctx context.Context, domain string, e audit.Entry) error
	// SigningKeys are the keys of a domain, of all domains where it is empty,
	// by domain and then by age.
	SigningKeys(ctx context.Context, domain string) ([]SigningKey, error)
}

// KeyRing makes and turns DKIM keys. It may be used at once from many places.
type KeyRing struct {
	Store   SigningStore
	Secrets *secrets.Sealer
	Now     func() time.Time
	// Lookup reads TXT records, each with its strings joined, as
	// net.Resolver.LookupTXT does.
	Lookup func(ctx context.Context, name string) ([]string, error)
}

const rsaBits = 2048 // RFC 8301 §3.2: at least 1024, and what fits a TXT record well

var selectorForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?$`)

// Make makes an RSA key and an Ed25519 key for a domain, both in state next:
// they sign once Activate has been called. selector names the first, and with
// an e at its end the second; empty: one of the month. The records are to be
// published before.
func (g *KeyRing) Make(ctx context.Context, actor, domain, selector string) ([]SigningKey, error) {
	domain, err := mailaddr.ParseDomain(strings.TrimSpace(domain))
	if err != nil {
		return nil, badRelay("domain", "want the sender's domain, such as example.org", err)
	}
	there, err := g.Store.SigningKeys(ctx, domain)
	if err != nil {
		return nil, err
	}
	for _, k := range there {
		if k.State == SigningNext {
			return nil, errs.Conflictf("there are next keys for %s already: publish their records and activate them, see postrider relay dkim show %s", domain, domain)
		}
	}
	if selector == "" {
		selector = freeSelector(g.Now(), there)
	}
	if !selectorForm.MatchString(selector) {
		return nil, badRelay("selector", "want up to 52 lower-case letters, digits and hyphens", nil)
	}
	private, err := rsa.GenerateKey(rand.Reader, rsaBits)
	if err != nil {
		return nil, fmt.Errorf("making an RSA key: %w", err)
	}
	_, small, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making an Ed25519 key: %w", err)
	}
	var keys []SigningKey
	for _, k := range []struct {
		selector, algorithm string
		key                 crypto.Signer
	}{{selector, "rsa", private}, {selector + "e", "ed25519", small}} {
		made, err := g.key(domain, k.selector, k.algorithm, k.key)
		if err != nil {
			return nil, err
		}
		keys = append(keys, made)
	}
	return keys, g.Store.AddSigningKeys(ctx, keys, g.entry(actor, "made", keys[0]))
}

// freeSelector is "pr" with year and month, and a letter where that is taken.
func freeSelector(now time.Time, there []SigningKey) string {
	taken := map[string]bool{}
	for _, k := range there {
		taken[k.Selector] = true
	}
	base := now.UTC().Format("pr200601")
	for _, letter := range []string{"", "b", "c", "d", "f", "g", "h", "k", "m"} { // no e: it marks Ed25519
		if !taken[base+letter] && !taken[base+letter+"e"] {
			return base + letter
		}
	}
	return fmt.Sprintf("%s-%d", base, len(there))
}

func (g *KeyRing) key(domain, selector, algorithm string, private crypto.Signer) (SigningKey, error) {
	k := SigningKey{ID: ids.New[signingMark](), Domain: domain, Selector: selector, Algorithm: algorithm, State: SigningNext, CreatedAt: stamp(g.Now())}
	var err error
	if k.Public, err = publicPart(private.Public()); err != nil {
		return k, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return k, fmt.Errorf("encoding a private key: %w", err)
	}
	k.Sealed, err = g.Secrets.Seal(k.place(), secrets.Secret(base64.StdEncoding.EncodeToString(der)))
	return k, err
}

// publicPart is p= of a record: RFC 6376 §3.6.1 for RSA, RFC 8463 §4.1 for Ed25519.
func publicPart(public crypto.PublicKey) (string, error) {
	if small, ok := public.(ed25519.PublicKey); ok {
		return base64.StdEncoding.EncodeToString(small), nil
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return "", fmt.Errorf("encoding a public key: %w", err)
	}
	return base64.StdEncoding.EncodeToString(der), nil
}

func (k SigningKey) place() string { return "dkim:" + k.ID.String() }

// Rotate makes the keys that follow the active ones of a domain; see Make. A
// domain without an active key is NotFound.
func (g *KeyRing) Rotate(ctx context.Context, actor, domain string) ([]SigningKey, error) {
	keys, err := g.Show(ctx, domain)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		if k.State == SigningActive {
			return g.Make(ctx, actor, k.Domain, "")
		}
	}
	return nil, errs.NotFoundf("no key of %s is active: there is nothing to rotate yet. Activate the next ones with postrider relay dkim activate %s", domain, domain)
}

// Activate lets the next keys of a domain sign, and no others of it. Where
// check is set, each record must be in the DNS as Record says; else the error is
// a Conflict that names what is there.
func (g *KeyRing) Activate(ctx context.Context, actor, domain string, check bool) ([]SigningKey, error) {
	keys, err := g.Show(ctx, domain)
	if err != nil {
		return nil, err
	}
	var next []SigningKey
	for _, k := range keys {
		if k.State != SigningNext {
			continue
		}
		if check {
			if err := g.Published(ctx, k); err != nil {
				return nil, err
			}
		}
		next = append(next, k)
	}
	if len(next) == 0 {
		return nil, errs.NotFoundf("no key of %s waits: make one with postrider relay dkim make %s", domain, domain)
	}
	if err := g.Store.ActivateSigningKeys(ctx, next[0].Domain, g.entry(actor, "activated", next[0])); err != nil {
		return nil, err
	}
	return g.Store.SigningKeys(ctx, next[0].Domain)
}

// Published checks that the key's record is in the DNS. A missing or different
// one is a Conflict, a DNS that does not answer Unavailable.
func (g *KeyRing) Published(ctx context.Context, k SigningKey) error {
	name, _ := k.Record()
	found, err := g.Lookup(ctx, name)
	if err != nil && !noSuchName(err) {
		return errs.Unavailablef("the DNS does not say what is at %s: try again: %w", name, err)
	}
	for _, txt := range found {
		tags := tagsOf(txt)
		kind := tags["k"]
		if kind == "" {
			kind = "rsa"
		}
		if tags["p"] == k.Public && kind == k.Algorithm {
			return nil
		}
	}
	if len(found) == 0 {
		return errs.Conflictf("there is no TXT record at %s yet: publish it, wait until the DNS has it, then activate", name)
	}
	return errs.Conflictf("the TXT record at %s is not this key's: it says %.80q. Publish what postrider relay dkim show %s prints", name, found[0], k.Domain)
}

func noSuchName(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}

// tagsOf reads "v=DKIM1; k=rsa; p=…" (RFC 6376 §3.2), white space left out.
func tagsOf(record string) map[string]string {
	out := map[string]string{}
	for part := range strings.SplitSeq(record, ";") {
		name, value, _ := strings.Cut(part, "=")
		out[strings.TrimSpace(name)] = strings.Join(strings.Fields(value), "")
	}
	return out
}

// List returns the keys of all domains, without their private parts.
func (g *KeyRing) List(ctx context.Context) ([]SigningKey, error) {
	return g.Store.SigningKeys(ctx, "")
}

// Show returns the keys of one domain. A domain without any is NotFound with
// the nearest one that has.
func (g *KeyRing) Show(ctx context.Context, domain string) ([]SigningKey, error) {
	ascii, err := mailaddr.ParseDomain(strings.TrimSpace(domain))
	if err != nil {
		return nil, badRelay("domain", "want the sender's domain, such as example.org", err)
	}
	keys, err := g.Store.SigningKeys(ctx, ascii)
	if err != nil || len(keys) > 0 {
		return keys, err
	}
	all, err := g.List(ctx)
	if err != nil {
		return nil, err
	}
	known := make([]string, len(all))
	for i, k := range all {
		known[i] = k.Domain
	}
	if near := errs.Nearest(ascii, known); near != "" {
		return nil, errs.NotFoundf("there is no key for %s: did you mean %s?", ascii, near)
	}
	return nil, errs.NotFoundf("there is no key for %s: make one with postrider relay dkim make %s", ascii, ascii)
}

// Signers are the active keys of a domain, ready to sign; none where the relay
// signs instead.
func (g *KeyRing) Signers(ctx context.Context, domain string) ([]DKIMKey, error) {
	keys, err := g.Store.SigningKeys(ctx, domain)
	if err != nil {
		return nil, err
	}
	var out []DKIMKey
	for _, k := range keys {
		if k.State != SigningActive {
			continue
		}
		signer, err := g.unseal(k)
		if err != nil {
			return nil, fmt.Errorf("the DKIM key %s of %s: %w", k.Selector, k.Domain, err)
		}
		out = append(out, DKIMKey{Domain: k.Domain, Selector: k.Selector, Key: signer})
	}
	return out, nil
}

func (g *KeyRing) unseal(k SigningKey) (crypto.Signer, error) {
	text, err := g.Secrets.Open(k.place(), k.Sealed)
	if err != nil {
		return nil, err
	}
	damaged := errs.Conflictf("it cannot be read: make another")
	der, err := base64.StdEncoding.DecodeString(text.Reveal())
	if err != nil {
		return nil, damaged
	}
	private, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, damaged
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return nil, damaged
	}
	return signer, nil
}

func (g *KeyRing) entry(actor, action string, k SigningKey) audit.Entry {
	return audit.Entry{At: g.Now(), Actor: actor, Action: action, Kind: "dkim", Object: int64(k.ID), Detail: k.Selector + "._domainkey." + k.Domain}
}
