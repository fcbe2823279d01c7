package auth

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"postrider/internal/errs"
	"postrider/internal/secrets"
)

var ctx = context.Background()

func TestPasswordsMatchTheirHash(t *testing.T) {
	t.Parallel()
	h := QuickHasher()
	hash, err := h.Hash(ctx, "caf\u00e9 au lait, please")
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Fatalf("%q, %v", hash, err)
	}
	again, err := h.Hash(ctx, "caf\u00e9 au lait, please")
	if err != nil || again == hash {
		t.Error("the same password has the same hash twice")
	}
	for password, want := range map[string]bool{
		"caf\u00e9 au lait, please": true, "cafe\u0301 au lait, please": true, // typed on another keyboard
		"Caf\u00e9 au lait, please": false, "": false, strings.Repeat("x", 10_000): false,
	} {
		if got, err := h.Matches(ctx, password, hash); err != nil || got != want {
			t.Errorf("%.20q matches %v, %v; want %v", password, got, err, want)
		}
	}
	for _, kept := range []string{"", "x", "$argon2i$v=19$m=64,t=1,p=1$AAAA$AAAA", "$argon2id$v=19$m=99999999,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"} {
		if got, _ := h.Matches(ctx, "", kept); got {
			t.Errorf("%q is matched", kept)
		}
	}
	real := NewHasher()
	if real.memory != 64<<10 || real.passes != 3 || cap(real.slots) != 2 {
		t.Errorf("the cost is %d KiB, %d passes, %d at once", real.memory, real.passes, cap(real.slots))
	}
}

func TestOnlyTwoPasswordsAtOnce(t *testing.T) {
	t.Parallel()
	h := QuickHasher()
	h.slots <- struct{}{}
	h.slots <- struct{}{} // both are busy
	ending, end := context.WithCancel(ctx)
	var wg sync.WaitGroup
	results := make(chan error, cap(h.queue))
	for range cap(h.queue) {
		wg.Go(func() { _, err := h.Hash(ending, "x"); results <- err })
	}
	for len(h.queue) < cap(h.queue) {
		time.Sleep(time.Millisecond) // until all stand in line
	}
	if _, err := h.Hash(ctx, "x"); !errs.Is(err, errs.Unavailable) {
		t.Errorf("one more than the line holds: %v", err)
	}
	end()
	wg.Wait()
	for range cap(h.queue) {
		if err := <-results; !errs.Is(err, errs.Unavailable) {
			t.Errorf("whoever left the line: %v", err)
		}
	}
	if h.Worked() != 0 {
		t.Errorf("%d were hashed beside the two", h.Worked())
	}
}

func TestWeakPasswordsAreRefused(t *testing.T) {
	t.Parallel()
	for password, ok := range map[string]bool{
		"short": false, "elevenchars": false, "twelve chars": true, "aaaaaaaaaaaaaaaa": false, "abababababab": false,
		"ada.lovelace1": false, "ada.lovelace in the garden": true, "correct horse battery": true, "bad\xffletters here": false,
		strings.Repeat("long ", 60): false, "åäö åäö åäö!": true,
	} {
		if err := CheckPassword(password, "Ada Lovelace", "ada.lovelace"); (err == nil) != ok {
			t.Errorf("%.20q: %v, want ok %v", password, err, ok)
		}
	}
}

// TestCodesFollowTheStandard takes a row of RFC 6238, appendix B, cut to six
// digits.
func TestCodesFollowTheStandard(t *testing.T) {
	t.Parallel()
	const secret = secrets.Secret("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
	at := time.Unix(1111111109, 0)
	step, ok := Step(secret, "081 804", at)
	if !ok || step != 1111111109/30 {
		t.Fatalf("the code of the standard is step %d, %v", step, ok)
	}
	for d, want := range map[time.Duration]bool{-61 * time.Second: false, -29 * time.Second: true, 30 * time.Second: true, 61 * time.Second: false} {
		if got, ok := Step(secret, "081804", at.Add(d)); ok != want || ok && got != step {
			t.Errorf("%v off: %d %v, want %v", d, got, ok, want)
		}
	}
	for _, code := range []string{"", "08180", "0818040", "abcdef", "081805"} {
		if _, ok := Step(secret, code, at); ok {
			t.Errorf("%q is accepted", code)
		}
	}
}

func TestEnrolmentCanBeScannedAndTyped(t *testing.T) {
	t.Parallel()
	e, err := Enrol("News: a/b", "ada@example.org")
	if err != nil || len(e.Secret.Reveal()) != 32 || !strings.HasPrefix(e.QR, "data:image/png;base64,") {
		t.Fatalf("%q, %.30s, %v", e.Secret.Reveal(), e.QR, err)
	}
	again, err := EnrolAgain("News: a/b", "ada@example.org", e.Secret)
	if err != nil || again.URL != e.URL || again.QR != e.QR {
		t.Errorf("shown again it is %s, was %s, %v", again.URL, e.URL, err)
	}
	if _, err := EnrolAgain("x", "y", "not base 32!"); !errs.Is(err, errs.Conflict) {
		t.Errorf("a secret that is none: %v", err)
	}
}

func TestRecoveryCodesAreReadAsTheyAreTyped(t *testing.T) {
	t.Parallel()
	codes := NewRecoveryCodes()
	seen := map[string]bool{}
	for _, c := range codes {
		seen[c] = true
		if len(c) != 19 || RecoveryFingerprint(c) != RecoveryFingerprint(" "+strings.ToUpper(strings.ReplaceAll(c, "-", " "))) {
			t.Errorf("%q is not read in capitals without hyphens", c)
		}
	}
	if len(seen) != 10 {
		t.Errorf("%d different codes", len(seen))
	}
	if RecoveryFingerprint(codes[0]) == Fingerprint(codes[0]) {
		t.Error("a recovery code has the fingerprint of a cookie")
	}
}

func TestBoxesOpenForTheirUseOnly(t *testing.T) {
	t.Parallel()
	key := func(n byte) []byte { return []byte(strings.Repeat(string(rune('a'+n)), 32)) }
	old, err := NewBoxes(key(1))
	if err != nil {
		t.Fatal(err)
	}
	b, err := NewBoxes(key(2), key(1))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_800_000_000, 0)
	sealed := old.Seal("form", []byte("typed"), now.Add(time.Hour))
	if got, err := b.Open("form", sealed, now); err != nil || string(got) != "typed" {
		t.Errorf("after a rotation: %q, %v", got, err)
	}
	for name, open := range map[string]func() ([]byte, error){
		"another use": func() ([]byte, error) { return b.Open("totp", sealed, now) },
		"too late":    func() ([]byte, error) { return b.Open("form", sealed, now.Add(61*time.Minute)) },
		"cut off":     func() ([]byte, error) { return b.Open("form", sealed[:len(sealed)-2], now) },
		"nothing":     func() ([]byte, error) { return b.Open("form", "", now) },
		"no base64":   func() ([]byte, error) { return b.Open("form", "!!", now) },
		"other key":   func() ([]byte, error) { return old.Open("form", b.Seal("form", nil, now.Add(1)), now) },
		"changed":     func() ([]byte, error) { return b.Open("form", "A"+sealed[1:], now) },
	} {
		if got, err := open(); !errs.Is(err, errs.Conflict) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := NewBoxes([]byte("short")); err == nil {
		t.Error("a short key is taken")
	}
}

func TestFingerprints(t *testing.T) {
	t.Parallel()
	s := NewSecret()
	if len(s) != 43 || Fingerprint(s) == "" || Fingerprint("") != "" || Fingerprint(strings.Repeat("x", 300)) != "" {
		t.Errorf("%q has the fingerprint %q", s, Fingerprint(s))
	}
	if !Same("abc", "abc") || Same("abc", "abd") || Same("abc", "") {
		t.Error("Same is wrong")
	}
}
