package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"postrider/internal/auth"
	"postrider/internal/errs"
	"postrider/internal/secrets"
	"postrider/organisation"
	"postrider/store"
	"postrider/store/storetest"
)

const passphrase = "correct horse battery staple"

var visit = organisation.Visit{Device: "Firefox, Linux", Network: "192.0.2.0/24"}

// deskClock is a time that a test moves.
type deskClock struct {
	mu sync.Mutex
	at time.Time
}

func (c *deskClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *deskClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// team is an installation with Ada as its owner.
func team(t testing.TB, s *store.Store) (*organisation.Office, *organisation.Porter, organisation.Operator, *deskClock) {
	t.Helper()
	c := &deskClock{at: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	office := &organisation.Office{Store: s, Now: c.now}
	porter := &organisation.Porter{Store: s, Hasher: auth.QuickHasher(), Secrets: sealer(t), Now: c.now}
	hash, err := porter.Hash(ctx, "Ada", "ada@example.org", passphrase)
	if err != nil {
		t.Fatal(err)
	}
	ada, err := office.AddOperator(ctx, "test", organisation.Operator{Email: "ada@example.org", Name: "Ada", Role: organisation.Owner}, hash, true)
	if err != nil {
		t.Fatal(err)
	}
	return office, porter, ada, c
}

func TestTeamAlwaysHasAnOwner(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		empty := &organisation.Office{Store: s, Now: time.Now}
		if _, err := empty.AddOperator(ctx, "x", organisation.Operator{Email: "eve@example.org", Name: "Eve", Role: organisation.Editor}, "", false); !errs.Is(err, errs.Conflict) {
			t.Errorf("a team of an editor alone: %v", err)
		}
		office, _, ada, _ := team(t, s)
		if _, err := office.AddOperator(ctx, "x", organisation.Operator{Email: "eve@example.org", Name: "Eve", Role: organisation.Owner}, "", true); !errs.Is(err, errs.Conflict) {
			t.Errorf("a second first operator: %v", err)
		}
		if _, err := office.AddOperator(ctx, "x", organisation.Operator{Email: "ADA@example.org", Name: "Ada", Role: organisation.Analyst}, "", false); !errs.Is(err, errs.Conflict) {
			t.Errorf("the same address twice: %v", err)
		}
		if _, err := office.SetRole(ctx, "x", ada.ID, organisation.Editor); !errs.Is(err, errs.Conflict) {
			t.Errorf("the last owner is made an editor: %v", err)
		}
		if err := office.RemoveOperator(ctx, "x", ada.ID); !errs.Is(err, errs.Conflict) {
			t.Errorf("the last owner is removed: %v", err)
		}
		bo, err := office.AddOperator(ctx, "x", organisation.Operator{Email: "bo@example.org", Name: "Bo", Role: organisation.Owner}, "", false)
		if err != nil {
			t.Fatal(err)
		}
		// Each owner demotes the other at the same moment: one of them must lose.
		var wg sync.WaitGroup
		errors := make([]error, 2)
		for i, id := range []organisation.OperatorID{ada.ID, bo.ID} {
			wg.Go(func() { _, errors[i] = office.SetRole(ctx, "x", id, organisation.Analyst) })
		}
		wg.Wait()
		if n := storetest.One[int64](t, s, `SELECT count(*) FROM operators WHERE role = 'owner'`); n != 1 {
			t.Errorf("%d owners are left, want 1 (%v)", n, errors)
		}
	})
}

func TestSessionsEndWithWhatTheyWereBegunWith(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		office, porter, ada, c := team(t, s)
		bo, err := office.AddOperator(ctx, "test", organisation.Operator{Email: "bo@example.org", Name: "Bo", Role: organisation.Owner}, "", false)
		if err != nil {
			t.Fatal(err)
		}
		begin := func(o organisation.Operator) string {
			t.Helper()
			secret, err := porter.Begin(ctx, o, organisation.ByPassword, visit)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := porter.Who(ctx, secret, visit); err != nil {
				t.Fatalf("a fresh session: %v", err)
			}
			return secret
		}
		mine := begin(ada)
		me, _, err := porter.Who(ctx, mine, visit)
		if err != nil {
			t.Fatal(err)
		}
		for what, do := range map[string]func() error{
			"password":        func() error { return porter.SetPassword(ctx, "x", ada, "another long password", me.Session.ID) },
			"codes off":       func() error { return porter.DropTOTP(ctx, "x", ada.ID, me.Session.ID) },
			"all others":      func() error { return porter.EndOthers(ctx, "x", ada.ID, me.Session.ID) },
			"one-time codes":  func() error { return enrol(t, porter, ada, me.Session.ID, c.now()) },
			"nothing of hers": nil,
		} {
			other := begin(ada)
			his := begin(bo)
			if do == nil {
				continue
			}
			if err := do(); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if _, lapsed, err := porter.Who(ctx, other, visit); !errs.Is(err, errs.NotFound) || !lapsed {
				t.Errorf("%s: the other session goes on (%v)", what, err)
			}
			for name, secret := range map[string]string{"this session": mine, "Bo's": his} {
				if _, _, err := porter.Who(ctx, secret, visit); err != nil {
					t.Errorf("%s: %s has ended: %v", what, name, err)
				}
			}
		}
		if _, err := office.SetRole(ctx, "x", ada.ID, organisation.Editor); err != nil {
			t.Fatal(err)
		}
		if _, _, err := porter.Who(ctx, mine, visit); !errs.Is(err, errs.NotFound) {
			t.Errorf("after another role the session goes on: %v", err)
		}
		mine = begin(ada)
		if err := office.RemoveOperator(ctx, "x", ada.ID); err != nil {
			t.Fatal(err)
		}
		if _, _, err := porter.Who(ctx, mine, visit); !errs.Is(err, errs.NotFound) {
			t.Errorf("after being removed the session goes on: %v", err)
		}
	})
}

func TestSessionsEndByTime(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		_, porter, ada, c := team(t, s)
		idle, err := porter.Begin(ctx, ada, organisation.ByPassword, visit)
		if err != nil {
			t.Fatal(err)
		}
		busy, err := porter.Begin(ctx, ada, organisation.ByPassword, visit)
		if err != nil {
			t.Fatal(err)
		}
		for range 27 { // 13 days and a half, a request every twelve hours
			c.pass(12 * time.Hour)
			if _, _, err := porter.Who(ctx, busy, visit); err != nil {
				t.Fatalf("a session in use ends at %s: %v", c.now(), err)
			}
		}
		if _, lapsed, err := porter.Who(ctx, idle, visit); !errs.Is(err, errs.NotFound) || !lapsed {
			t.Errorf("a session that nobody used goes on: %v", err)
		}
		c.pass(13 * time.Hour)
		if _, _, err := porter.Who(ctx, busy, visit); !errs.Is(err, errs.NotFound) {
			t.Errorf("after two weeks the session goes on: %v", err)
		}
		if got, err := porter.Sessions(ctx, ada.ID); err != nil || len(got) != 0 {
			t.Errorf("the list shows %v, %v", got, err)
		}
		for _, forged := range []string{"", "x", auth.NewSecret(), auth.Fingerprint(busy)} {
			if _, lapsed, err := porter.Who(ctx, forged, visit); !errs.Is(err, errs.NotFound) || lapsed {
				t.Errorf("the cookie %q: lapsed %v, %v", forged, lapsed, err)
			}
		}
	})
}

func TestTokenOfTheStartEndsWithTheFirstOperator(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		porter := &organisation.Porter{Store: s, Hasher: auth.QuickHasher(), Secrets: sealer(t), Now: time.Now}
		secret, err := porter.BeginFirst(ctx, visit)
		if err != nil {
			t.Fatal(err)
		}
		k, _, err := porter.Who(ctx, secret, visit)
		if err != nil || k.Operator.ID != 0 || k.Operator.Role != organisation.Owner || k.Operator.Actor() != "operator" {
			t.Fatalf("the token is %+v, %v", k, err)
		}
		team(t, s)
		if _, _, err := porter.Who(ctx, secret, visit); !errs.Is(err, errs.NotFound) {
			t.Errorf("with a team the token's session goes on: %v", err)
		}
		if _, err := porter.BeginFirst(ctx, visit); !errs.Is(err, errs.Forbidden) {
			t.Errorf("with a team the token lets in: %v", err)
		}
	})
}

func TestSecretsOfSigningInAreNotInTheDatabase(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	_, porter, ada, c := team(t, s)
	session, err := porter.Begin(ctx, ada, organisation.ByPassword, visit)
	if err != nil {
		t.Fatal(err)
	}
	e, err := auth.Enrol("Postrider", "ada@example.org")
	if err != nil {
		t.Fatal(err)
	}
	codes, err := porter.EnrolTOTP(ctx, ada, e.Secret, codeAt(t, e.Secret, c.now()), 0)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(s.Path() + "*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files of the database: %v", err)
	}
	seen := false
	for _, f := range files {
		b := must[[]byte](t)(os.ReadFile(f))
		seen = seen || bytes.Contains(b, []byte("$argon2id$"))
		for _, canary := range append([]string{passphrase, session, e.Secret.Reveal()}, codes...) {
			if bytes.Contains(b, []byte(canary)) {
				t.Errorf("the database holds %q", canary)
			}
		}
	}
	if !seen {
		t.Error("the database holds no hash of a password: does this test look in the right place?")
	}
}

func codeAt(t testing.TB, secret secrets.Secret, at time.Time) string {
	t.Helper()
	return must[string](t)(auth.Code(secret, at))
}

// enrol turns one-time codes on.
func enrol(t testing.TB, p *organisation.Porter, o organisation.Operator, but organisation.SessionID, now time.Time) error {
	t.Helper()
	e, err := auth.Enrol("Postrider", o.Email)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.EnrolTOTP(ctx, o, e.Secret, codeAt(t, e.Secret, now), but)
	return err
}
