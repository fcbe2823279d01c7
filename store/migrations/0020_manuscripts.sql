-- Texts that somebody is writing and has not kept as a recap yet: nothing typed is lost.

CREATE TABLE manuscripts (
  id         BIGINT  PRIMARY KEY,
  actor      TEXT    NOT NULL,
  recap_id   BIGINT  NOT NULL,
  base       INTEGER NOT NULL,
  name       TEXT    NOT NULL,
  body       TEXT    NOT NULL,
  created_at BIGINT  NOT NULL,
  updated_at BIGINT  NOT NULL
);
CREATE INDEX manuscripts_actor ON manuscripts (actor, updated_at);
