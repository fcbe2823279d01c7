// Package subscribers keeps the readers: who they are, what they signed up
// for, what they consented to, and whom never to mail. The Registry is the one
// that changes their states. It sends nothing: a confirmation is a notice
// that it hands out.
package subscribers

import (
	"strings"
	"time"

	"postrider/internal/ids"
)

type (
	subscriberMark struct{}
	listMark       struct{}
	// ID is a subscriber's id.
	ID = ids.ID[subscriberMark]
	// ListID is a list's id.
	ListID = ids.ID[listMark]
)

// AddressState says whether mail to an address arrives.
type AddressState string

// An address is ok until a sure bounce or a complaint says otherwise.
const (
	AddressOK         AddressState = "ok"
	AddressBounced    AddressState = "bounced"
	AddressComplained AddressState = "complained"
)

// MembershipState is a subscriber's state on one list.
type MembershipState string

// Only active members are mailed. Nobody but the reader leads back from unsubscribed.
const (
	Pending      MembershipState = "pending"
	Active       MembershipState = "active"
	Unsubscribed MembershipState = "unsubscribed"
)

// Subscriber is a reader.
type Subscriber struct {
	ID           ID                `json:"id"`
	Email        string            `json:"email"` // as mailed: domain as A-label, local part as given
	Name         string            `json:"name"`
	Fields       map[string]string `json:"fields"` // any other column of an import, keys in snake_case
	Language     string            `json:"language,omitempty"`
	Zone         string            `json:"zone,omitempty"`
	AddressState AddressState      `json:"address_state"`
	CreatedAt    time.Time         `json:"created_at"`
	UpdatedAt    time.Time         `json:"updated_at"`
}

// Values are what merge slots can show of the subscriber: the fields, email,
// name and first_name. A field named first_name wins over the first word of
// the name, which is nobody's first name where the family name comes first.
func (s Subscriber) Values() map[string]string {
	v := make(map[string]string, len(s.Fields)+3)
	if first, _, _ := strings.Cut(strings.TrimSpace(s.Name), " "); first != "" && !familyNameFirst(s.Language) {
		v["first_name"] = first
	}
	for k, f := range s.Fields {
		v[k] = f
	}
	v["email"], v["language"] = s.Email, s.Language
	v["name"] = s.Name
	if s.Name == "" {
		v["name"] = strings.TrimSpace(s.Fields["first_name"] + " " + s.Fields["last_name"])
	}
	return v
}

// familyNameFirst reports whether names of a language begin with the family
// name (CLDR personNames, nameOrderLocales surnameFirst).
func familyNameFirst(language string) bool {
	base, _, _ := strings.Cut(language, "-")
	switch strings.ToLower(base) {
	case "hu", "ja", "km", "ko", "mn", "vi", "yue", "zh":
		return true
	}
	return false
}
