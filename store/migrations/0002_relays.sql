-- Mail servers, DKIM keys, and the pace that all nodes share.
-- Times are Unix milliseconds, 0 means "none" or "not yet". Columns named
-- secret and private_key hold only what internal/secrets has sealed.

CREATE TABLE relays (
  id                     BIGINT  PRIMARY KEY,
  name                   TEXT    NOT NULL UNIQUE,
  kind                   TEXT    NOT NULL,
  state                  TEXT    NOT NULL CHECK (state IN ('active', 'paused')),
  host                   TEXT    NOT NULL,
  port                   INTEGER NOT NULL,
  tls                    TEXT    NOT NULL CHECK (tls IN ('required', 'implicit', 'none')),
  auth                   TEXT    NOT NULL,
  username               TEXT    NOT NULL,
  secret                 TEXT    NOT NULL,
  helo                   TEXT    NOT NULL,
  sender_mode            TEXT    NOT NULL CHECK (sender_mode IN ('verp', 'plus', 'fixed')),
  bounce_address         TEXT    NOT NULL,
  connections            INTEGER NOT NULL,
  mails_per_connection   INTEGER NOT NULL,
  minutes_per_connection INTEGER NOT NULL,
  pace_per_minute        INTEGER NOT NULL,
  daily_cap              INTEGER NOT NULL,
  headers                TEXT    NOT NULL,
  weight                 INTEGER NOT NULL,
  sender_domains         TEXT    NOT NULL,
  warmup                 TEXT    NOT NULL,
  warmup_from            BIGINT  NOT NULL,
  trouble                TEXT    NOT NULL,
  trouble_at             BIGINT  NOT NULL,
  created_at             BIGINT  NOT NULL,
  updated_at             BIGINT  NOT NULL
);

CREATE TABLE relay_days (
  relay_id BIGINT NOT NULL REFERENCES relays (id) ON DELETE CASCADE,
  day      TEXT   NOT NULL,
  handed   BIGINT NOT NULL,
  PRIMARY KEY (relay_id, day)
);

CREATE TABLE pace (
  key    TEXT   PRIMARY KEY,
  tokens BIGINT NOT NULL,
  at     BIGINT NOT NULL
);

CREATE TABLE dkim_keys (
  id          BIGINT PRIMARY KEY,
  domain      TEXT   NOT NULL,
  selector    TEXT   NOT NULL,
  algorithm   TEXT   NOT NULL CHECK (algorithm IN ('rsa', 'ed25519')),
  private_key TEXT   NOT NULL,
  public_key  TEXT   NOT NULL,
  state       TEXT   NOT NULL CHECK (state IN ('next', 'active', 'retired')),
  created_at  BIGINT NOT NULL,
  UNIQUE (domain, selector)
);
