package organisation

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/mailaddr"
	"postrider/internal/notice"
)

// Role says what an operator may do. Each may do all that the ones below it may.
type Role string

// The roles, from the one that may do everything.
const (
	Owner    Role = "owner"    // also the team, mail servers and settings
	Editor   Role = "editor"   // writes, plans, sends, and looks after readers
	Reviewer Role = "reviewer" // looks at everything that goes out, and approves it
	Analyst  Role = "analyst"  // looks at figures
)

// Roles are all of them, from the one that may do everything.
func Roles() []Role { return []Role{Owner, Editor, Reviewer, Analyst} }

func (r Role) rank() int {
	switch r {
	case Owner:
		return 4
	case Editor:
		return 3
	case Reviewer:
		return 2
	case Analyst:
		return 1
	}
	return 0
}

// May reports whether r may do what at least this role may. A word that is no
// role may nothing, and nobody may what asks for one.
func (r Role) May(least Role) bool { return least.rank() > 0 && r.rank() >= least.rank() }

// ParseRole reads a role's word.
func ParseRole(s string) (Role, error) {
	if r := Role(strings.ToLower(strings.TrimSpace(s))); r.rank() > 0 {
		return r, nil
	}
	return "", invalid("role", "want owner, editor, reviewer or analyst", nil)
}

type operatorMark struct{}

// OperatorID identifies an operator.
type OperatorID = ids.ID[operatorMark]

// Operator is somebody who signs in. People call one a team member.
type Operator struct {
	ID         OperatorID `json:"id"`
	Email      string     `json:"email"`
	Name       string     `json:"name"`
	Role       Role       `json:"role"`
	Language   string     `json:"language"` // of the administration; empty: as the browser asks
	Password   bool       `json:"password"` // has one
	TOTP       bool       `json:"totp"`     // is asked for a one-time code after the password
	Codes      int        `json:"codes"`    // recovery codes that are left
	Passkeys   int        `json:"passkeys"`
	SignedInAt time.Time  `json:"signed_in_at,omitzero"`
	CreatedAt  time.Time  `json:"created_at"`
}

// Actor is how the audit log names o: the id, and the name as it is today, so
// that the line can be read when o has left. It holds no address.
func (o Operator) Actor() string {
	if o.ID == 0 {
		return "operator"
	}
	return o.ID.String() + " " + o.Name
}

// ActorName is the name in an actor of the audit log, or the actor itself
// where it is no operator's: "cli", "scheduler".
func ActorName(actor string) string {
	id, name, ok := strings.Cut(actor, " ")
	if _, err := ids.Parse[operatorMark](id); ok && err == nil {
		return name
	}
	return actor
}

// Languages are those in which the administration speaks.
func Languages() []string { return []string{"en", "sv"} }

// Validate trims o and reports the first field that cannot be used.
func (o *Operator) Validate() error {
	o.Name, o.Language = strings.TrimSpace(o.Name), strings.TrimSpace(o.Language)
	a, err := mailaddr.Parse(strings.TrimSpace(o.Email))
	if err != nil {
		return invalid("email", "", err)
	}
	o.Email = a.String()
	if o.Name == "" {
		return invalid("name", "say what the team calls them", nil)
	}
	if err := mailaddr.CheckName(o.Name); err != nil || utf8.RuneCountInString(o.Name) > 100 {
		return invalid("name", "it is too long, or has characters that cannot be shown", err)
	}
	if o.Role.rank() == 0 {
		return invalid("role", "want owner, editor, reviewer or analyst", nil)
	}
	if o.Language != "" {
		known := false
		for _, l := range Languages() {
			known = known || l == o.Language
		}
		if !known {
			return invalid("language", "want "+strings.Join(Languages(), " or "), nil)
		}
	}
	return nil
}

// canonical is what tells two addresses of operators apart.
func canonical(email string) string {
	a, err := mailaddr.Parse(strings.TrimSpace(email))
	if err != nil {
		return ""
	}
	return a.Canonical()
}

type invitationMark struct{}

// InvitationID identifies an invitation.
type InvitationID = ids.ID[invitationMark]

// Invitation lets somebody become an operator until it expires.
type Invitation struct {
	ID        InvitationID `json:"id"`
	Email     string       `json:"email"`
	Name      string       `json:"name"` // may be empty: the invited says it
	Role      Role         `json:"role"`
	Language  string       `json:"language"`
	InvitedBy string       `json:"invited_by"` // an actor of the audit log
	ExpiresAt time.Time    `json:"expires_at"`
	CreatedAt time.Time    `json:"created_at"`
}

// OperatorStore keeps operators and invitations. Each change writes its audit
// entry in the same transaction.
type OperatorStore interface {
	// AddOperator is a Conflict where somebody has that address. hash is the
	// password's, empty for none. An invitation that it answers is NotFound
	// where it is gone, and goes in the same transaction; 0 answers none. With
	// first set it is a Conflict where there is an operator already. So is a
	// first one who is no owner.
	AddOperator(ctx context.Context, o Operator, canonical, hash string, answers InvitationID, first bool, e audit.Entry) error
	// Operators are all of them, by name.
	Operators(ctx context.Context) ([]Operator, error)
	// SetOperator keeps name and language of o.
	SetOperator(ctx context.Context, o Operator, e audit.Entry) error
	// SetRole ends the operator's sessions, and RemoveOperator too. Both are a
	// Conflict where nobody would be left as owner.
	SetRole(ctx context.Context, id OperatorID, role Role, e audit.Entry) error
	RemoveOperator(ctx context.Context, id OperatorID, e audit.Entry) error
	// AddInvitation takes the place of an older one to the same address. The
	// notice, where there is one, is kept in the same transaction.
	AddInvitation(ctx context.Context, i Invitation, canonical string, n *notice.Notice, e audit.Entry) error
	// Invitations are all that are open at that time, newest first.
	Invitations(ctx context.Context, at time.Time) ([]Invitation, error)
	// RemoveInvitation is NotFound where it is gone.
	RemoveInvitation(ctx context.Context, id InvitationID, e audit.Entry) error
}

// errNoOperator is what is said of somebody who is not there.
func errNoOperator(who string) error {
	return errs.NotFoundf("there is no team member %q: postrider operator list shows all", who)
}
