-- What readers ask for on their own pages and a mail asks them to confirm: to move to another address, to get their data, to be
-- erased. A row lives for a day; the new address stands in it until it is the reader's or the day is over.

CREATE TABLE reader_requests (
  id            BIGINT PRIMARY KEY,
  subscriber_id BIGINT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
  kind          TEXT   NOT NULL CHECK (kind IN ('data', 'erase', 'address')),
  email         TEXT   NOT NULL DEFAULT '',
  created_at    BIGINT NOT NULL,
  approved_at   BIGINT NOT NULL DEFAULT 0,
  settled_at    BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX reader_requests_subscriber ON reader_requests (subscriber_id, created_at);
CREATE INDEX reader_requests_created ON reader_requests (created_at);
