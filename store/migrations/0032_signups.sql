-- Lists that readers see and how they join; sign-ups that wait for a button to be pressed.

ALTER TABLE lists ADD COLUMN visibility TEXT NOT NULL DEFAULT 'private' CHECK (visibility IN ('private', 'public'));
ALTER TABLE lists ADD COLUMN optin TEXT NOT NULL DEFAULT 'double' CHECK (optin IN ('single', 'double'));

-- A request to join lists. The address is here until it is confirmed, given up or a week old.
CREATE TABLE signups (
  id           BIGINT PRIMARY KEY,
  email        TEXT   NOT NULL,
  canonical    TEXT   NOT NULL,
  name         TEXT   NOT NULL,
  language     TEXT   NOT NULL,
  lists        TEXT   NOT NULL,
  source       TEXT   NOT NULL,
  wording      TEXT   NOT NULL,
  network      TEXT   NOT NULL,
  created_at   BIGINT NOT NULL,
  confirmed_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX signups_canonical ON signups (canonical, created_at);
CREATE INDEX signups_created ON signups (created_at);
