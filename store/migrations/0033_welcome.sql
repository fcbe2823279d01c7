-- Whether a list greets those who join it with a mail.
ALTER TABLE lists ADD COLUMN welcome TEXT NOT NULL DEFAULT 'on' CHECK (welcome IN ('on', 'off'));
