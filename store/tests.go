package store

import (
	"context"
	"encoding/json"

	"postrider/internal/audit"
	"postrider/internal/notice"
)

// testAddressesNote holds the addresses of test mails as JSON.
const testAddressesNote = "test_addresses"

// AddTests implements campaigns.Tests.
func (s *Store) AddTests(ctx context.Context, all []notice.Notice, remember []string, e audit.Entry) error {
	kept, err := toJSON(remember)
	if err != nil {
		return err
	}
	return s.update(ctx, "keeping test mails", func(t *tx) error {
		for _, n := range all {
			if err := t.addNotice(ctx, n, s.Now()); err != nil {
				return err
			}
		}
		if err := t.setNote(ctx, testAddressesNote, kept); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

// TestAddresses implements campaigns.Tests.
func (s *Store) TestAddresses(ctx context.Context) ([]string, error) {
	kept, err := s.Note(ctx, testAddressesNote)
	if err != nil || kept == "" {
		return nil, err
	}
	var all []string
	return all, json.Unmarshal([]byte(kept), &all)
}
