-- The first schema: the words and states of docs/flow.md.
-- Times are Unix milliseconds, ids come from internal/ids, 0 means "none" or "not yet".

CREATE TABLE installation (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE audit_log (
  id     BIGINT PRIMARY KEY,
  at     BIGINT NOT NULL,
  actor  TEXT   NOT NULL,
  action TEXT   NOT NULL,
  kind   TEXT   NOT NULL,
  object BIGINT NOT NULL,
  detail TEXT   NOT NULL
);
CREATE INDEX audit_log_object ON audit_log (kind, object, id);

CREATE TABLE organisations (
  id             BIGINT PRIMARY KEY,
  name           TEXT   NOT NULL,
  postal_address TEXT   NOT NULL,
  url            TEXT   NOT NULL,
  accent         TEXT   NOT NULL,
  logo           TEXT   NOT NULL,
  help           TEXT   NOT NULL,
  zone           TEXT   NOT NULL,
  language       TEXT   NOT NULL,
  sender         TEXT   NOT NULL,
  reply_to       TEXT   NOT NULL,
  networks       TEXT   NOT NULL,
  updated_at     BIGINT NOT NULL
);

CREATE TABLE recaps (
  id          BIGINT  PRIMARY KEY,
  slug        TEXT    NOT NULL UNIQUE,
  state       TEXT    NOT NULL CHECK (state IN ('draft', 'approved', 'archived')),
  title       TEXT    NOT NULL,
  revision    BIGINT  NOT NULL,
  number      INTEGER NOT NULL,
  approved_at BIGINT  NOT NULL,
  created_at  BIGINT  NOT NULL,
  updated_at  BIGINT  NOT NULL
);

CREATE TABLE recap_revisions (
  id         BIGINT  PRIMARY KEY,
  recap_id   BIGINT  NOT NULL REFERENCES recaps (id) ON DELETE CASCADE,
  number     INTEGER NOT NULL,
  actor      TEXT    NOT NULL,
  source     TEXT    NOT NULL,
  body       TEXT    NOT NULL,
  created_at BIGINT  NOT NULL,
  UNIQUE (recap_id, number)
);

CREATE TABLE subscribers (
  id            BIGINT PRIMARY KEY,
  email         TEXT   NOT NULL,
  canonical     TEXT   NOT NULL UNIQUE,
  domain        TEXT   NOT NULL,
  name          TEXT   NOT NULL,
  fields        TEXT   NOT NULL,
  language      TEXT   NOT NULL,
  zone          TEXT   NOT NULL,
  address_state TEXT   NOT NULL CHECK (address_state IN ('ok', 'bounced', 'complained')),
  created_at    BIGINT NOT NULL,
  updated_at    BIGINT NOT NULL
);

CREATE TABLE lists (
  id         BIGINT PRIMARY KEY,
  name       TEXT   NOT NULL UNIQUE,
  title      TEXT   NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE memberships (
  list_id       BIGINT NOT NULL REFERENCES lists (id) ON DELETE CASCADE,
  subscriber_id BIGINT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
  state         TEXT   NOT NULL CHECK (state IN ('pending', 'active', 'unsubscribed')),
  paused_until  BIGINT NOT NULL,
  joined_at     BIGINT NOT NULL,
  updated_at    BIGINT NOT NULL,
  PRIMARY KEY (list_id, subscriber_id)
);
CREATE INDEX memberships_subscriber ON memberships (subscriber_id);

CREATE TABLE consents (
  id            BIGINT PRIMARY KEY,
  subscriber_id BIGINT NOT NULL,
  list_id       BIGINT NOT NULL,
  purpose       TEXT   NOT NULL CHECK (purpose IN ('newsletter', 'tracking')),
  action        TEXT   NOT NULL CHECK (action IN ('given', 'confirmed', 'withdrawn')),
  source        TEXT   NOT NULL,
  wording       TEXT   NOT NULL,
  at            BIGINT NOT NULL
);
CREATE INDEX consents_subscriber ON consents (subscriber_id, id);

CREATE TABLE suppressions (
  id         BIGINT PRIMARY KEY,
  kind       TEXT   NOT NULL CHECK (kind IN ('address', 'domain', 'hash')),
  value      TEXT   NOT NULL,
  reason     TEXT   NOT NULL,
  source     TEXT   NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (kind, value)
);

CREATE TABLE campaigns (
  id              BIGINT  PRIMARY KEY,
  name            TEXT    NOT NULL UNIQUE,
  state           TEXT    NOT NULL CHECK (state IN ('active', 'paused', 'archived')),
  source          TEXT    NOT NULL CHECK (source IN ('fixed', 'collect')),
  approval        TEXT    NOT NULL CHECK (approval IN ('once', 'each')),
  recap_id        BIGINT  NOT NULL,
  schedule        TEXT    NOT NULL,
  zone            TEXT    NOT NULL,
  scheduled_from  BIGINT  NOT NULL,
  late_limit_ms   BIGINT  NOT NULL,
  subject         TEXT    NOT NULL,
  preheader       TEXT    NOT NULL,
  sender          TEXT    NOT NULL,
  reply_to        TEXT    NOT NULL,
  theme           TEXT    NOT NULL,
  networks        TEXT    NOT NULL,
  canonical       TEXT    NOT NULL CHECK (canonical IN ('original', 'page')),
  tracking        TEXT    NOT NULL CHECK (tracking IN ('aggregate', 'off', 'personal')),
  approved_by     TEXT    NOT NULL,
  approved_at     BIGINT  NOT NULL,
  created_at      BIGINT  NOT NULL,
  updated_at      BIGINT  NOT NULL
);

CREATE TABLE campaign_lists (
  campaign_id BIGINT NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
  list_id     BIGINT NOT NULL REFERENCES lists (id),
  PRIMARY KEY (campaign_id, list_id)
);

CREATE TABLE occurrences (
  id          BIGINT  PRIMARY KEY,
  campaign_id BIGINT  NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
  wall        TEXT    NOT NULL,
  utc_offset  INTEGER NOT NULL,
  due_at      BIGINT  NOT NULL,
  state       TEXT    NOT NULL CHECK (state IN ('due', 'opened', 'skipped', 'held', 'failed')),
  reason      TEXT    NOT NULL,
  edition_id  BIGINT  NOT NULL,
  updated_at  BIGINT  NOT NULL,
  UNIQUE (campaign_id, wall, utc_offset)
);
CREATE INDEX occurrences_due ON occurrences (campaign_id, due_at);

CREATE TABLE editions (
  id            BIGINT  PRIMARY KEY,
  campaign_id   BIGINT  NOT NULL,
  number        INTEGER NOT NULL,
  title         TEXT    NOT NULL,
  slug          TEXT    NOT NULL,
  state         TEXT    NOT NULL CHECK (state IN ('draft', 'in_review', 'approved', 'scheduled', 'freezing', 'sending', 'sent',
                                                  'paused', 'held', 'cancelled')),
  held_from     TEXT    NOT NULL CHECK (held_from IN ('', 'scheduled', 'freezing', 'sending')),
  held_cause    TEXT    NOT NULL CHECK (held_cause IN ('', 'relay', 'answers', 'storage', 'late', 'audience', 'person')),
  reason        TEXT    NOT NULL,
  policy        TEXT    NOT NULL CHECK (policy IN ('hold', 'resend')),
  sender        TEXT    NOT NULL,
  reply_to      TEXT    NOT NULL,
  tracking      TEXT    NOT NULL CHECK (tracking IN ('aggregate', 'off', 'personal')),
  hash          TEXT    NOT NULL,
  approved_by   TEXT    NOT NULL,
  approved_at   BIGINT  NOT NULL,
  due_at        BIGINT  NOT NULL,
  cutoff        BIGINT  NOT NULL,
  freeze_cursor BIGINT  NOT NULL,
  public_at     BIGINT  NOT NULL,
  ended_at      BIGINT  NOT NULL,
  still_since   BIGINT  NOT NULL,
  still_ms      BIGINT  NOT NULL,
  created_at    BIGINT  NOT NULL,
  updated_at    BIGINT  NOT NULL
);
CREATE INDEX editions_campaign ON editions (campaign_id, id);
CREATE INDEX editions_slug ON editions (slug, public_at);
CREATE INDEX editions_live ON editions (state, due_at);

CREATE TABLE edition_lists (
  edition_id BIGINT NOT NULL REFERENCES editions (id) ON DELETE CASCADE,
  list_id    BIGINT NOT NULL REFERENCES lists (id),
  PRIMARY KEY (edition_id, list_id)
);

CREATE TABLE edition_recaps (
  edition_id  BIGINT  NOT NULL REFERENCES editions (id) ON DELETE CASCADE,
  recap_id    BIGINT  NOT NULL,
  revision_id BIGINT  NOT NULL,
  place       INTEGER NOT NULL,
  PRIMARY KEY (edition_id, place)
);
CREATE INDEX edition_recaps_recap ON edition_recaps (recap_id);

CREATE TABLE edition_contents (
  edition_id BIGINT  NOT NULL REFERENCES editions (id) ON DELETE CASCADE,
  kind       TEXT    NOT NULL CHECK (kind IN ('input', 'mail', 'page', 'takeaway', 'snippets')),
  n          INTEGER NOT NULL,
  body       TEXT    NOT NULL,
  PRIMARY KEY (edition_id, kind, n)
);

CREATE TABLE owners (
  id         BIGINT PRIMARY KEY,
  node       TEXT   NOT NULL,
  until      BIGINT NOT NULL,
  started_at BIGINT NOT NULL
);

CREATE TABLE recipients (
  id            BIGINT  PRIMARY KEY,
  edition_id    BIGINT  NOT NULL,
  subscriber_id BIGINT  NOT NULL,
  variant       TEXT    NOT NULL DEFAULT '',
  state         TEXT    NOT NULL CHECK (state IN ('queued', 'leased', 'sending', 'accepted', 'deferred', 'refused', 'unknown',
                                                  'suppressed', 'expired', 'cancelled')),
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
CREATE INDEX recipients_state ON recipients (edition_id, state, not_before, id);
CREATE INDEX recipients_owned ON recipients (owner) WHERE owner <> 0;

CREATE TABLE attempts (
  id           BIGINT  PRIMARY KEY,
  recipient_id BIGINT  NOT NULL,
  edition_id   BIGINT  NOT NULL,
  number       INTEGER NOT NULL,
  relay        TEXT    NOT NULL,
  outcome      TEXT    NOT NULL CHECK (outcome IN ('accepted', 'deferred', 'refused', 'unknown', 'queued')),
  stage        TEXT    NOT NULL,
  code         INTEGER NOT NULL,
  enhanced     TEXT    NOT NULL,
  answer       TEXT    NOT NULL,
  at           BIGINT  NOT NULL
);
CREATE INDEX attempts_recipient ON attempts (recipient_id, id);

CREATE TABLE events (
  id            BIGINT PRIMARY KEY,
  kind          TEXT   NOT NULL CHECK (kind IN ('unsubscribed', 'bounce', 'complaint', 'click', 'open')),
  edition_id    BIGINT NOT NULL,
  recipient_id  BIGINT NOT NULL,
  subscriber_id BIGINT NOT NULL,
  detail        TEXT   NOT NULL,
  at            BIGINT NOT NULL
);
CREATE INDEX events_edition ON events (edition_id, kind, id);

CREATE TABLE share_totals (
  edition_id BIGINT  NOT NULL,
  day        TEXT    NOT NULL,
  network    TEXT    NOT NULL,
  n          INTEGER NOT NULL,
  people     BIGINT  NOT NULL,
  machines   BIGINT  NOT NULL,
  PRIMARY KEY (edition_id, day, network, n)
);
