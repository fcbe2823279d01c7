-- What a campaign shows beside its recaps, in its order, as JSON. An edition
-- keeps its own in its input.
CREATE TABLE campaign_blocks (
  campaign_id BIGINT PRIMARY KEY REFERENCES campaigns (id) ON DELETE CASCADE,
  blocks      TEXT   NOT NULL
);
