package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"postrider/campaigns"
)

// setCampaignBlocks keeps a campaign's blocks; a campaign without any has no row.
func (t *tx) setCampaignBlocks(ctx context.Context, c campaigns.Campaign) error {
	if err := t.exec(ctx, `DELETE FROM campaign_blocks WHERE campaign_id = $1`, c.ID); err != nil || len(c.Blocks) == 0 {
		return err
	}
	blocks, err := toJSON(c.Blocks)
	if err != nil {
		return err
	}
	return t.exec(ctx, `INSERT INTO campaign_blocks (campaign_id, blocks) VALUES ($1, $2)`, c.ID, blocks)
}

func (d db) campaignBlocks(ctx context.Context, c *campaigns.Campaign) error {
	var blocks string
	err := d.row(ctx, `SELECT blocks FROM campaign_blocks WHERE campaign_id = $1`, c.ID).Scan(&blocks)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(blocks), &c.Blocks)
}
