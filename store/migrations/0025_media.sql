-- Pictures of recaps, by the hash of their largest version, so that one file is the installation.
-- They stay: mails that were sent show them. body is base64.

CREATE TABLE media (
  name       TEXT    PRIMARY KEY,
  kind       TEXT    NOT NULL CHECK (kind IN ('image/png', 'image/jpeg')),
  width      INTEGER NOT NULL,
  height     INTEGER NOT NULL,
  alt        TEXT    NOT NULL,
  created_at BIGINT  NOT NULL
);
CREATE INDEX media_created ON media (created_at, name);

CREATE TABLE media_versions (
  file  TEXT    PRIMARY KEY,
  name  TEXT    NOT NULL REFERENCES media (name),
  kind  TEXT    NOT NULL,
  width INTEGER NOT NULL,
  body  TEXT    NOT NULL
);
