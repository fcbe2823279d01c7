-- The mailbox that returned mails come into; there is one, or none.
CREATE TABLE bounce_mailboxes (
  id         BIGINT  PRIMARY KEY CHECK (id = 1),
  kind       TEXT    NOT NULL CHECK (kind IN ('imap', 'pop3')),
  host       TEXT    NOT NULL,
  port       INTEGER NOT NULL,
  tls        TEXT    NOT NULL CHECK (tls IN ('implicit', 'required', 'none')),
  username   TEXT    NOT NULL,
  secret     TEXT    NOT NULL,
  folder     TEXT    NOT NULL,
  trouble    TEXT    NOT NULL DEFAULT '',
  read_at    BIGINT  NOT NULL DEFAULT 0,
  updated_at BIGINT  NOT NULL
);
