-- Days on which a campaign sends nothing, as JSON, and what becomes of its dates then.
CREATE TABLE campaign_days_off (
  campaign_id BIGINT PRIMARY KEY REFERENCES campaigns (id) ON DELETE CASCADE,
  days        TEXT   NOT NULL,
  on_day      TEXT   NOT NULL CHECK (on_day IN ('drop', 'move'))
);
