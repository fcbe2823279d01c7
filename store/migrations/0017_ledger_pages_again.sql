-- Pages of the ledger come from the indexes of 0004; where this one is, SQLite
-- takes it for states in which there is hardly anybody, and walks through all.

DROP INDEX recipients_edition;
