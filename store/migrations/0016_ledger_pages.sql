-- The ledger's pages by id: without this every page sorts the whole edition.

CREATE INDEX recipients_edition ON recipients (edition_id, id);
