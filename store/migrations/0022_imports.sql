-- Files of readers that were sent through a page, and the rows of them that
-- were refused. The file itself is not here. Columns options and result are
-- JSON as the program writes it.

CREATE TABLE imports (
  id         BIGINT PRIMARY KEY,
  name       TEXT   NOT NULL,
  actor      TEXT   NOT NULL,
  state      TEXT   NOT NULL CHECK (state IN ('waiting', 'running', 'stopped', 'done', 'failed')),
  size       BIGINT NOT NULL,
  done_bytes BIGINT NOT NULL,
  options    TEXT   NOT NULL,
  result     TEXT   NOT NULL,
  reason     TEXT   NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE TABLE import_refusals (
  import_id BIGINT NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
  n         BIGINT NOT NULL,
  line      BIGINT NOT NULL,
  cells     TEXT   NOT NULL,
  reason    TEXT   NOT NULL,
  PRIMARY KEY (import_id, n)
);
