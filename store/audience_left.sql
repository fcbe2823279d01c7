SELECT why, count(*)
FROM (
  SELECT s.id,
         CASE
           WHEN NOT EXISTS (
             SELECT 1 FROM memberships m
             WHERE m.subscriber_id = s.id AND m.list_id IN (/*lists*/) AND m.state = 'active' AND m.paused_until <= /*at*/) THEN 'paused'
           WHEN s.address_state <> 'ok' THEN s.address_state
           ELSE 'suppressed'
         END AS why
  FROM (
    SELECT id FROM subscribers WHERE address_state <> 'ok'
    UNION
    SELECT p.id FROM suppressions x JOIN subscribers p ON p.canonical = x.value WHERE x.kind = 'address'
    UNION
    SELECT p.id FROM subscribers p
    WHERE EXISTS (SELECT 1 FROM suppressions x WHERE x.kind = 'domain')
      AND p.domain IN (SELECT x.value FROM suppressions x WHERE x.kind = 'domain')
    UNION
    SELECT m.subscriber_id FROM memberships m WHERE m.paused_until <> 0 AND m.paused_until > /*at*/) few
  JOIN subscribers s ON s.id = few.id
  WHERE EXISTS (SELECT 1 FROM memberships m WHERE m.subscriber_id = s.id AND m.list_id IN (/*lists*/) AND m.state = 'active')) left_out
GROUP BY why
