package organisation

import (
	"context"
	"time"

	"postrider/internal/audit"
	"postrider/internal/auth"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/secrets"
)

// A session ends a day after its last request, and two weeks after it began.
const (
	SessionIdle = 24 * time.Hour
	SessionLife = 14 * 24 * time.Hour
)

const (
	// touchEvery is how often a session notes that it is used: not at each request.
	touchEvery = time.Minute
	// sessionTrace is how long a session that has ended is remembered.
	sessionTrace = 7 * 24 * time.Hour
)

type sessionMark struct{}

// SessionID identifies a session. It is no secret.
type SessionID = ids.ID[sessionMark]

// Method is how somebody came in.
type Method string

// The methods.
const (
	ByToken    Method = "token" // of the start, before there is a team
	ByPassword Method = "password"
	ByCode     Method = "password and one-time code"
	ByRecovery Method = "password and recovery code"
	ByPasskey  Method = "passkey"
	ByProvider Method = "provider"
	ByInvite   Method = "invitation"
	BySetup    Method = "setup"
)

// Visit is where a request comes from, as far as its session shows it again.
type Visit struct {
	Device  string // "Firefox on Linux"
	Network string // "192.0.2.0/24": never the address itself
}

// Session is one browser that somebody is signed in with.
type Session struct {
	ID        SessionID  `json:"id"`
	Operator  OperatorID `json:"operator"` // 0: the token of the start
	Method    Method     `json:"method"`
	Device    string     `json:"device"`
	Network   string     `json:"network"`
	CreatedAt time.Time  `json:"created_at"`
	SeenAt    time.Time  `json:"seen_at"`
	EndedAt   time.Time  `json:"-"`
}

// open reports whether the session goes on at that time.
func (s Session) open(now time.Time) bool {
	return s.EndedAt.IsZero() && now.Sub(s.SeenAt) < SessionIdle && now.Sub(s.CreatedAt) < SessionLife
}

// SessionStore keeps sessions by the hash of what the cookie holds.
type SessionStore interface {
	// AddSession also keeps when the operator came in, and forgets sessions
	// that were last seen before gone.
	AddSession(ctx context.Context, s Session, hash string, gone time.Time, e audit.Entry) error
	// SessionOf returns a session with its operator, which is the zero one for
	// the token of the start; team says whether there is any operator. Unknown
	// is NotFound; a session that has ended is not.
	SessionOf(ctx context.Context, hash string) (s Session, o Operator, team bool, err error)
	// TouchSession notes a request, its device and its network.
	TouchSession(ctx context.Context, id SessionID, at time.Time, v Visit) error
	// EndSession is NotFound where no such session of that operator goes on.
	EndSession(ctx context.Context, of OperatorID, id SessionID, e audit.Entry) error
	// EndSessions ends all of an operator but one, which may be 0.
	EndSessions(ctx context.Context, of OperatorID, but SessionID, e audit.Entry) error
	// Sessions are those of an operator that have not ended and were seen since
	// then, the last used first.
	Sessions(ctx context.Context, of OperatorID, since time.Time) ([]Session, error)
}

// PorterStore is all that the Porter keeps.
type PorterStore interface {
	OperatorStore
	SessionStore
	TryStore
	SignInStore
	FactorStore
	PasskeyStore
	ProviderStore
}

// Porter decides who comes in. It is safe for concurrent use.
type Porter struct {
	Store   PorterStore
	Hasher  *auth.Hasher
	Secrets *secrets.Sealer // of the secrets of one-time codes
	Now     func() time.Time
}

// Known is who makes a request.
type Known struct {
	Operator Operator // the zero operator with the role owner for the token of the start
	Session  Session
}

// Begin makes a session and returns what its cookie holds. Each sign-in has a
// new one, so that nobody can prepare a cookie for somebody else.
func (p *Porter) Begin(ctx context.Context, o Operator, m Method, v Visit) (string, error) {
	secret, now := auth.NewSecret(), p.Now()
	s := Session{ID: ids.New[sessionMark](), Operator: o.ID, Method: m, Device: v.Device, Network: v.Network, CreatedAt: now, SeenAt: now}
	e := audit.Entry{At: now, Actor: o.Actor(), Action: "signed in", Kind: "operator", Object: int64(o.ID), Detail: string(m)}
	if err := p.Store.AddSession(ctx, s, auth.Fingerprint(secret), now.Add(-SessionLife-sessionTrace), e); err != nil {
		return "", err
	}
	return secret, nil
}

// BeginFirst lets in whoever has the token of the start, as long as there is no
// team. The caller has compared the token.
func (p *Porter) BeginFirst(ctx context.Context, v Visit) (string, error) {
	all, err := p.Store.Operators(ctx)
	if err != nil {
		return "", err
	}
	if len(all) > 0 {
		return "", errs.Forbiddenf("the token of the start is for the time before there is a team: sign in with your account")
	}
	return p.Begin(ctx, Operator{}, ByToken, v)
}

// Who returns whose session a cookie is of. Nobody's, and one that has ended,
// is NotFound; lapsed then says that it was a session.
func (p *Porter) Who(ctx context.Context, secret string, v Visit) (k Known, lapsed bool, err error) {
	none := errs.NotFoundf("you are not signed in")
	hash := auth.Fingerprint(secret)
	if hash == "" {
		return Known{}, false, none
	}
	s, o, team, err := p.Store.SessionOf(ctx, hash)
	if err != nil {
		return Known{}, false, err
	}
	now := p.Now()
	if s.Operator == 0 {
		o = Operator{Role: Owner}
		if team {
			return Known{}, true, none
		}
	}
	if !s.open(now) || s.Operator != o.ID {
		return Known{}, true, none
	}
	if now.Sub(s.SeenAt) >= touchEvery || s.Network != v.Network {
		if err := p.Store.TouchSession(ctx, s.ID, now, v); err != nil && !errs.Is(err, errs.Unavailable) {
			return Known{}, false, err
		}
	}
	return Known{Operator: o, Session: s}, false, nil
}

// Sessions are an operator's that go on, the last used first.
func (p *Porter) Sessions(ctx context.Context, of OperatorID) ([]Session, error) {
	now := p.Now()
	all, err := p.Store.Sessions(ctx, of, now.Add(-SessionIdle))
	var out []Session
	for _, s := range all {
		if s.open(now) {
			out = append(out, s)
		}
	}
	return out, err
}

// End ends one session of an operator. One that has ended is NotFound.
func (p *Porter) End(ctx context.Context, actor string, of OperatorID, id SessionID) error {
	return p.Store.EndSession(ctx, of, id, p.entry(actor, "ended a session", of, ""))
}

// EndOthers ends all sessions of an operator but one, which may be 0.
func (p *Porter) EndOthers(ctx context.Context, actor string, of OperatorID, but SessionID) error {
	return p.Store.EndSessions(ctx, of, but, p.entry(actor, "ended all other sessions", of, ""))
}

func (p *Porter) entry(actor, action string, of OperatorID, detail string) audit.Entry {
	return audit.Entry{At: p.Now(), Actor: actor, Action: action, Kind: "operator", Object: int64(of), Detail: detail}
}
