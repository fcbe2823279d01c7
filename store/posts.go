package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
)

const postColumns = `
	p.id, p.edition_id, p.account_id, p.network, p.takeaway, p.mode, p.state, p.body, p.due_at, p.attempts, p.owner, p.owned_until, p.remote, p.url,
	p.answer, p.reason, p.likes, p.reposts, p.replies, p.read_at, p.tried_at, p.created_at, p.updated_at`

func scanPost(r *sql.Rows) (delivery.Post, error) {
	var p delivery.Post
	var due, until, read, tried, created, updated int64
	err := r.Scan(&p.ID, &p.Edition, &p.Account, &p.Network, &p.Takeaway, &p.Mode, &p.State, &p.Text, &due, &p.Attempts, &p.Owner, &until, &p.Remote,
		&p.URL, &p.Answer, &p.Reason, &p.Numbers.Likes, &p.Numbers.Reposts, &p.Numbers.Replies, &read, &tried, &created, &updated)
	p.Due, p.Until, p.Numbers.ReadAt, p.TriedAt = fromMillis(due), fromMillis(until), fromMillis(read), fromMillis(tried)
	p.CreatedAt, p.UpdatedAt = fromMillis(created), fromMillis(updated)
	return p, err
}

// posts reads those that a condition selects; p is the post.
func (s *Store) posts(ctx context.Context, doing, where string, args ...any) ([]delivery.Post, error) {
	rows, err := s.reader().query(ctx, `SELECT `+postColumns+` FROM posts p `+where, args...)
	out, err := collect(rows, err, scanPost)
	return out, s.wrap(doing, err)
}

// AddPosts implements delivery.PostStore.
func (s *Store) AddPosts(ctx context.Context, posts []delivery.Post, e audit.Entry) error {
	err := s.update(ctx, "planning posts", func(t *tx) error {
		for _, p := range posts {
			if err := t.addPost(ctx, p); err != nil {
				return err
			}
		}
		return t.audit(ctx, e)
	})
	if errs.Is(err, errs.Conflict) {
		return errs.Conflictf("this issue has that post already: change that one, or post it again")
	}
	return err
}

func (t *tx) addPost(ctx context.Context, p delivery.Post) error {
	return t.exec(ctx, `
		INSERT INTO posts (id, edition_id, account_id, network, takeaway, mode, state, body, due_at, attempts, owner, owned_until, remote, url,
		                   answer, reason, likes, reposts, replies, read_at, tried_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, 'queued', $7, $8, 0, 0, 0, '', '', '', '', 0, 0, 0, 0, 0, $9, $9)`,
		p.ID, p.Edition, p.Account, string(p.Network), p.Takeaway, string(p.Mode), p.Text, millis(p.Due), millis(p.CreatedAt))
}

// ChangePost implements delivery.PostStore.
func (s *Store) ChangePost(ctx context.Context, p delivery.Post, was time.Time, e audit.Entry) error {
	return s.update(ctx, "changing a post", func(t *tx) error {
		if err := t.swap(ctx, "the post", `
			UPDATE posts
			SET mode = $2, state = $3, body = $4, due_at = $5, url = $6, answer = $7, reason = $8, attempts = $9,
			    updated_at = CASE WHEN updated_at < $10 THEN $10 ELSE updated_at + 1 END
			WHERE id = $1 AND updated_at = $11 AND state <> 'sending'`,
			p.ID, string(p.Mode), string(p.State), p.Text, millis(p.Due), p.URL, p.Answer, p.Reason, p.Attempts, millis(e.At), millis(was)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

// Post implements delivery.PostStore.
func (s *Store) Post(ctx context.Context, id delivery.PostID) (delivery.Post, error) {
	rows, err := s.reader().query(ctx, `SELECT `+postColumns+` FROM posts p WHERE p.id = $1`, id)
	return one(s, "post "+id.String(), rows, err, scanPost)
}

// Posts implements delivery.PostStore.
func (s *Store) Posts(ctx context.Context, e campaigns.EditionID) ([]delivery.Post, error) {
	if e == 0 {
		return s.posts(ctx, "reading posts", `ORDER BY p.due_at DESC, p.id DESC LIMIT 500`)
	}
	return s.posts(ctx, "reading an edition's posts", `WHERE p.edition_id = $1 ORDER BY p.due_at, p.id LIMIT 1000`, e)
}

// PostsForPeople are those whose time has come and that wait for a person: a
// yes, a hand or a decision.
func (s *Store) PostsForPeople(ctx context.Context, now time.Time, limit int) ([]delivery.Post, error) {
	return s.posts(ctx, "looking for posts", `
		JOIN editions e ON e.id = p.edition_id
		WHERE (p.state = 'unknown' OR (p.state IN ('queued', 'deferred') AND p.mode <> 'itself'))
		  AND p.due_at <= $1 AND e.public_at > 0 AND e.state <> 'cancelled'
		ORDER BY p.due_at, p.id
		LIMIT $2`, millis(now), limit)
}

// DuePosts implements delivery.PostStore.
func (s *Store) DuePosts(ctx context.Context, now time.Time, limit int) ([]delivery.Post, error) {
	return s.posts(ctx, "looking for posts", `
		JOIN editions e ON e.id = p.edition_id
		JOIN accounts a ON a.id = p.account_id
		WHERE p.state IN ('queued', 'deferred') AND p.mode = 'itself' AND p.due_at <= $1
		  AND e.public_at > 0 AND e.state NOT IN ('draft', 'cancelled') AND a.state = 'active'
		ORDER BY p.due_at, p.id
		LIMIT $2`, millis(now), limit)
}

// ClaimPost implements delivery.PostStore.
func (s *Store) ClaimPost(ctx context.Context, p delivery.Post, owner int64, until time.Time) (bool, error) {
	var n int64
	now := millis(s.Now())
	err := s.update(ctx, "claiming a post", func(t *tx) error {
		var err error
		n, err = t.changed(ctx, `
			UPDATE posts
			SET state = 'sending', owner = $2, owned_until = $3, attempts = attempts + 1, tried_at = CASE WHEN tried_at = 0 THEN $4 ELSE tried_at END,
			    updated_at = CASE WHEN updated_at < $4 THEN $4 ELSE updated_at + 1 END
			WHERE id = $1 AND state IN ('queued', 'deferred') AND mode = 'itself' AND updated_at = $5`, p.ID, owner, millis(until), now, millis(p.UpdatedAt))
		return err
	})
	return n == 1, err
}

// SettlePost implements delivery.PostStore.
func (s *Store) SettlePost(ctx context.Context, p delivery.Post, owner int64) (bool, error) {
	var n int64
	now := s.Now()
	err := s.update(ctx, "recording a post", func(t *tx) error {
		var err error
		n, err = t.changed(ctx, `
			UPDATE posts
			SET state = $3, owner = 0, owned_until = 0, due_at = $4, remote = $5, url = $6, answer = $7, reason = $8,
			    updated_at = CASE WHEN updated_at < $9 THEN $9 ELSE updated_at + 1 END
			WHERE id = $1 AND owner = $2 AND attempts = $10 AND state IN ('sending', 'unknown')`,
			p.ID, owner, string(p.State), millis(p.Due), p.Remote, p.URL, p.Answer, p.Reason, millis(now), p.Attempts)
		if err != nil || n == 0 || p.State != delivery.Accepted && p.State != delivery.Refused && p.State != delivery.Unknown {
			return err
		}
		return t.audit(ctx, audit.Entry{At: now, Actor: "herald", Action: string(p.State), Kind: "post", Object: int64(p.ID), Detail: string(p.Network)})
	})
	return n == 1, err
}

// LostPosts implements delivery.PostStore.
func (s *Store) LostPosts(ctx context.Context, now time.Time) ([]delivery.Post, error) {
	return s.posts(ctx, "looking for lost posts", `WHERE p.state = 'sending' AND p.owned_until < $1 ORDER BY p.id LIMIT 200`, millis(now))
}

// DoubtfulPosts implements delivery.PostStore.
func (s *Store) DoubtfulPosts(ctx context.Context, kinds []delivery.AccountKind, now time.Time) ([]delivery.Post, error) {
	posts, err := s.posts(ctx, "looking for uncertain posts", `
		JOIN accounts a ON a.id = p.account_id
		WHERE p.state = 'unknown' AND p.due_at <= $1 AND a.kind IN (`+kindList(kinds)+`)
		ORDER BY p.due_at, p.id LIMIT 50`, millis(now))
	return posts, err
}

// ReadablePosts implements delivery.PostStore. Numbers are read after an hour,
// then twice a day for a month.
func (s *Store) ReadablePosts(ctx context.Context, kinds []delivery.AccountKind, now time.Time, limit int) ([]delivery.Post, error) {
	return s.posts(ctx, "looking for posts to count", `
		JOIN accounts a ON a.id = p.account_id
		WHERE p.state = 'accepted' AND p.remote <> '' AND a.state = 'active' AND a.kind IN (`+kindList(kinds)+`)
		  AND p.tried_at > $1 AND p.tried_at < $2 AND p.read_at < $3
		ORDER BY p.read_at, p.id
		LIMIT $4`, millis(now.AddDate(0, -1, 0)), millis(now.Add(-time.Hour)), millis(now.Add(-12*time.Hour)), limit)
}

// kindList writes kinds, which are constants of ours, as a list of SQL texts.
func kindList(kinds []delivery.AccountKind) string {
	out := "''"
	for _, f := range delivery.AccountKinds() { // never what came from outside
		if slices.Contains(kinds, f.Kind) {
			out += ", '" + string(f.Kind) + "'"
		}
	}
	return out
}

// KeepNumbers implements delivery.PostStore.
func (s *Store) KeepNumbers(ctx context.Context, id delivery.PostID, n delivery.PostNumbers) error {
	return s.update(ctx, "keeping a post's numbers", func(t *tx) error {
		return t.exec(ctx, `UPDATE posts SET likes = $2, reposts = $3, replies = $4, read_at = $5 WHERE id = $1`,
			id, n.Likes, n.Reposts, n.Replies, millis(n.ReadAt))
	})
}

// PostPlan implements delivery.PostStore.
func (s *Store) PostPlan(ctx context.Context, c campaigns.ID) ([]delivery.PostPlan, error) {
	out, err := s.reader().postPlan(ctx, c)
	return out, s.wrap("reading the plan of posts", err)
}

func (d db) postPlan(ctx context.Context, c campaigns.ID) ([]delivery.PostPlan, error) {
	rows, err := d.query(ctx, `
		SELECT account_id, network, mode, after_ms, each, every_ms
		FROM post_plans
		WHERE campaign_id = $1
		ORDER BY place`, c)
	return collect(rows, err, func(r *sql.Rows) (delivery.PostPlan, error) {
		var l delivery.PostPlan
		var after, each, every int64
		err := r.Scan(&l.Account, &l.Network, &l.Mode, &after, &each, &every)
		l.After, l.Each, l.Interval = time.Duration(after)*time.Millisecond, each == 1, time.Duration(every)*time.Millisecond
		return l, err
	})
}

// SetPostPlan implements delivery.PostStore.
func (s *Store) SetPostPlan(ctx context.Context, c campaigns.ID, plan []delivery.PostPlan, e audit.Entry) error {
	return s.update(ctx, "planning posts", func(t *tx) error {
		if err := t.exec(ctx, `DELETE FROM post_plans WHERE campaign_id = $1`, c); err != nil {
			return err
		}
		for i, l := range plan {
			each := 0
			if l.Each {
				each = 1
			}
			if err := t.exec(ctx, `
				INSERT INTO post_plans (campaign_id, place, account_id, network, mode, after_ms, each, every_ms)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
				c, i+1, l.Account, string(l.Network), string(l.Mode), l.After.Milliseconds(), each, l.Interval.Milliseconds()); err != nil {
				return err
			}
		}
		return t.audit(ctx, e)
	})
}

// planPosts opens the posts of its campaign's plan for an edition that begins
// to send, in the transaction that lets it.
func (t *tx) planPosts(ctx context.Context, e campaigns.EditionID, begins time.Time) error {
	var c campaigns.ID
	var takeaways int
	if err := t.row(ctx, `
		SELECT campaign_id, (SELECT count(*) FROM edition_contents WHERE edition_id = $1 AND kind = 'takeaway')
		FROM editions WHERE id = $1`, e).Scan(&c, &takeaways); err != nil || c == 0 {
		return err
	}
	plan, err := t.postPlan(ctx, c)
	if err != nil {
		return err
	}
	for _, l := range plan {
		for _, p := range l.Posts(e, takeaways, begins) {
			var held bool // a person planned the same post by hand
			if err := t.row(ctx, `
				SELECT EXISTS (SELECT 1 FROM posts WHERE edition_id = $1 AND account_id = $2 AND network = $3 AND takeaway = $4)`,
				e, p.Account, string(p.Network), p.Takeaway).Scan(&held); err != nil {
				return err
			}
			if held {
				continue
			}
			p.ID, p.CreatedAt = delivery.PostID(ids.Block(1)), begins
			if err := t.addPost(ctx, p); err != nil {
				return err
			}
		}
	}
	return nil
}
