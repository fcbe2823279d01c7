-- How an organisation's mails and pages are set, and what stands at their foot.
ALTER TABLE organisations ADD COLUMN font TEXT NOT NULL DEFAULT '';
ALTER TABLE organisations ADD COLUMN footer TEXT NOT NULL DEFAULT '';
