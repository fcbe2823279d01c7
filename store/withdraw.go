package store

import (
	"context"

	"postrider/subscribers"
)

// withdrawUnlisted takes a reader out of every edition whose lists no longer
// hold them as active. Mails in SENDING are beyond recall. It is called in the
// transaction of the change, so that nothing is handed over after it: mark A
// finds the row no longer leased.
func (t *tx) withdrawUnlisted(ctx context.Context, id subscribers.ID, now int64, reason string) error {
	return t.exec(ctx, `
		UPDATE recipients
		SET state = 'suppressed', reason = $2, owner = 0, updated_at = $3
		WHERE subscriber_id = $1
		  AND state IN ('queued', 'leased', 'deferred')
		  AND NOT EXISTS (
		    SELECT 1 FROM edition_lists el
		    JOIN memberships m ON m.list_id = el.list_id AND m.subscriber_id = $1 AND m.state = 'active'
		    WHERE el.edition_id = recipients.edition_id)`,
		id, reason, now)
}

// withdraw takes a reader out of every edition that has not mailed them yet.
func (t *tx) withdraw(ctx context.Context, id subscribers.ID, now int64, reason string) error {
	return t.exec(ctx, `
		UPDATE recipients
		SET state = 'suppressed', reason = $2, owner = 0, updated_at = $3
		WHERE subscriber_id = $1
		  AND state IN ('queued', 'leased', 'deferred')`,
		id, reason, now)
}
