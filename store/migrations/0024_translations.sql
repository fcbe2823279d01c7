-- A recap may say in another language what another recap says; it then names that one's slug.
ALTER TABLE recaps ADD COLUMN translation_of TEXT NOT NULL DEFAULT '';
CREATE INDEX recaps_translation_of ON recaps (translation_of);
