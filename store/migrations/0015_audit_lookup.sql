-- What the page of the audit log looks up: newest first, by kind, and by who
-- did it. An operator's part of the log begins with the 13 letters of their id.

CREATE INDEX audit_log_at ON audit_log (at, id);
CREATE INDEX audit_log_kind ON audit_log (kind, at, id);
CREATE INDEX audit_log_actor ON audit_log (substr(actor, 1, 13), at, id);
