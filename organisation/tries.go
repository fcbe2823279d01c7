package organisation

import (
	"context"
	"time"

	"postrider/internal/audit"
	"postrider/internal/auth"
	"postrider/internal/errs"
)

// After a few free tries each further one has to wait twice as long as the one
// before, up to a quarter of an hour: of a thousand tries within an hour no
// more than twenty are looked at.
const (
	freeForAccount = 5
	freeForNetwork = 6
	longestWait    = 15 * time.Minute
	triesForgotten = 24 * time.Hour // after the last one
)

// Try is how often an account or a network has failed.
type Try struct {
	Key      string
	Failures int
	NextAt   time.Time // the next one is not looked at before
	At       time.Time // of the last one that was looked at
}

// TryStore counts tries.
type TryStore interface {
	// Tries returns the tries of these keys in their order, the zero Try with
	// its key where there is none.
	Tries(ctx context.Context, keys []string) ([]Try, error)
	// SetTries keeps to in place of was; Conflict where somebody was faster.
	// It forgets whatever was tried last before gone.
	SetTries(ctx context.Context, was, to []Try, gone time.Time) error
	// NoteFailure writes a try that failed to the audit log.
	NoteFailure(ctx context.Context, e audit.Entry) error
}

// limit is one key of a try with what it may cost.
type limit struct {
	key  string
	free int
}

func accountLimit(canonical string) limit {
	return limit{"account " + auth.Fingerprint("account "+canonical), freeForAccount}
}
func stepLimit(id OperatorID) limit     { return limit{"step " + id.String(), freeForAccount} }
func networkLimit(network string) limit { return limit{"network " + network, freeForNetwork} }

// tooMany says when it may be tried again.
func tooMany(wait time.Duration) error {
	return &TooMany{Wait: max(wait, time.Second)}
}

// TooMany is the error of a try that was not looked at.
type TooMany struct{ Wait time.Duration }

func (t *TooMany) Error() string {
	return "too many tries: wait " + t.Wait.Round(time.Second).String() + " and try again"
}

// Unwrap gives it its kind.
func (t *TooMany) Unwrap() error { return errTooMany }

var errTooMany = errs.Forbiddenf("too many tries")

// admit counts a try as failed before it is looked at, so that a thousand at
// once are not all looked at. It returns what forgives it again.
func (p *Porter) admit(ctx context.Context, limits ...limit) (forgive func(context.Context) error, err error) {
	keys := make([]string, len(limits))
	for i, l := range limits {
		keys[i] = l.key
	}
	const races = 4
	for range races {
		was, err := p.Store.Tries(ctx, keys)
		if err != nil {
			return nil, err
		}
		now := p.Now()
		to := make([]Try, len(was))
		for i, w := range was {
			if now.Sub(w.At) > triesForgotten {
				w.Failures, w.NextAt = 0, time.Time{}
			}
			if wait := w.NextAt.Sub(now); wait > 0 {
				return nil, tooMany(wait)
			}
			to[i] = Try{Key: w.Key, Failures: w.Failures + 1, At: now}
			to[i].NextAt = now.Add(waitAfter(to[i].Failures, limits[i].free))
		}
		err = p.Store.SetTries(ctx, was, to, now.Add(-triesForgotten))
		if errs.Is(err, errs.Conflict) {
			continue // somebody tries at the same moment
		}
		return func(ctx context.Context) error { return p.forgive(ctx, limits) }, err
	}
	return nil, tooMany(time.Second)
}

// forgive takes a try back that succeeded: the account begins anew, a network
// has only this one less, because its others may be somebody else's.
func (p *Porter) forgive(ctx context.Context, limits []limit) error {
	for range 3 {
		keys := make([]string, len(limits))
		for i, l := range limits {
			keys[i] = l.key
		}
		was, err := p.Store.Tries(ctx, keys)
		if err != nil {
			return err
		}
		to := make([]Try, len(was))
		for i, w := range was {
			to[i] = Try{Key: w.Key, At: w.At}
			if limits[i].free == freeForNetwork && w.Failures > 0 {
				to[i].Failures = w.Failures - 1
				to[i].NextAt = w.At.Add(waitAfter(to[i].Failures, freeForNetwork))
			}
		}
		if err = p.Store.SetTries(ctx, was, to, p.Now().Add(-triesForgotten)); !errs.Is(err, errs.Conflict) {
			return err
		}
	}
	return nil // the others' failures stay, and so does this one
}

// waitAfter is how long after that many failures nothing is looked at.
func waitAfter(failures, free int) time.Duration {
	over := failures - free
	switch {
	case over < 0:
		return 0
	case over > 10:
		return longestWait
	}
	return min(time.Second<<over, longestWait)
}
