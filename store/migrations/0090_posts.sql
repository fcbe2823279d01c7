-- Accounts on networks, what is posted through them, and each campaign's plan of it.
-- Times are Unix milliseconds, 0 means "none" or "not yet". The column secret
-- holds only what internal/secrets has sealed.

CREATE TABLE accounts (
  id         BIGINT PRIMARY KEY,
  name       TEXT   NOT NULL UNIQUE,
  kind       TEXT   NOT NULL,
  state      TEXT   NOT NULL CHECK (state IN ('active', 'paused')),
  server     TEXT   NOT NULL,
  handle     TEXT   NOT NULL,
  visibility TEXT   NOT NULL,
  warning    TEXT   NOT NULL,
  secret     TEXT   NOT NULL,
  trouble    TEXT   NOT NULL,
  trouble_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

-- account_id is 0 where a person posts; the account may be gone.
CREATE TABLE posts (
  id          BIGINT  PRIMARY KEY,
  edition_id  BIGINT  NOT NULL REFERENCES editions (id) ON DELETE CASCADE,
  account_id  BIGINT  NOT NULL,
  network     TEXT    NOT NULL,
  takeaway    INTEGER NOT NULL,
  mode        TEXT    NOT NULL CHECK (mode IN ('itself', 'ask', 'hand')),
  state       TEXT    NOT NULL CHECK (state IN ('queued', 'sending', 'accepted', 'deferred', 'refused', 'unknown', 'cancelled')),
  body        TEXT    NOT NULL,
  due_at      BIGINT  NOT NULL,
  attempts    INTEGER NOT NULL,
  owner       BIGINT  NOT NULL,
  owned_until BIGINT  NOT NULL,
  remote      TEXT    NOT NULL,
  url         TEXT    NOT NULL,
  answer      TEXT    NOT NULL,
  reason      TEXT    NOT NULL,
  likes       INTEGER NOT NULL,
  reposts     INTEGER NOT NULL,
  replies     INTEGER NOT NULL,
  read_at     BIGINT  NOT NULL,
  tried_at    BIGINT  NOT NULL,
  created_at  BIGINT  NOT NULL,
  updated_at  BIGINT  NOT NULL,
  UNIQUE (edition_id, account_id, network, takeaway)
);
CREATE INDEX posts_due ON posts (due_at) WHERE state IN ('queued', 'sending', 'deferred', 'unknown');

CREATE TABLE post_plans (
  campaign_id BIGINT  NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
  place       INTEGER NOT NULL,
  account_id  BIGINT  NOT NULL,
  network     TEXT    NOT NULL,
  mode        TEXT    NOT NULL CHECK (mode IN ('itself', 'ask', 'hand')),
  after_ms    BIGINT  NOT NULL,
  each        INTEGER NOT NULL,
  every_ms    BIGINT  NOT NULL,
  PRIMARY KEY (campaign_id, place)
);
