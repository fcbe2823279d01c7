package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"postrider/campaigns"
	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
)

const campaignColumns = `
	id, name, state, source, approval, recap_id, schedule, zone, scheduled_from, late_limit_ms, subject, preheader,
	sender, reply_to, theme, networks, canonical, tracking, approved_by, approved_at, created_at, updated_at`

func scanCampaign(r *sql.Rows) (campaigns.Campaign, error) {
	var c campaigns.Campaign
	var networks string
	var from, late, approved, created, updated int64
	if err := r.Scan(&c.ID, &c.Name, &c.State, &c.Source, &c.Approval, &c.Recap, &c.Schedule, &c.Zone, &from, &late, &c.Subject, &c.Preheader,
		&c.Sender, &c.ReplyTo, &c.Theme, &networks, &c.Canonical, &c.Tracking, &c.ApprovedBy, &approved, &created, &updated); err != nil {
		return c, err
	}
	c.ScheduledFrom, c.ApprovedAt, c.CreatedAt, c.UpdatedAt = fromMillis(from), fromMillis(approved), fromMillis(created), fromMillis(updated)
	c.LateLimit = time.Duration(late) * time.Millisecond
	return c, json.Unmarshal([]byte(networks), &c.Networks)
}

// AddCampaign implements campaigns.Store.
func (s *Store) AddCampaign(ctx context.Context, c campaigns.Campaign, e audit.Entry) error {
	networks, err := toJSON(c.Networks)
	if err != nil {
		return err
	}
	return s.update(ctx, "keeping the campaign", func(t *tx) error {
		if err := t.exec(ctx, `
			INSERT INTO campaigns (`+campaignColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)`,
			c.ID, c.Name, c.State, c.Source, c.Approval, c.Recap, c.Schedule, c.Zone, millis(c.ScheduledFrom), c.LateLimit.Milliseconds(),
			c.Subject, c.Preheader, c.Sender, c.ReplyTo, c.Theme, networks, string(c.Canonical), c.Tracking, c.ApprovedBy,
			millis(c.ApprovedAt), millis(c.CreatedAt), millis(c.UpdatedAt)); err != nil {
			return err
		}
		if err := t.addCampaignLists(ctx, c); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

func (t *tx) addCampaignLists(ctx context.Context, c campaigns.Campaign) error {
	if err := t.setCampaignBlocks(ctx, c); err != nil {
		return err
	}
	if err := t.exec(ctx, `DELETE FROM campaign_segments WHERE campaign_id = $1`, c.ID); err != nil {
		return err
	}
	if c.Segment != "" {
		if err := t.swap(ctx, "the segment", `
			INSERT INTO campaign_segments (campaign_id, segment_id)
			SELECT CAST($1 AS BIGINT), id FROM segments WHERE name = $2`, c.ID, c.Segment); err != nil {
			return err
		}
	}
	if err := t.setDaysOff(ctx, c); err != nil {
		return err
	}
	for _, l := range c.Lists {
		if err := t.exec(ctx, `INSERT INTO campaign_lists (campaign_id, list_id) VALUES ($1, $2)`, c.ID, l); err != nil {
			return err
		}
	}
	return nil
}

// ChangeCampaign implements campaigns.Store.
func (s *Store) ChangeCampaign(ctx context.Context, c campaigns.Campaign, updatedAt time.Time, e audit.Entry) error {
	networks, err := toJSON(c.Networks)
	if err != nil {
		return err
	}
	return s.update(ctx, "changing the campaign", func(t *tx) error {
		if err := t.swap(ctx, "campaign "+c.Name, `
			UPDATE campaigns
			SET state = $3, approved_by = $4, approved_at = $5, scheduled_from = $6, updated_at = $7, name = $8, source = $9, approval = $10,
			    recap_id = $11, schedule = $12, zone = $13, late_limit_ms = $14, subject = $15, preheader = $16, sender = $17, reply_to = $18,
			    theme = $19, networks = $20, canonical = $21, tracking = $22
			WHERE id = $1 AND updated_at = $2`,
			c.ID, millis(updatedAt), c.State, c.ApprovedBy, millis(c.ApprovedAt), millis(c.ScheduledFrom), millis(c.UpdatedAt), c.Name, c.Source, c.Approval,
			c.Recap, c.Schedule, c.Zone, c.LateLimit.Milliseconds(), c.Subject, c.Preheader, c.Sender, c.ReplyTo,
			c.Theme, networks, string(c.Canonical), c.Tracking); err != nil {
			return err
		}
		if err := t.exec(ctx, `DELETE FROM campaign_lists WHERE campaign_id = $1`, c.ID); err != nil {
			return err
		}
		if err := t.addCampaignLists(ctx, c); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

// Campaign implements campaigns.Store.
func (s *Store) Campaign(ctx context.Context, ref string) (campaigns.Campaign, error) {
	// A name may look like an id.
	id, _ := ids.Parse[campaigns.Campaign](ref) // zero, which no campaign has, where it does not
	rows, err := s.reader().query(ctx, `
		SELECT `+campaignColumns+` FROM campaigns
		WHERE id = $1 OR name = $2
		ORDER BY CASE WHEN id = $1 THEN 0 ELSE 1 END
		LIMIT 1`, id, ref)
	c, err := one(s, "campaign "+ref, rows, err, scanCampaign)
	if errs.Is(err, errs.NotFound) {
		return c, s.missing(ctx, "campaign", ref, `SELECT name FROM campaigns ORDER BY name LIMIT 1000`)
	}
	if err != nil {
		return c, err
	}
	err = s.reader().campaignLists(ctx, &c)
	return c, s.wrap("reading the campaign's lists", err)
}

// FindCampaigns returns at most limit campaigns older than before (0: from the
// newest on), the newest first, in this state; empty means all but archived ones.
func (s *Store) FindCampaigns(ctx context.Context, state campaigns.State, before campaigns.ID, limit int) ([]campaigns.Campaign, error) {
	if before == 0 {
		before = 1<<63 - 1
	}
	return s.campaigns(ctx, `
		WHERE id < $1 AND (state = $2 OR (CAST($2 AS TEXT) = '' AND state <> 'archived'))
		ORDER BY id DESC
		LIMIT $3`, before, string(state), limit)
}

// Campaigns returns at most limit campaigns behind after, in the order of
// their making; archived ones too.
func (s *Store) Campaigns(ctx context.Context, after campaigns.ID, limit int) ([]campaigns.Campaign, error) {
	return s.campaigns(ctx, `WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
}

// ActiveCampaigns are those whose schedule fires, at most 1,000.
func (s *Store) ActiveCampaigns(ctx context.Context) ([]campaigns.Campaign, error) {
	return s.campaigns(ctx, `WHERE state = 'active' AND schedule <> '' ORDER BY id LIMIT 1000`)
}

func (s *Store) campaigns(ctx context.Context, where string, args ...any) ([]campaigns.Campaign, error) {
	rows, err := s.reader().query(ctx, `SELECT `+campaignColumns+` FROM campaigns `+where, args...)
	out, err := collect(rows, err, scanCampaign)
	for i := range out {
		if err == nil {
			err = s.reader().campaignLists(ctx, &out[i])
		}
	}
	return out, s.wrap("listing campaigns", err)
}

func (d db) campaignLists(ctx context.Context, c *campaigns.Campaign) error {
	rows, err := d.query(ctx, `
		SELECT l.id, l.name FROM campaign_lists cl JOIN lists l ON l.id = cl.list_id
		WHERE cl.campaign_id = $1 ORDER BY l.name`, c.ID)
	if err != nil {
		return err
	}
	if c.Lists, c.ListNames, err = scanLists(rows); err != nil {
		return err
	}
	if err := d.campaignBlocks(ctx, c); err != nil {
		return err
	}
	err = d.row(ctx, `
		SELECT s.name FROM campaign_segments cs JOIN segments s ON s.id = cs.segment_id
		WHERE cs.campaign_id = $1`, c.ID).Scan(&c.Segment)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	return d.daysOff(ctx, c)
}

// LastOccurrence is when the latest recorded firing of a campaign was due,
// the zero time when none has been recorded.
func (s *Store) LastOccurrence(ctx context.Context, c campaigns.ID) (time.Time, error) {
	var due int64
	err := s.reader().row(ctx, `SELECT coalesce(max(due_at), 0) FROM occurrences WHERE campaign_id = $1`, c).Scan(&due)
	return fromMillis(due), s.wrap("reading the last firing", err)
}

// Occurrences are a campaign's latest firings, newest first.
func (s *Store) Occurrences(ctx context.Context, c campaigns.ID, limit int) ([]campaigns.Occurrence, error) {
	rows, err := s.reader().query(ctx, `
		SELECT `+occurrenceColumns+`
		FROM occurrences WHERE campaign_id = $1 ORDER BY due_at DESC, id DESC LIMIT $2`, c, limit)
	out, err := collect(rows, err, scanOccurrence)
	return out, s.wrap("listing firings", err)
}

// RecordOccurrence implements campaigns.Store.
func (s *Store) RecordOccurrence(ctx context.Context, o campaigns.Occurrence, e audit.Entry) error {
	return s.update(ctx, "recording a firing", func(t *tx) error {
		if err := t.addOccurrence(ctx, o, e.At); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

const insertOccurrence = `
	INSERT INTO occurrences (id, campaign_id, wall, utc_offset, due_at, state, reason, edition_id, updated_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

func occurrenceValues(o campaigns.Occurrence, now time.Time) []any {
	return []any{o.ID, o.Campaign, o.Wall, o.Offset, millis(o.DueAt), o.State, o.Reason, o.Edition, millis(now)}
}

func (t *tx) addOccurrence(ctx context.Context, o campaigns.Occurrence, now time.Time) error {
	return t.exec(ctx, insertOccurrence, occurrenceValues(o, now)...)
}

// openOccurrence stores a firing that opens an edition: a new one, one that is
// on record as due, or that very one which was held.
func (t *tx) openOccurrence(ctx context.Context, o campaigns.Occurrence, now time.Time) error {
	return t.swap(ctx, "firing "+o.Wall, insertOccurrence+`
		ON CONFLICT (campaign_id, wall, utc_offset) DO UPDATE
		SET state = excluded.state, reason = excluded.reason, edition_id = excluded.edition_id, updated_at = excluded.updated_at
		WHERE occurrences.state = 'due' OR (occurrences.state = 'held' AND occurrences.id = excluded.id)`, occurrenceValues(o, now)...)
}
