-- Logos that were uploaded, by the hash of their bytes. Old ones stay: mails
-- that were sent show them. body is base64.

CREATE TABLE logos (
  name       TEXT   PRIMARY KEY,
  kind       TEXT   NOT NULL CHECK (kind IN ('image/png', 'image/jpeg')),
  body       TEXT   NOT NULL,
  created_at BIGINT NOT NULL
);
