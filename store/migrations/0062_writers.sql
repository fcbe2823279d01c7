-- Who else is changing a recap is asked while somebody writes, and must not read the texts.

CREATE INDEX manuscripts_recap ON manuscripts (recap_id, updated_at);
