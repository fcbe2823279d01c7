INSERT INTO recipients (id, edition_id, subscriber_id, state, updated_at)
SELECT CAST($5 AS BIGINT) + row_number() OVER (ORDER BY r.id), CAST($1 AS BIGINT), r.id, 'queued', CAST($6 AS BIGINT)
FROM (
  SELECT s.id
  FROM subscribers s
  WHERE s.id > $2
    AND s.address_state = 'ok' -- SEGMENT
    AND EXISTS (
      SELECT 1
      FROM edition_lists el
      JOIN memberships m ON m.list_id = el.list_id AND m.subscriber_id = s.id
      WHERE el.edition_id = $1 AND m.state = 'active' AND m.joined_at <= $3 AND m.paused_until <= $3)
    AND NOT EXISTS (
      SELECT 1
      FROM suppressions x
      WHERE (x.kind = 'address' AND x.value = s.canonical) OR (x.kind = 'domain' AND x.value = s.domain))
  ORDER BY s.id
  LIMIT $4) r
ORDER BY r.id
