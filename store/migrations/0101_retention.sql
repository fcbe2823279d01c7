-- How many days personal data is kept; one row, the usual values where there is none.
CREATE TABLE retention (
  id          INTEGER PRIMARY KEY CHECK (id = 1),
  unconfirmed INTEGER NOT NULL,
  networks    INTEGER NOT NULL,
  notices     INTEGER NOT NULL,
  returns     INTEGER NOT NULL,
  updated_at  BIGINT  NOT NULL
);
