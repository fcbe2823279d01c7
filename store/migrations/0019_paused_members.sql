-- The few who have asked for a pause.
CREATE INDEX memberships_paused ON memberships (list_id, subscriber_id) WHERE paused_until <> 0;
