package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"postrider/campaigns"
)

// setDaysOff keeps the days on which a campaign sends nothing.
func (t *tx) setDaysOff(ctx context.Context, c campaigns.Campaign) error {
	if len(c.DaysOff) == 0 {
		return t.exec(ctx, `DELETE FROM campaign_days_off WHERE campaign_id = $1`, c.ID)
	}
	days, err := toJSON(c.DaysOff)
	if err != nil {
		return err
	}
	return t.exec(ctx, `
		INSERT INTO campaign_days_off (campaign_id, days, on_day)
		VALUES ($1, $2, $3)
		ON CONFLICT (campaign_id) DO UPDATE
		SET days = excluded.days, on_day = excluded.on_day`, c.ID, days, string(c.OnDayOff))
}

func (d db) daysOff(ctx context.Context, c *campaigns.Campaign) error {
	var days string
	err := d.row(ctx, `SELECT days, on_day FROM campaign_days_off WHERE campaign_id = $1`, c.ID).Scan(&days, &c.OnDayOff)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(days), &c.DaysOff)
}
