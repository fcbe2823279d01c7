package secrets

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"postrider/internal/errs"
)

const canary = "canary-7f3e-hunter2"

func key(n byte) []byte { return bytes.Repeat([]byte{n}, 32) }

func sealer(t *testing.T, keys ...[]byte) *Sealer {
	t.Helper()
	s, err := New(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	type config struct {
		Password Secret
		more     Secret
	}
	c := config{canary, canary}
	var out strings.Builder
	for _, verb := range []string{"v", "+v", "#v", "s", "q", "x", "X", "d", "08.3f", "t", "T"} {
		fmt.Fprintf(&out, "%"+verb+"|%"+verb+"\n", Secret(canary), &c.Password)
	}
	fmt.Fprintf(&out, "%v %+v %v %v\n", struct{ P Secret }{canary}, []Secret{canary}, map[Secret]Secret{canary: canary}, fmt.Errorf("x %w", fmt.Errorf("%v", Secret(canary))))
	fmt.Fprintln(&out, Secret(canary), Secret(canary).String())
	b, err := json.Marshal(map[string]any{"a": c, "b": Secret(canary)})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(b)
	log := slog.New(slog.NewTextHandler(&out, nil))
	log.Info("x", "password", Secret(canary), "all", []any{Secret(canary)})
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "password", Secret(canary), "config", struct{ P Secret }{canary})
	got := out.String()
	for _, leak := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary)} {
		if strings.Contains(got, leak) {
			t.Errorf("the secret was printed:\n%s", got)
		}
	}
	if !strings.Contains(got, hidden) {
		t.Errorf("nothing says that there is a secret:\n%s", got)
	}
	if Secret("").String() != "" || Secret(canary).Reveal() != canary {
		t.Error("an empty secret prints as one, or Reveal does not reveal")
	}
}

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	s := sealer(t, key(1))
	for _, text := range []Secret{"", canary, "Zoë \x00 \n", Secret(strings.Repeat("k", 20_000))} {
		a, err := s.Seal("relay:1", text)
		if err != nil {
			t.Fatal(err)
		}
		b, err := s.Seal("relay:1", text)
		if err != nil {
			t.Fatal(err)
		}
		if a == b {
			t.Error("the same text is sealed the same way twice")
		}
		if text != "" && strings.Contains(a, text.Reveal()) {
			t.Error("the text can be read")
		}
		if got, err := s.Open("relay:1", a); err != nil || got != text {
			t.Errorf("opened %d bytes, %v", len(got), err)
		}
		if _, err := s.Open("relay:2", a); !errs.Is(err, errs.Conflict) {
			t.Errorf("moved to another place: %v", err)
		}
	}
}

func TestRotationKeepsOldSecretsReadable(t *testing.T) {
	t.Parallel()
	before := sealer(t, key(1))
	old, err := before.Seal("relay:1", canary)
	if err != nil {
		t.Fatal(err)
	}
	after := sealer(t, key(2), key(1))
	if got, err := after.Open("relay:1", old); err != nil || got != canary {
		t.Errorf("after the rotation: %v", err)
	}
	fresh, err := after.Seal("relay:1", canary)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := before.Open("relay:1", fresh); !errs.Is(err, errs.Conflict) {
		t.Errorf("sealed with the old key after the rotation: %v", err)
	}
	if _, err := sealer(t, key(3)).Open("relay:1", old); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "key file") {
		t.Errorf("another key: %v", err)
	}
}

func TestDamagedSecretsAreConflicts(t *testing.T) {
	t.Parallel()
	s := sealer(t, key(1))
	good, err := s.Seal("relay:1", canary)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(good); i += 7 {
		bad := []byte(good)
		bad[i] ^= 1
		if got, err := s.Open("relay:1", string(bad)); err == nil && got != canary || err != nil && !errs.Is(err, errs.Conflict) {
			t.Errorf("octet %d changed: %v", i, err)
		}
	}
	for _, bad := range []string{"", "x", good[:len(good)/2], canary} {
		if _, err := s.Open("relay:1", bad); !errs.Is(err, errs.Conflict) {
			t.Errorf("%.10q: %v", bad, err)
		}
	}
	if _, err := New(); !errs.Is(err, errs.Invalid) {
		t.Errorf("no key: %v", err)
	}
	if _, err := New([]byte("short")); !errs.Is(err, errs.Invalid) {
		t.Errorf("short key: %v", err)
	}
}
