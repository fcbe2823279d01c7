-- Stored questions, which campaign asks which, and what an edition asked.

CREATE TABLE segments (
  id         BIGINT PRIMARY KEY,
  name       TEXT   NOT NULL UNIQUE,
  question   TEXT   NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE campaign_segments (
  campaign_id BIGINT PRIMARY KEY REFERENCES campaigns (id) ON DELETE CASCADE,
  segment_id  BIGINT NOT NULL REFERENCES segments (id)
);
CREATE INDEX campaign_segments_segment ON campaign_segments (segment_id);

-- The question itself: a segment that changes later changes no edition.
CREATE TABLE edition_segments (
  edition_id BIGINT PRIMARY KEY REFERENCES editions (id) ON DELETE CASCADE,
  name       TEXT   NOT NULL,
  question   TEXT   NOT NULL
);

