package store_test

import (
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"postrider/internal/auth"
	"postrider/internal/errs"
	"postrider/organisation"
	"postrider/store"
	"postrider/store/storetest"
)

const wrongPassword = "wrong horse battery staple"

func TestPasswordLetsIn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		_, porter, ada, _ := team(t, s)
		got, err := porter.WithPassword(ctx, " ADA@example.org ", passphrase, visit)
		if err != nil || got.Session == "" || got.Second != "" || got.Operator.ID != ada.ID {
			t.Fatalf("the right password: %+v, %v", got, err)
		}
		again, err := porter.WithPassword(ctx, "ada@example.org", passphrase, visit)
		if err != nil || again.Session == got.Session {
			t.Errorf("the second sign-in has the same session, or none: %v", err)
		}
		all, err := porter.Sessions(ctx, ada.ID)
		if err != nil || len(all) != 2 || all[0].Device != visit.Device || all[0].Network != visit.Network || all[0].Method != organisation.ByPassword {
			t.Errorf("her sessions are %+v, %v", all, err)
		}
	})
}

// TestUnknownAccountsLookLikeKnownOnes compares answers and the number of
// passwords that were hashed.
func TestUnknownAccountsLookLikeKnownOnes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		office, porter, _, _ := team(t, s)
		if _, err := office.AddOperator(ctx, "x", organisation.Operator{Email: "key@example.org", Name: "Key", Role: organisation.Editor}, "", false); err != nil {
			t.Fatal(err)
		}
		var answers []string
		for i, email := range []string{"ada@example.org", "nobody@example.org", "key@example.org", "no address", ""} {
			before := porter.Hasher.Worked()
			_, err := porter.WithPassword(ctx, email, wrongPassword, organisation.Visit{Network: "net" + strconv.Itoa(i)})
			if !errs.Is(err, errs.Forbidden) {
				t.Fatalf("%s: %v", email, err)
			}
			if n := porter.Hasher.Worked() - before; n != 1 {
				t.Errorf("%s: %d passwords were hashed, want 1", email, n)
			}
			answers = append(answers, err.Error())
		}
		for _, a := range answers {
			if a != answers[0] {
				t.Errorf("the answers differ: %q", answers)
			}
		}
	})
}

// TestOfAThousandTriesTwentyAreLookedAt guesses at one account, from one
// network at many accounts, and all at once.
func TestOfAThousandTriesTwentyAreLookedAt(t *testing.T) {
	t.Parallel()
	const tries, most = 1000, 20
	visitOf := func(i int) organisation.Visit { return organisation.Visit{Network: "net " + strconv.Itoa(i)} }
	for name, guess := range map[string]func(p *organisation.Porter, i int) error{
		"one account": func(p *organisation.Porter, i int) error {
			_, err := p.WithPassword(ctx, "ada@example.org", wrongPassword, visitOf(i))
			return err
		},
		"one network": func(p *organisation.Porter, i int) error {
			_, err := p.WithPassword(ctx, strconv.Itoa(i)+"@example.org", wrongPassword, visit)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, s *store.Store) {
				_, porter, _, c := team(t, s)
				before := porter.Hasher.Worked()
				for i := range tries { // for an hour, all the time
					c.pass(time.Hour / tries)
					var many *organisation.TooMany
					if err := guess(porter, i); !errs.Is(err, errs.Forbidden) || errors.As(err, &many) && (many.Wait < time.Second || many.Wait > 15*time.Minute) {
						t.Fatalf("try %d: %v", i, err)
					}
				}
				if n := porter.Hasher.Worked() - before; n > most || n < 5 {
					t.Errorf("%d of %d tries were looked at, want no more than %d", n, tries, most)
				}
			})
		})
	}
}

func TestTriesAtOnceAreCounted(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		_, porter, _, c := team(t, s)
		before := porter.Hasher.Worked()
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				_, _ = porter.WithPassword(ctx, "ada@example.org", wrongPassword, organisation.Visit{Network: strconv.Itoa(i)})
			})
		}
		wg.Wait()
		if n := porter.Hasher.Worked() - before; n > 5 {
			t.Errorf("%d tries at the same moment were looked at, want no more than 5", n)
		}
		// The owner of the account waits no longer than a quarter of an hour, and
		// then begins anew.
		c.pass(15 * time.Minute)
		for range 2 {
			if _, err := porter.WithPassword(ctx, "ada@example.org", passphrase, visit); err != nil {
				t.Fatalf("the right password after the wait: %v", err)
			}
		}
	})
}

// TestManyWhoSucceedDoNotWait is an office behind one address.
func TestManyWhoSucceedDoNotWait(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		_, porter, ada, c := team(t, s)
		for i := range 20 {
			if _, err := porter.WithPassword(ctx, "ada@example.org", passphrase, visit); err != nil {
				t.Fatalf("sign-in %d: %v", i, err)
			}
		}
		code, _ := withCodes(t, porter, ada, c)
		for i := range 20 {
			c.pass(30 * time.Second)
			got, err := porter.WithPassword(ctx, "ada@example.org", passphrase, visit)
			if err != nil {
				t.Fatalf("sign-in %d: %v", i, err)
			}
			if _, err := porter.WithCode(ctx, got.Second, code(), false, visit); err != nil {
				t.Fatalf("code %d: %v", i, err)
			}
		}
	})
}

// withCodes turns Ada's one-time codes on and returns what makes them.
func withCodes(t *testing.T, p *organisation.Porter, ada organisation.Operator, c *deskClock) (code func() string, recovery []string) {
	t.Helper()
	e, err := auth.Enrol("Postrider", ada.Email)
	if err != nil {
		t.Fatal(err)
	}
	recovery, err = p.EnrolTOTP(ctx, ada, e.Secret, codeAt(t, e.Secret, c.now()), 0)
	if err != nil {
		t.Fatal(err)
	}
	return func() string { return codeAt(t, e.Secret, c.now()) }, recovery
}

func TestOneTimeCodesAreForOneTime(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		_, porter, ada, c := team(t, s)
		code, recovery := withCodes(t, porter, ada, c)
		half := func() string {
			t.Helper()
			c.pass(2 * time.Second) // not so fast that she has to wait
			got, err := porter.WithPassword(ctx, "ada@example.org", passphrase, visit)
			if err != nil || got.Session != "" || got.Second == "" {
				t.Fatalf("with codes on, the password alone gives %+v, %v", got, err)
			}
			if _, _, err := porter.Who(ctx, got.Second, visit); !errs.Is(err, errs.NotFound) {
				t.Fatalf("half a sign-in is a session: %v", err)
			}
			return got.Second
		}
		if _, err := porter.WithCode(ctx, half(), code(), false, visit); !errs.Is(err, errs.Forbidden) {
			t.Errorf("the code that turned them on is accepted again: %v", err)
		}
		c.pass(30 * time.Second)
		used, first := code(), half()
		got, err := porter.WithCode(ctx, first, used, false, visit)
		if err != nil || got.Session == "" || got.Operator.ID != ada.ID {
			t.Fatalf("the right code: %+v, %v", got, err)
		}
		if _, err := porter.WithCode(ctx, first, used, false, visit); !errs.Is(err, errs.NotFound) {
			t.Errorf("the same sign-in twice: %v", err)
		}
		if _, err := porter.WithCode(ctx, half(), used, false, visit); !errs.Is(err, errs.Forbidden) {
			t.Errorf("a code that was used is accepted: %v", err)
		}
		if _, err := porter.WithCode(ctx, half(), recovery[3], false, visit); !errs.Is(err, errs.Forbidden) {
			t.Errorf("a recovery code passes for a one-time code: %v", err)
		}
		c.pass(time.Minute)
		if got, err = porter.WithCode(ctx, half(), " "+recovery[3]+" ", true, visit); err != nil || got.Session == "" {
			t.Errorf("a recovery code: %v", err)
		}
		if _, err := porter.WithCode(ctx, half(), recovery[3], true, visit); !errs.Is(err, errs.Forbidden) {
			t.Errorf("a recovery code that was used is accepted: %v", err)
		}
		if a, err := s.Account(ctx, ada.ID); err != nil || a.Codes != len(recovery)-1 {
			t.Errorf("%d recovery codes are left, %v", a.Codes, err)
		}
	})
}

func TestSecondStepHasFiveTries(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		_, porter, ada, c := team(t, s)
		code, _ := withCodes(t, porter, ada, c)
		c.pass(time.Hour)
		got, err := porter.WithPassword(ctx, "ada@example.org", passphrase, visit)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			if _, err := porter.WithCode(ctx, got.Second, "000000", false, organisation.Visit{Network: strconv.Itoa(i)}); !errs.Is(err, errs.Forbidden) {
				t.Fatalf("wrong code %d: %v", i, err)
			}
		}
		c.pass(time.Minute)
		if _, err := porter.WithCode(ctx, got.Second, code(), false, visit); !errs.Is(err, errs.NotFound) {
			t.Errorf("after five wrong codes the right one is accepted: %v", err)
		}
		// Whoever has the password does not get five more each time.
		looked := 0
		for i := range 100 {
			got, err := porter.WithPassword(ctx, "ada@example.org", passphrase, organisation.Visit{Network: "n" + strconv.Itoa(i)})
			if err != nil {
				continue
			}
			var many *organisation.TooMany
			if _, err := porter.WithCode(ctx, got.Second, "000000", false, organisation.Visit{Network: "m" + strconv.Itoa(i)}); !errors.As(err, &many) {
				looked++
			}
		}
		if looked > 5 {
			t.Errorf("%d further codes were looked at within a moment", looked)
		}
		got, err = porter.WithPassword(ctx, "ada@example.org", passphrase, visit)
		if err == nil {
			c.pass(11 * time.Minute)
			if _, err := porter.WithCode(ctx, got.Second, code(), false, visit); !errs.Is(err, errs.NotFound) {
				t.Errorf("a sign-in that waited eleven minutes: %v", err)
			}
		}
	})
}

func TestASignInThatHasBegunIsTakenOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		_, porter, _, _ := team(t, s)
		secret, err := porter.StartStep(ctx, organisation.PasskeyStep, 0, "challenge")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := porter.TakeStep(ctx, organisation.ProviderStep, secret); !errs.Is(err, errs.NotFound) {
			t.Errorf("it serves another kind: %v", err)
		}
		var taken atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if got, err := porter.TakeStep(ctx, organisation.PasskeyStep, secret); err == nil && got.Data == "challenge" {
					taken.Add(1)
				}
			})
		}
		wg.Wait()
		if taken.Load() != 1 {
			t.Errorf("it was taken %d times, want once", taken.Load())
		}
	})
}

func TestInvitationsAreAnsweredOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		office, _, ada, c := team(t, s)
		if _, err := office.Invite(ctx, "x", organisation.Invitation{Email: ada.Email, Role: organisation.Editor}, nil); !errs.Is(err, errs.Conflict) {
			t.Errorf("inviting who is there: %v", err)
		}
		old, err := office.Invite(ctx, "x", organisation.Invitation{Email: "bo@example.org", Role: organisation.Editor}, nil)
		if err != nil {
			t.Fatal(err)
		}
		i, err := office.Invite(ctx, "x", organisation.Invitation{Email: "BO@example.org", Role: organisation.Reviewer}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := office.Accept(ctx, old.ID, "Bo", "sv", "hash"); !errs.Is(err, errs.NotFound) {
			t.Errorf("an invitation that another took the place of: %v", err)
		}
		var joined atomic.Int64
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if o, err := office.Accept(ctx, i.ID, "Bo", "sv", "hash"); err == nil && o.Role == organisation.Reviewer && o.Language == "sv" {
					joined.Add(1)
				}
			})
		}
		wg.Wait()
		if joined.Load() != 1 {
			t.Errorf("%d joined by one invitation, want 1", joined.Load())
		}
		late, err := office.Invite(ctx, "x", organisation.Invitation{Email: "cy@example.org", Role: organisation.Editor}, nil)
		if err != nil {
			t.Fatal(err)
		}
		c.pass(8 * 24 * time.Hour)
		if _, err := office.Accept(ctx, late.ID, "Cy", "", "hash"); !errs.Is(err, errs.NotFound) {
			t.Errorf("an invitation of last week: %v", err)
		}
	})
}

func TestPasskeysAreTheirOwners(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		office, porter, ada, _ := team(t, s)
		bo, err := office.AddOperator(ctx, "x", organisation.Operator{Email: "bo@example.org", Name: "Bo", Role: organisation.Editor}, "", false)
		if err != nil {
			t.Fatal(err)
		}
		if err := porter.AddPasskey(ctx, ada, " The telephone ", "credential", "record"); err != nil {
			t.Fatal(err)
		}
		if err := porter.AddPasskey(ctx, bo, "His", "credential", "record"); !errs.Is(err, errs.Conflict) {
			t.Errorf("the same passkey for somebody else: %v", err)
		}
		if err := porter.AddPasskey(ctx, ada, " ", "other", "record"); !errs.Is(err, errs.Invalid) {
			t.Errorf("a passkey without a name: %v", err)
		}
		all, err := porter.Passkeys(ctx, ada.ID)
		if err != nil || len(all) != 1 || all[0].Name != "The telephone" || all[0].Record != "record" || !all[0].UsedAt.IsZero() {
			t.Fatalf("her passkeys are %+v, %v", all, err)
		}
		if _, err := porter.WithPasskey(ctx, bo.ID, "credential", "record", visit); !errs.Is(err, errs.NotFound) {
			t.Errorf("her passkey lets Bo in: %v", err)
		}
		got, err := porter.WithPasskey(ctx, ada.ID, "credential", "record 2", visit)
		if err != nil || got.Session == "" {
			t.Fatalf("her passkey: %v", err)
		}
		if all, err = porter.Passkeys(ctx, ada.ID); err != nil || all[0].Record != "record 2" || all[0].UsedAt.IsZero() {
			t.Errorf("after a sign-in it is %+v, %v", all[0], err)
		}
		for name, err := range map[string]error{
			"renamed by Bo": porter.RenamePasskey(ctx, bo, all[0].ID, "Mine"),
			"removed by Bo": porter.RemovePasskey(ctx, bo, all[0].ID, 0),
		} {
			if !errs.Is(err, errs.NotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := porter.RemovePasskey(ctx, ada, all[0].ID, 0); err != nil {
			t.Fatal(err)
		}
		if _, _, err := porter.Who(ctx, got.Session, visit); !errs.Is(err, errs.NotFound) {
			t.Errorf("the session of a passkey that was removed goes on: %v", err)
		}
		if _, err := porter.WithPasskey(ctx, ada.ID, "credential", "record", visit); !errs.Is(err, errs.NotFound) {
			t.Errorf("a passkey that was removed lets in: %v", err)
		}
	})
}

// TestStrangersCannotFillTheDatabase begins more sign-ins than are kept.
func TestStrangersCannotFillTheDatabase(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	_, porter, ada, _ := team(t, s)
	known, err := porter.StartStep(ctx, organisation.SecondStep, ada.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	for range 1100 {
		if _, err := porter.StartStep(ctx, organisation.PasskeyStep, 0, "x"); err != nil {
			t.Fatal(err)
		}
	}
	if n := storetest.One[int64](t, s, `SELECT count(*) FROM sign_ins WHERE operator_id = 0`); n != 1000 {
		t.Errorf("%d are kept, want 1000", n)
	}
	if _, err := porter.StepOf(ctx, organisation.SecondStep, known); err != nil {
		t.Errorf("they took away somebody's who is known: %v", err)
	}
}

func TestProviderIsKeptWithoutItsSecret(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		_, porter, ada, _ := team(t, s)
		if _, err := porter.Provider(ctx); !errs.Is(err, errs.NotFound) {
			t.Errorf("none is set: %v", err)
		}
		x := organisation.Provider{Issuer: "https://login.example.org", ClientID: "postrider", Domains: []string{"@Example.ORG", "example.org", "example.net"}, Role: organisation.Editor}
		if _, err := porter.SetProvider(ctx, "x", x, ""); !errs.Is(err, errs.Invalid) {
			t.Errorf("without a secret: %v", err)
		}
		if _, err := porter.SetProvider(ctx, "x", x, canary); err != nil {
			t.Fatal(err)
		}
		got, err := porter.Provider(ctx)
		if err != nil || got.Label != "login.example.org" || len(got.Domains) != 2 || got.Role != organisation.Editor {
			t.Fatalf("%+v, %v", got, err)
		}
		if secret, err := porter.ProviderSecret(got); err != nil || secret.Reveal() != canary {
			t.Errorf("its secret: %v", err)
		}
		got.Issuer = "https://evil.example"
		if _, err := porter.ProviderSecret(got); err == nil {
			t.Error("the secret is given for another issuer")
		}
		if _, err := porter.SetProvider(ctx, "x", got, ""); !errs.Is(err, errs.Invalid) {
			t.Errorf("another issuer takes the old secret: %v", err)
		}
		i := organisation.Identity{Issuer: x.Issuer, Subject: "1", Email: ada.Email, Verified: true}
		x.Domains = nil
		if p, err := porter.WithIdentity(ctx, x, i, visit); err != nil || p.Operator.ID != ada.ID {
			t.Errorf("Ada comes in: %v", err)
		}
		if err := porter.RemoveProvider(ctx, "x"); err != nil {
			t.Fatal(err)
		}
		if n := storetest.One[int64](t, s, `SELECT count(*) FROM operator_identities`); n != 0 {
			t.Errorf("%d accounts of a provider that was removed are kept", n)
		}
		if err := porter.RemoveProvider(ctx, "x"); !errs.Is(err, errs.NotFound) {
			t.Errorf("removing it again: %v", err)
		}
	})
}
