-- The ledger, cheaper to mark. A CHECK of the form "state IN (ten words)" made SQLite build a
-- table of the ten for each mark. And a mail changes its state three times: an index over all
-- states moved an entry each time. Of these two a recipient is in the first while it waits and
-- in the second once it has ended; in between it has an owner, and recipients_owned finds it.

CREATE TABLE recipients_anew (
  id            BIGINT  PRIMARY KEY,
  edition_id    BIGINT  NOT NULL,
  subscriber_id BIGINT  NOT NULL,
  variant       TEXT    NOT NULL DEFAULT '',
  state         TEXT    NOT NULL CHECK (state = 'accepted' OR state = 'sending' OR state = 'leased' OR state = 'queued' OR state = 'deferred'
                                     OR state = 'refused' OR state = 'unknown' OR state = 'suppressed' OR state = 'expired' OR state = 'cancelled'),
  not_before    BIGINT  NOT NULL DEFAULT 0,
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
  decided_at    BIGINT  NOT NULL DEFAULT 0,
  updated_at    BIGINT  NOT NULL,
  UNIQUE (subscriber_id, edition_id)
);
INSERT INTO recipients_anew (id, edition_id, subscriber_id, variant, state, not_before, owner, epoch, attempts, drops,
                             first_attempt, relay, code, enhanced, answer, reason, decided_at, updated_at)
SELECT id, edition_id, subscriber_id, variant, state, not_before, owner, epoch, attempts, drops,
       first_attempt, relay, code, enhanced, answer, reason, decided_at, updated_at
FROM recipients
ORDER BY id;
DROP TABLE recipients;
ALTER TABLE recipients_anew RENAME TO recipients;
CREATE INDEX recipients_owned ON recipients (owner) WHERE owner <> 0;
CREATE INDEX recipients_uncertain ON recipients (id) WHERE state = 'unknown';
CREATE INDEX recipients_resent ON recipients (id) WHERE decided_at <> 0;
CREATE INDEX recipients_due ON recipients (edition_id, state, not_before, id) WHERE state IN ('queued', 'deferred');
CREATE INDEX recipients_ended ON recipients (edition_id, state, id)
  WHERE state <> 'queued' AND state <> 'deferred' AND state <> 'leased' AND state <> 'sending';
