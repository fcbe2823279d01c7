-- Notices: mails that are no edition. Their columns are those of recipients, so
-- that the same marks fit both; edition_id and subscriber_id are 0 where none is meant.

CREATE TABLE notices (
  id            BIGINT  PRIMARY KEY,
  kind          TEXT    NOT NULL,
  edition_id    BIGINT  NOT NULL DEFAULT 0,
  subscriber_id BIGINT  NOT NULL DEFAULT 0,
  email         TEXT    NOT NULL,
  name          TEXT    NOT NULL,
  sender        TEXT    NOT NULL,
  reply_to      TEXT    NOT NULL,
  subject       TEXT    NOT NULL,
  html          TEXT    NOT NULL,
  body          TEXT    NOT NULL,
  state         TEXT    NOT NULL CHECK (state IN ('queued', 'leased', 'sending', 'accepted', 'deferred', 'refused', 'unknown',
                                                  'expired', 'cancelled')),
  not_before    BIGINT  NOT NULL DEFAULT 0,
  expires_at    BIGINT  NOT NULL,
  owner         BIGINT  NOT NULL DEFAULT 0,
  epoch         INTEGER NOT NULL DEFAULT 0,
  attempts      INTEGER NOT NULL DEFAULT 0,
  drops         INTEGER NOT NULL DEFAULT 0,
  first_attempt BIGINT  NOT NULL DEFAULT 0,
  relay         TEXT    NOT NULL DEFAULT '',
  code          INTEGER NOT NULL DEFAULT 0,
  enhanced      TEXT    NOT NULL DEFAULT '',
  answer        TEXT    NOT NULL DEFAULT '',
  reason        TEXT    NOT NULL DEFAULT '',
  created_at    BIGINT  NOT NULL,
  updated_at    BIGINT  NOT NULL
);
CREATE INDEX notices_waiting ON notices (not_before, id) WHERE state IN ('queued', 'deferred');
CREATE INDEX notices_owned ON notices (owner) WHERE owner <> 0;

-- Evidence: what is not certain, or was sent again, and what came back of it.
CREATE INDEX recipients_uncertain ON recipients (id) WHERE state = 'unknown';
CREATE INDEX recipients_resent ON recipients (id) WHERE decided_at <> 0;
CREATE INDEX events_recipient ON events (recipient_id);

-- Paces per recipient domain and mail-host family, in mails per minute.
CREATE TABLE pace_rules (
  key        TEXT    PRIMARY KEY,
  per_minute INTEGER NOT NULL CHECK (per_minute > 0)
);
