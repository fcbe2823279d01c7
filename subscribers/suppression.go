package subscribers

import (
	"encoding/hex"
	"strings"
	"time"

	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/mailaddr"
)

type suppressionMark struct{}

// SuppressionID is the id of an entry of the do-not-mail list.
type SuppressionID = ids.ID[suppressionMark]

// SuppressionKind is what an entry's value is.
type SuppressionKind string

// An entry names an address in canonical form, a domain (not those below it),
// or the keyed hash of an address that was forgotten.
const (
	ByAddress SuppressionKind = "address"
	ByDomain  SuppressionKind = "domain"
	ByHash    SuppressionKind = "hash"
)

// Suppression is an address or domain that is never to be mailed.
type Suppression struct {
	ID        SuppressionID   `json:"id"`
	Kind      SuppressionKind `json:"kind"`
	Value     string          `json:"value"`
	Reason    string          `json:"reason"`
	Source    string          `json:"source"`
	CreatedAt time.Time       `json:"created_at"`
}

// ParseSuppression reads an address, a domain ("example.org" or "@example.org")
// or "hash:" and the keyed hash of an address into the kind and value that it is kept under.
func ParseSuppression(what string) (SuppressionKind, string, error) {
	what = strings.TrimSpace(what)
	if hash, ok := strings.CutPrefix(what, "hash:"); ok {
		if b, err := hex.DecodeString(hash); err != nil || len(b) != 32 {
			return "", "", invalid("address", "a hash has 64 hexadecimal digits")
		}
		return ByHash, strings.ToLower(hash), nil
	}
	if domain := strings.TrimPrefix(what, "@"); !strings.Contains(domain, "@") {
		d, err := mailaddr.ParseDomain(domain)
		if err != nil {
			return "", "", &errs.Error{Kind: errs.Invalid, Field: "address", Text: "want an address or a domain", Err: err}
		}
		return ByDomain, d, nil
	}
	a, err := mailaddr.Parse(what)
	if err != nil {
		return "", "", &errs.Error{Kind: errs.Invalid, Field: "address", Err: err}
	}
	return ByAddress, a.Canonical(), nil
}
