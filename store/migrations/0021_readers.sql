-- What the pages about readers look up.

ALTER TABLE lists ADD COLUMN description TEXT NOT NULL DEFAULT '';

-- A list's members in one state, newest first, and how many there are.
CREATE INDEX memberships_state ON memberships (list_id, state, subscriber_id);

-- Addresses and names by their beginning, byte by byte on both databases.
CREATE INDEX subscribers_address ON subscribers (canonical COLLATE "C"); -- postgres only
CREATE INDEX subscribers_name ON subscribers ((lower(name)) COLLATE "C");

-- The few whose mail does not arrive.
CREATE INDEX subscribers_marked ON subscribers (address_state, id) WHERE address_state <> 'ok';
