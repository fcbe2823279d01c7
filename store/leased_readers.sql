SELECT s.id, s.email, s.name, s.fields, s.language, s.zone, s.address_state,
       EXISTS (
         SELECT 1
         FROM edition_lists el
         JOIN memberships m ON m.list_id = el.list_id AND m.subscriber_id = s.id
         WHERE el.edition_id = $1 AND m.state = 'active' AND m.paused_until <= $2),
       EXISTS (
         SELECT 1
         FROM suppressions x
         WHERE (x.kind = 'address' AND x.value = s.canonical) OR (x.kind = 'domain' AND x.value = s.domain))
FROM subscribers s
WHERE s.id IN ($IDS)
ORDER BY s.id
