-- Who looks after an installation, and how they come in.
-- Times are Unix milliseconds, 0 means "none" or "not yet". password holds a
-- hash, totp what internal/secrets has sealed, every column named hash the
-- SHA-256 of a secret that is kept nowhere.

CREATE TABLE operators (
  id           BIGINT  PRIMARY KEY,
  email        TEXT    NOT NULL,
  canonical    TEXT    NOT NULL UNIQUE,
  name         TEXT    NOT NULL,
  role         TEXT    NOT NULL CHECK (role IN ('owner', 'editor', 'reviewer', 'analyst')),
  language     TEXT    NOT NULL,
  password     TEXT    NOT NULL,
  totp         TEXT    NOT NULL,
  totp_step    BIGINT  NOT NULL,
  signed_in_at BIGINT  NOT NULL,
  created_at   BIGINT  NOT NULL,
  updated_at   BIGINT  NOT NULL
);

CREATE TABLE operator_codes (
  operator_id BIGINT NOT NULL REFERENCES operators (id) ON DELETE CASCADE,
  hash        TEXT   NOT NULL,
  PRIMARY KEY (operator_id, hash)
);

CREATE TABLE operator_passkeys (
  id          BIGINT PRIMARY KEY,
  operator_id BIGINT NOT NULL REFERENCES operators (id) ON DELETE CASCADE,
  credential  TEXT   NOT NULL UNIQUE,
  name        TEXT   NOT NULL,
  data        TEXT   NOT NULL,
  used_at     BIGINT NOT NULL,
  created_at  BIGINT NOT NULL
);
CREATE INDEX operator_passkeys_operator ON operator_passkeys (operator_id);

-- Accounts elsewhere (OpenID Connect) that open an operator's.
CREATE TABLE operator_identities (
  issuer      TEXT   NOT NULL,
  subject     TEXT   NOT NULL,
  operator_id BIGINT NOT NULL REFERENCES operators (id) ON DELETE CASCADE,
  created_at  BIGINT NOT NULL,
  PRIMARY KEY (issuer, subject)
);
CREATE INDEX operator_identities_operator ON operator_identities (operator_id);

CREATE TABLE invitations (
  id         BIGINT PRIMARY KEY,
  email      TEXT   NOT NULL,
  canonical  TEXT   NOT NULL UNIQUE,
  name       TEXT   NOT NULL,
  role       TEXT   NOT NULL CHECK (role IN ('owner', 'editor', 'reviewer', 'analyst')),
  language   TEXT   NOT NULL,
  invited_by TEXT   NOT NULL,
  expires_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);

-- operator_id 0 is whoever has the token of the start. Ended sessions stay a
-- while, so that what was typed in one can be carried into the next.
CREATE TABLE sessions (
  id          BIGINT PRIMARY KEY,
  operator_id BIGINT NOT NULL,
  hash        TEXT   NOT NULL UNIQUE,
  method      TEXT   NOT NULL,
  device      TEXT   NOT NULL,
  network     TEXT   NOT NULL,
  created_at  BIGINT NOT NULL,
  seen_at     BIGINT NOT NULL,
  ended_at    BIGINT NOT NULL
);
CREATE INDEX sessions_operator ON sessions (operator_id, seen_at);
CREATE INDEX sessions_seen ON sessions (seen_at);

-- Sign-ins that have begun: the password was right and the second step is
-- missing, a passkey was asked for, somebody is at their identity provider.
CREATE TABLE sign_ins (
  id          BIGINT  PRIMARY KEY,
  kind        TEXT    NOT NULL CHECK (kind IN ('second_step', 'passkey', 'provider')),
  hash        TEXT    NOT NULL UNIQUE,
  operator_id BIGINT  NOT NULL,
  data        TEXT    NOT NULL,
  tries       INTEGER NOT NULL,
  expires_at  BIGINT  NOT NULL
);
CREATE INDEX sign_ins_expires ON sign_ins (expires_at);

-- Failed tries: key is a hash of an account, or a network.
CREATE TABLE sign_in_tries (
  key        TEXT    PRIMARY KEY,
  failures   INTEGER NOT NULL,
  next_at    BIGINT  NOT NULL,
  updated_at BIGINT  NOT NULL
);
