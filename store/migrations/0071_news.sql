-- News for the team, and where they go. Addresses of webhooks hold keys and are
-- kept sealed; hosts are kept beside them to be shown.

CREATE TABLE news_channels (
  id         INTEGER PRIMARY KEY CHECK (id = 1),
  owners     TEXT    NOT NULL CHECK (owners IN ('on', 'off')),
  mails      TEXT    NOT NULL,
  hook_kind  TEXT    NOT NULL CHECK (hook_kind IN ('', 'json', 'ntfy')),
  hook       TEXT    NOT NULL,
  hook_host  TEXT    NOT NULL,
  ping       TEXT    NOT NULL,
  ping_host  TEXT    NOT NULL,
  quiet      TEXT    NOT NULL,
  updated_at BIGINT  NOT NULL
);

-- Each piece of news once, by its key. Calls are tried until they are answered
-- or a day has passed; mails are notices.
CREATE TABLE news (
  id         BIGINT  PRIMARY KEY,
  key        TEXT    NOT NULL UNIQUE,
  kind       TEXT    NOT NULL,
  title      TEXT    NOT NULL,
  body       TEXT    NOT NULL,
  url        TEXT    NOT NULL,
  mails      INTEGER NOT NULL,
  call       TEXT    NOT NULL CHECK (call IN ('none', 'queued', 'called', 'given_up')),
  attempts   INTEGER NOT NULL,
  not_before BIGINT  NOT NULL,
  trouble    TEXT    NOT NULL,
  at         BIGINT  NOT NULL
);
CREATE INDEX news_calls ON news (not_before, id) WHERE call = 'queued';
