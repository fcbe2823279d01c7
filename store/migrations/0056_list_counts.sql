-- How many readers a list has in each state, kept and not counted. The triggers
-- see every change of memberships, whatever makes it.
--
-- On PostgreSQL each session adds to rows of its own (slot is its process
-- number), once a statement: imports and people who leave at the same time wait
-- for each other nowhere, and so cannot wait for each other in a circle either.
-- A list's number is the sum over the slots; FoldListCounts makes them few again.

CREATE TABLE list_counts (
  list_id BIGINT  NOT NULL,
  state   TEXT    NOT NULL,
  slot    INTEGER NOT NULL,
  count   BIGINT  NOT NULL,
  PRIMARY KEY (list_id, state, slot)
);

INSERT INTO list_counts (list_id, state, slot, count)
SELECT list_id, state, 0, count(*) FROM memberships GROUP BY list_id, state;

CREATE TRIGGER memberships_joined AFTER INSERT ON memberships BEGIN                                             -- sqlite only
  INSERT INTO list_counts (list_id, state, slot, count) VALUES (NEW.list_id, NEW.state, 0, 1)                   -- sqlite only
  ON CONFLICT (list_id, state, slot) DO UPDATE SET count = count + 1;                                           -- sqlite only
END;                                                                                                            -- sqlite only
CREATE TRIGGER memberships_gone AFTER DELETE ON memberships BEGIN                                               -- sqlite only
  UPDATE list_counts SET count = count - 1 WHERE list_id = OLD.list_id AND state = OLD.state AND slot = 0;      -- sqlite only
END;                                                                                                            -- sqlite only
CREATE TRIGGER memberships_moved AFTER UPDATE OF list_id, state ON memberships                                  -- sqlite only
WHEN OLD.list_id <> NEW.list_id OR OLD.state <> NEW.state BEGIN                                                 -- sqlite only
  UPDATE list_counts SET count = count - 1 WHERE list_id = OLD.list_id AND state = OLD.state AND slot = 0;      -- sqlite only
  INSERT INTO list_counts (list_id, state, slot, count) VALUES (NEW.list_id, NEW.state, 0, 1)                   -- sqlite only
  ON CONFLICT (list_id, state, slot) DO UPDATE SET count = count + 1;                                           -- sqlite only
END;                                                                                                            -- sqlite only

CREATE FUNCTION memberships_counted() RETURNS trigger LANGUAGE plpgsql AS $$                                    -- postgres only
BEGIN                                                                                                           -- postgres only
  IF TG_OP = 'INSERT' THEN                                                                                      -- postgres only
    INSERT INTO list_counts AS c (list_id, state, slot, count)                                                  -- postgres only
    SELECT list_id, state, pg_backend_pid(), count(*) FROM joined GROUP BY list_id, state                       -- postgres only
    ON CONFLICT (list_id, state, slot) DO UPDATE SET count = c.count + excluded.count;                          -- postgres only
  ELSIF TG_OP = 'DELETE' THEN                                                                                   -- postgres only
    INSERT INTO list_counts AS c (list_id, state, slot, count)                                                  -- postgres only
    SELECT list_id, state, pg_backend_pid(), -count(*) FROM gone GROUP BY list_id, state                        -- postgres only
    ON CONFLICT (list_id, state, slot) DO UPDATE SET count = c.count + excluded.count;                          -- postgres only
  ELSE                                                                                                          -- postgres only
    INSERT INTO list_counts AS c (list_id, state, slot, count)                                                  -- postgres only
    SELECT list_id, state, pg_backend_pid(), sum(n)                                                             -- postgres only
    FROM (SELECT list_id, state, 1 AS n FROM joined UNION ALL SELECT list_id, state, -1 FROM gone) moved        -- postgres only
    GROUP BY list_id, state HAVING sum(n) <> 0                                                                  -- postgres only
    ON CONFLICT (list_id, state, slot) DO UPDATE SET count = c.count + excluded.count;                          -- postgres only
  END IF;                                                                                                       -- postgres only
  RETURN NULL;                                                                                                  -- postgres only
END $$;                                                                                                         -- postgres only
CREATE TRIGGER memberships_joined AFTER INSERT ON memberships REFERENCING NEW TABLE AS joined                   -- postgres only
FOR EACH STATEMENT EXECUTE FUNCTION memberships_counted();                                                      -- postgres only
CREATE TRIGGER memberships_gone AFTER DELETE ON memberships REFERENCING OLD TABLE AS gone                       -- postgres only
FOR EACH STATEMENT EXECUTE FUNCTION memberships_counted();                                                      -- postgres only
CREATE TRIGGER memberships_moved AFTER UPDATE ON memberships REFERENCING OLD TABLE AS gone NEW TABLE AS joined  -- postgres only
FOR EACH STATEMENT EXECUTE FUNCTION memberships_counted();                                                      -- postgres only
