-- An edition's number is unique within its campaign, or within its recap's page when it was
-- published by hand. Where two were published at the same moment they may share one: they are
-- counted anew, in the order of their making.

CREATE TABLE edition_numbers AS
SELECT id, row_number() OVER (PARTITION BY campaign_id, CASE WHEN campaign_id = 0 THEN slug ELSE '' END ORDER BY number, id) AS number
FROM editions;
UPDATE editions SET number = (SELECT n.number FROM edition_numbers n WHERE n.id = editions.id);
DROP TABLE edition_numbers;
CREATE UNIQUE INDEX editions_campaign_number ON editions (campaign_id, number) WHERE campaign_id <> 0 AND number > 0;
CREATE UNIQUE INDEX editions_slug_number ON editions (slug, number) WHERE campaign_id = 0 AND number > 0;
