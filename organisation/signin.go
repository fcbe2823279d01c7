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

// Step is a kind of sign-in that has begun and waits for its second half.
type Step string

// The kinds.
const (
	SecondStep   Step = "second_step" // the password was right, the code is missing
	PasskeyStep  Step = "passkey"     // a challenge waits for its answer
	ProviderStep Step = "provider"    // somebody is at the identity provider
)

// codeTries is how many codes are looked at before the password is asked again.
const codeTries = 5

// life is how long the second half may take.
func (s Step) life() time.Duration {
	if s == ProviderStep {
		return 15 * time.Minute
	}
	return 10 * time.Minute
}

// SignIn is one that has begun. It lives here and not in the browser: what the
// browser holds opens nothing.
type SignIn struct {
	ID        int64
	Step      Step
	Operator  OperatorID // 0 where it is not known yet
	Data      string     // what the answer is checked against
	Tries     int
	ExpiresAt time.Time
}

// SignInStore keeps sign-ins that have begun, by the hash of their secret.
type SignInStore interface {
	// AddSignIn forgets those that have expired at that time.
	AddSignIn(ctx context.Context, s SignIn, hash string, at time.Time) error
	// SignInOf is NotFound where there is none of that kind, or no more.
	SignInOf(ctx context.Context, step Step, hash string, at time.Time) (SignIn, error)
	// UseSignIn counts a try; NotFound where it has had that many already.
	UseSignIn(ctx context.Context, id int64, most int) error
	// TakeSignIn removes it; NotFound where somebody was faster.
	TakeSignIn(ctx context.Context, id int64) error
}

// Account is an operator with what their password and codes are checked against.
type Account struct {
	Operator
	Hash   string // of the password
	Sealed string // the secret of one-time codes
	Step   int64  // the last one whose code was accepted
}

// FactorStore keeps what lets an operator in.
type FactorStore interface {
	// AccountOf finds one by canonical address; Account by id. NotFound.
	AccountOf(ctx context.Context, canonical string) (Account, error)
	Account(ctx context.Context, id OperatorID) (Account, error)
	// SetPassword, SetTOTP and DropTOTP end all sessions of the operator but one.
	SetPassword(ctx context.Context, id OperatorID, hash string, but SessionID, e audit.Entry) error
	SetTOTP(ctx context.Context, id OperatorID, sealed string, step int64, codes []string, but SessionID, e audit.Entry) error
	DropTOTP(ctx context.Context, id OperatorID, but SessionID, e audit.Entry) error
	// SetCodes replaces the recovery codes by these fingerprints.
	SetCodes(ctx context.Context, id OperatorID, codes []string, e audit.Entry) error
	// UseStep accepts a code's step; Conflict where it is not later than the
	// last one.
	UseStep(ctx context.Context, id OperatorID, step int64) error
	// UseCode removes a recovery code by its fingerprint; NotFound.
	UseCode(ctx context.Context, id OperatorID, fingerprint string, e audit.Entry) error
}

// Progress is where a sign-in stands: Session is set when it is done, Second
// when a code is asked for. Both are what a cookie holds.
type Progress struct {
	Session  string
	Second   string
	Operator Operator
}

// errWrong does not tell whether the account exists.
var errWrong = errs.Forbiddenf("address or password are wrong")

// WithPassword checks an address and a password. A wrong one and an account
// that does not exist are the same Forbidden, after the same work. Too many
// tries are a *TooMany.
func (p *Porter) WithPassword(ctx context.Context, email, password string, v Visit) (Progress, error) {
	key := canonical(email)
	forgive, err := p.admit(ctx, accountLimit(key), networkLimit(v.Network))
	if err != nil {
		return Progress{}, err
	}
	account, err := p.Store.AccountOf(ctx, key)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return Progress{}, err
	}
	ok, err := p.Hasher.Matches(ctx, password, account.Hash)
	if err != nil {
		return Progress{}, err
	}
	if !ok || account.ID == 0 {
		if err := p.failed(ctx, account.ID, "wrong password"); err != nil {
			return Progress{}, err
		}
		return Progress{}, errWrong
	}
	if account.Sealed != "" {
		// The account's try stays until the code is right: else whoever has the
		// password could guess codes for ever.
		if err := p.forgive(ctx, []limit{networkLimit(v.Network)}); err != nil {
			return Progress{}, err
		}
		second, err := p.StartStep(ctx, SecondStep, account.ID, "")
		return Progress{Second: second, Operator: account.Operator}, err
	}
	if err := forgive(ctx); err != nil {
		return Progress{}, err
	}
	session, err := p.Begin(ctx, account.Operator, ByPassword, v)
	return Progress{Session: session, Operator: account.Operator}, err
}

// failed writes a line about a try. It knows no address: of an account that
// does not exist there is no more to say.
func (p *Porter) failed(ctx context.Context, id OperatorID, why string) error {
	return p.Store.NoteFailure(ctx, audit.Entry{At: p.Now(), Actor: "visitor", Action: "did not get in", Kind: "operator", Object: int64(id), Detail: why})
}

// StartStep keeps a sign-in that has begun and returns what its cookie holds.
func (p *Porter) StartStep(ctx context.Context, step Step, of OperatorID, data string) (string, error) {
	secret, now := auth.NewSecret(), p.Now()
	s := SignIn{ID: ids.Block(1), Step: step, Operator: of, Data: data, ExpiresAt: now.Add(step.life())}
	return secret, p.Store.AddSignIn(ctx, s, auth.Fingerprint(secret), now)
}

// errBegun is said of a sign-in that has expired, was used, or is somebody else's.
var errBegun = errs.NotFoundf("this sign-in is over: begin again")

// StepOf returns a sign-in that has begun, without ending it.
func (p *Porter) StepOf(ctx context.Context, step Step, secret string) (SignIn, error) {
	hash := auth.Fingerprint(secret)
	if hash == "" {
		return SignIn{}, errBegun
	}
	s, err := p.Store.SignInOf(ctx, step, hash, p.Now())
	if errs.Is(err, errs.NotFound) {
		err = errBegun
	}
	return s, err
}

// TakeStep is StepOf and ends it: an answer counts once.
func (p *Porter) TakeStep(ctx context.Context, step Step, secret string) (SignIn, error) {
	s, err := p.StepOf(ctx, step, secret)
	if err == nil {
		if err = p.Store.TakeSignIn(ctx, s.ID); errs.Is(err, errs.NotFound) {
			err = errBegun
		}
	}
	return s, err
}

// errCode is said of a code that is wrong or was used.
var errCode = &errs.Error{Kind: errs.Forbidden, Field: "code", Text: "this code is wrong, or has been used: wait for the next one"}

// WithCode answers the second step by a one-time code or, with recovery set, by
// a recovery code. After five tries the password is asked again: NotFound.
func (p *Porter) WithCode(ctx context.Context, second, code string, recovery bool, v Visit) (Progress, error) {
	s, err := p.StepOf(ctx, SecondStep, second)
	if err != nil {
		return Progress{}, err
	}
	forgive, err := p.admit(ctx, stepLimit(s.Operator), networkLimit(v.Network))
	if err != nil {
		return Progress{}, err
	}
	if err := p.Store.UseSignIn(ctx, s.ID, codeTries); err != nil {
		if errs.Is(err, errs.NotFound) {
			err = errBegun
		}
		return Progress{}, err
	}
	account, err := p.Store.Account(ctx, s.Operator)
	if err != nil {
		return Progress{}, err
	}
	method := ByCode
	if recovery {
		method = ByRecovery
		e := p.entry(account.Actor(), "used a recovery code", account.ID, "")
		err = p.Store.UseCode(ctx, account.ID, auth.RecoveryFingerprint(code), e)
	} else {
		err = p.useCode(ctx, account, code)
	}
	if errs.Is(err, errs.NotFound) || errs.Is(err, errs.Conflict) {
		if err := p.failed(ctx, account.ID, "wrong code"); err != nil {
			return Progress{}, err
		}
		return Progress{}, errCode
	}
	if err != nil {
		return Progress{}, err
	}
	if err := p.Store.TakeSignIn(ctx, s.ID); err != nil {
		return Progress{}, err
	}
	if err := forgive(ctx); err != nil {
		return Progress{}, err
	}
	// The password was right too, and counted as a try until now.
	if err := p.forgive(ctx, []limit{accountLimit(canonical(account.Email))}); err != nil {
		return Progress{}, err
	}
	session, err := p.Begin(ctx, account.Operator, method, v)
	return Progress{Session: session, Operator: account.Operator}, err
}

// useCode accepts a one-time code; a wrong one, and one that was used, is a
// Conflict.
func (p *Porter) useCode(ctx context.Context, a Account, code string) error {
	secret, err := p.Secrets.Open(totpPlace(a.ID), a.Sealed)
	if err != nil {
		return errs.Unavailablef("the secret of the one-time codes cannot be read: %w", err)
	}
	step, ok := auth.Step(secret, code, p.Now())
	if !ok {
		return errs.Conflictf("wrong code")
	}
	return p.Store.UseStep(ctx, a.ID, step)
}

func totpPlace(id OperatorID) string { return "totp:" + id.String() }

// SetPassword checks and keeps a new password and ends all sessions of the
// operator but one. Whoever calls it has made sure that it is the operator, or
// somebody who may.
func (p *Porter) SetPassword(ctx context.Context, actor string, o Operator, password string, but SessionID) error {
	if err := auth.CheckPassword(password, o.Name, localPart(o.Email), o.Email); err != nil {
		return err
	}
	hash, err := p.Hasher.Hash(ctx, password)
	if err != nil {
		return err
	}
	if err := p.Store.SetPassword(ctx, o.ID, hash, but, p.entry(actor, "set the password", o.ID, "")); err != nil {
		return err
	}
	// Whoever guessed at the old one must not keep its owner from using the new.
	return p.forgive(ctx, []limit{accountLimit(canonical(o.Email))})
}

// Hash checks a password for somebody who is about to join and returns what is
// kept of it.
func (p *Porter) Hash(ctx context.Context, name, email, password string) (string, error) {
	if err := auth.CheckPassword(password, name, localPart(email), email); err != nil {
		return "", err
	}
	return p.Hasher.Hash(ctx, password)
}

// Confirm checks the password of somebody who is signed in, before something
// that a borrowed browser must not do. Whoever has none is let through. A wrong
// one is Invalid, too many are a *TooMany.
func (p *Porter) Confirm(ctx context.Context, id OperatorID, password string, v Visit) error {
	account, err := p.Store.Account(ctx, id)
	if err != nil || account.Hash == "" {
		return err
	}
	forgive, err := p.admit(ctx, accountLimit(canonical(account.Email)), networkLimit(v.Network))
	if err != nil {
		return err
	}
	ok, err := p.Hasher.Matches(ctx, password, account.Hash)
	if err != nil {
		return err
	}
	if !ok {
		if err := p.failed(ctx, id, "wrong password"); err != nil {
			return err
		}
		return &errs.Error{Kind: errs.Invalid, Field: "current", Text: "that is not your present password"}
	}
	return forgive(ctx)
}

func localPart(email string) string {
	for i := len(email) - 1; i >= 0; i-- {
		if email[i] == '@' {
			return email[:i]
		}
	}
	return email
}

// EnrolTOTP turns one-time codes on with a secret that the operator's app has
// shown to know, and returns the recovery codes, which are shown once.
func (p *Porter) EnrolTOTP(ctx context.Context, o Operator, secret secrets.Secret, code string, but SessionID) ([]string, error) {
	step, ok := auth.Step(secret, code, p.Now())
	if !ok {
		return nil, &errs.Error{Kind: errs.Invalid, Field: "code", Text: "this is not the code of that picture at this moment: scan it again, and see that the telephone's clock is right"}
	}
	sealed, err := p.Secrets.Seal(totpPlace(o.ID), secret)
	if err != nil {
		return nil, err
	}
	codes := auth.NewRecoveryCodes()
	return codes, p.Store.SetTOTP(ctx, o.ID, sealed, step, fingerprints(codes), but, p.entry(o.Actor(), "turned one-time codes on", o.ID, ""))
}

// DropTOTP turns one-time codes off, with the recovery codes.
func (p *Porter) DropTOTP(ctx context.Context, actor string, id OperatorID, but SessionID) error {
	return p.Store.DropTOTP(ctx, id, but, p.entry(actor, "turned one-time codes off", id, ""))
}

// NewCodes replaces the recovery codes and returns them, to be shown once.
func (p *Porter) NewCodes(ctx context.Context, o Operator) ([]string, error) {
	if !o.TOTP {
		return nil, errs.Conflictf("recovery codes are for accounts with one-time codes: turn those on first")
	}
	codes := auth.NewRecoveryCodes()
	return codes, p.Store.SetCodes(ctx, o.ID, fingerprints(codes), p.entry(o.Actor(), "made new recovery codes", o.ID, ""))
}

func fingerprints(codes []string) []string {
	out := make([]string, len(codes))
	for i, c := range codes {
		out[i] = auth.RecoveryFingerprint(c)
	}
	return out
}
