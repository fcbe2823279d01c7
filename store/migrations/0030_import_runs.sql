-- Imports that can be undone, tags, notes, and the wordings that consent was given to.

CREATE TABLE import_runs (
  id         BIGINT  PRIMARY KEY,
  digest     TEXT    NOT NULL,
  file       TEXT    NOT NULL,
  actor      TEXT    NOT NULL,
  source     TEXT    NOT NULL,
  state      TEXT    NOT NULL CHECK (state IN ('running', 'done', 'undoing', 'undone')),
  added      INTEGER NOT NULL,
  updated    INTEGER NOT NULL,
  unchanged  INTEGER NOT NULL,
  refused    INTEGER NOT NULL,
  suppressed INTEGER NOT NULL,
  started_at BIGINT  NOT NULL,
  updated_at BIGINT  NOT NULL
);

-- What an import replaced, to be put back.
CREATE TABLE import_changes (
  import_id     BIGINT NOT NULL REFERENCES import_runs (id) ON DELETE CASCADE,
  subscriber_id BIGINT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
  name          TEXT   NOT NULL,
  fields        TEXT   NOT NULL,
  language      TEXT   NOT NULL,
  zone          TEXT   NOT NULL,
  changed_at    BIGINT NOT NULL,
  PRIMARY KEY (import_id, subscriber_id)
);
CREATE INDEX import_changes_subscriber ON import_changes (subscriber_id);

ALTER TABLE subscribers ADD COLUMN import_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE memberships ADD COLUMN import_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE suppressions ADD COLUMN import_id BIGINT NOT NULL DEFAULT 0;

CREATE TABLE tags (
  tag           TEXT   NOT NULL,
  subscriber_id BIGINT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
  import_id     BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (tag, subscriber_id)
);
CREATE INDEX tags_subscriber ON tags (subscriber_id);

CREATE TABLE notes (
  id            BIGINT PRIMARY KEY,
  subscriber_id BIGINT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
  import_id     BIGINT NOT NULL DEFAULT 0,
  actor         TEXT   NOT NULL,
  text          TEXT   NOT NULL,
  at            BIGINT NOT NULL
);
CREATE INDEX notes_subscriber ON notes (subscriber_id, id);

-- Wordings that consent was given to, each once. Older lines of the record hold theirs themselves.
CREATE TABLE wordings (
  id   BIGINT PRIMARY KEY,
  hash TEXT   NOT NULL UNIQUE,
  text TEXT   NOT NULL,
  at   BIGINT NOT NULL
);
ALTER TABLE consents ADD COLUMN wording_id BIGINT NOT NULL DEFAULT 0;
