package bounces_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"postrider/events/bounces"
	"postrider/internal/errs"
	"postrider/internal/tokens"
)

// book is a store that keeps keys, and fails where it is told.
type book struct {
	known map[string]bool
	fail  bool
}

func (b *book) SentAs(context.Context, int64) (bounces.Sent, error) {
	return bounces.Sent{Recipient: 7, Email: "ada@example.net"}, nil
}

func (b *book) SentLately(context.Context, string, time.Time) (bounces.Sent, error) {
	return bounces.Sent{}, errs.NotFoundf("none")
}

func (b *book) RecordReturn(_ context.Context, r bounces.Return, decide func(bounces.Past) bounces.Consequence) (bool, bounces.Consequence, error) {
	if b.fail {
		return false, bounces.Consequence{}, errors.New("the disk is full")
	}
	fresh := !b.known[r.Key]
	b.known[r.Key] = true
	return fresh, decide(bounces.Past{}), nil
}

func sorter(t *testing.T, b *book) (*bounces.Sorter, string) {
	t.Helper()
	keys, err := tokens.New(bytes.Repeat([]byte{3}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return &bounces.Sorter{Store: b, Keys: keys, Now: time.Now, Log: slog.New(slog.DiscardHandler)}, "b-" + keys.Verp(tokens.Bounce, 7) + "@example.org"
}

func maildir(t *testing.T, mails map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for _, sub := range []string{"new", "cur", "tmp"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, raw := range mails {
		if err := os.WriteFile(filepath.Join(dir, "new", name), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		all[i], _ = filepath.Rel(dir, all[i])
	}
	slices.Sort(all)
	return all
}

// TestMaildirMailIsDeletedAfterItIsRecorded, never before.
func TestMaildirMailIsDeletedAfterItIsRecorded(t *testing.T) {
	t.Parallel()
	b := &book{known: map[string]bool{}, fail: true}
	s, verp := sorter(t, b)
	back := bytes.ReplaceAll(notice("5.1.1", "550 5.1.1 user unknown", "RCPT TO"), []byte("news+token@example.org"), []byte(verp))
	dir := maildir(t, map[string][]byte{"1.back": back, "2.letter": []byte("From: ada@example.net\nSubject: Hello\n\nHello\n")})
	if _, err := s.TakeMaildir(t.Context(), dir); err == nil || !slices.Equal(files(t, dir), []string{"new/1.back", "new/2.letter"}) {
		t.Fatalf("after a failure: %v, %q; want the error and both mails", err, files(t, dir))
	}
	b.fail = false
	got, err := s.TakeMaildir(t.Context(), dir)
	if want := (bounces.Taken{Entries: 1, Recorded: 1, Stopped: 1}); err != nil || got != want {
		t.Errorf("taken %+v, %v; want %+v", got, err, want)
	}
	if want := []string{"cur/2.letter:2,"}; !slices.Equal(files(t, dir), want) {
		t.Errorf("left are %q, want %q", files(t, dir), want)
	}
	// Killed between the record and the removal: the mail is there again.
	if err := os.WriteFile(filepath.Join(dir, "new", "1.back"), back, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := s.TakeMaildir(t.Context(), dir); err != nil || got != (bounces.Taken{Entries: 1, Known: 1}) {
		t.Errorf("taken again %+v, %v; want it known", got, err)
	}
	if _, err := s.TakeMaildir(t.Context(), filepath.Join(dir, "nowhere")); !errs.Is(err, errs.NotFound) {
		t.Errorf("a folder that is not there: %v", err)
	}
}
