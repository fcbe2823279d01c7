-- What came back for one recipient of ours, each mail once: the key is a hash of
-- the mail and whom it is about.
CREATE TABLE returns (
  id            BIGINT  PRIMARY KEY,
  key           TEXT    NOT NULL UNIQUE,
  recipient_id  BIGINT  NOT NULL,
  edition_id    BIGINT  NOT NULL,
  subscriber_id BIGINT  NOT NULL,
  class         TEXT    NOT NULL CHECK (class IN ('hard', 'doubtful', 'soft', 'sender', 'complaint', 'auto_reply', 'delayed', 'delivered', 'unknown')),
  reason        TEXT    NOT NULL,
  status        TEXT    NOT NULL,
  code          TEXT    NOT NULL,
  answer        TEXT    NOT NULL,
  proof         TEXT    NOT NULL CHECK (proof IN ('sender', 'header', 'provider', 'none')),
  source        TEXT    NOT NULL,
  at            BIGINT  NOT NULL
);
CREATE INDEX returns_subscriber ON returns (subscriber_id, at);
CREATE INDEX returns_recipient ON returns (recipient_id);
CREATE INDEX returns_edition ON returns (edition_id, class, id);
