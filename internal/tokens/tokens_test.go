package tokens

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"postrider/internal/errs"
)

func testKeys(t *testing.T, seeds ...byte) Keys {
	t.Helper()
	var keys [][]byte
	for _, s := range seeds {
		keys = append(keys, bytes.Repeat([]byte{s}, 32))
	}
	k, err := New(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestTokenServesItsPurposeOnly(t *testing.T) {
	t.Parallel()
	k := testKeys(t, 1)
	token := k.Token(Unsubscribe, 42)
	if len("/u/"+token) > 32 {
		t.Errorf("%q has %d letters, a path has at most 32", "/u/"+token, len("/u/"+token))
	}
	if id, err := k.Check(Unsubscribe, token); err != nil || id != 42 {
		t.Fatalf("Check = %d, %v; want 42", id, err)
	}
	if _, err := k.Check(Preferences, token); !errs.Is(err, errs.NotFound) {
		t.Errorf("an unsubscribe token opened the preferences: %v", err)
	}
	if _, err := k.CheckVerp(Unsubscribe, token); err == nil {
		t.Error("a link token passed as an envelope sender")
	}
	verp := k.Verp(Bounce, 42)
	if id, err := k.CheckVerp(Bounce, strings.ToUpper(verp)); err != nil || id != 42 {
		t.Errorf("CheckVerp of the upper-cased token = %d, %v; want 42", id, err)
	}
}

func TestMutatedTokensAreUnknown(t *testing.T) {
	t.Parallel()
	k := testKeys(t, 1)
	token := k.Token(Unsubscribe, 42)
	for i := range token {
		for _, c := range "A-_z9" {
			mutated := token[:i] + string(c) + token[i+1:]
			if mutated == token {
				continue
			}
			if id, err := k.Check(Unsubscribe, mutated); err == nil {
				t.Fatalf("%q was accepted as %d", mutated, id)
			}
		}
	}
	for _, bad := range []string{"", "a", token + "A", token[:27], strings.Repeat("A", 28)} {
		if _, err := k.Check(Unsubscribe, bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestOldKeysVerifyAfterARotation(t *testing.T) {
	t.Parallel()
	before, after, other := testKeys(t, 1), testKeys(t, 2, 1), testKeys(t, 3)
	token := before.Token(Unsubscribe, 7)
	if id, err := after.Check(Unsubscribe, token); err != nil || id != 7 {
		t.Errorf("after the rotation Check = %d, %v; want 7", id, err)
	}
	if after.Token(Unsubscribe, 7) == token {
		t.Error("the new key signs like the old one")
	}
	if !after.Knows(before.Fingerprint()) || other.Knows(before.Fingerprint()) {
		t.Error("a key set must know exactly its own fingerprints")
	}
}

func TestKeyFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "postrider.db.key")
	if _, err := Load(path); !errs.Is(err, errs.NotFound) {
		t.Errorf("Load of a missing file: %v, want NotFound", err)
	}
	made, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file is %v, %v; want 0600", info.Mode(), err)
	}
	loaded, err := Load(path)
	if err != nil || loaded.Fingerprint() != made.Fingerprint() {
		t.Errorf("the loaded key differs from the made one: %v", err)
	}
	if _, err := Create(path); !errs.Is(err, errs.Conflict) {
		t.Errorf("Create over an existing key: %v, want Conflict", err)
	}
	if err := os.WriteFile(path, []byte("not hex\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); !errs.Is(err, errs.Invalid) {
		t.Errorf("Load of a broken file: %v, want Invalid", err)
	}
}

// TestTokensMadeAtOnce: connections share the keys.
func TestTokensMadeAtOnce(t *testing.T) {
	t.Parallel()
	k := testKeys(t, 1, 2)
	var all sync.WaitGroup
	for n := range int64(8) {
		all.Go(func() {
			for id := n * 200; id < n*200+200; id++ {
				token, err := k.Check(Unsubscribe, k.Token(Unsubscribe, id))
				verp, e := k.CheckVerp(Bounce, k.Verp(Bounce, id))
				if token != id || verp != id || err != nil || e != nil {
					t.Errorf("%d became %d and %d: %v, %v", id, token, verp, err, e)
				}
			}
		})
	}
	all.Wait()
}

func BenchmarkToken(b *testing.B) {
	k, err := New(make([]byte, 32))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for id := int64(0); b.Loop(); id++ {
		k.Token(Unsubscribe, id)
	}
}
