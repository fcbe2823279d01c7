INSERT INTO recipients (id, edition_id, subscriber_id, state, updated_at)
SELECT /*id*/, CAST($1 AS BIGINT), members.subscriber_id, 'queued', CAST($6 AS BIGINT)
FROM (
  SELECT /*distinct*/ m.subscriber_id
  FROM memberships m
  WHERE m.list_id IN (/*lists*/)
    AND m.subscriber_id > $2
    AND m.subscriber_id <= $4
    AND m.state = 'active'
    AND m.joined_at <= $3
    AND m.paused_until <= $3) members
JOIN subscribers s ON s.id = members.subscriber_id
WHERE s.address_state = 'ok' /*segment*/
  AND (NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.kind = 'address')
    OR NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.kind = 'address' AND x.value = s.canonical))
  AND (NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.kind = 'domain')
    OR NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.kind = 'domain' AND x.value = s.domain))
ORDER BY members.subscriber_id
