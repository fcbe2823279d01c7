package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/subscribers"
)

const segmentColumns = "id, name, question, created_at"

func scanSegment(r *sql.Rows) (subscribers.Segment, error) {
	var s subscribers.Segment
	var created int64
	err := r.Scan(&s.ID, &s.Name, &s.Question, &created)
	s.CreatedAt = fromMillis(created)
	return s, err
}

// AddSegment implements subscribers.Segments.
func (s *Store) AddSegment(ctx context.Context, g subscribers.Segment, e audit.Entry) error {
	err := s.update(ctx, "creating a segment", func(t *tx) error {
		if err := t.exec(ctx, `INSERT INTO segments (`+segmentColumns+`) VALUES ($1, $2, $3, $4)`,
			int64(g.ID), g.Name, g.Question, millis(g.CreatedAt)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
	if errs.Is(err, errs.Conflict) {
		return errs.Conflictf("there is a segment %q already", g.Name)
	}
	return err
}

// SegmentByName implements subscribers.Segments.
func (s *Store) SegmentByName(ctx context.Context, name string) (subscribers.Segment, error) {
	rows, err := s.reader().query(ctx, `SELECT `+segmentColumns+` FROM segments WHERE name = $1`, name)
	all, err := collect(rows, err, scanSegment)
	if err != nil {
		return subscribers.Segment{}, s.wrap("reading a segment", err)
	}
	if len(all) == 0 {
		return subscribers.Segment{}, s.missing(ctx, "segment", name, `SELECT name FROM segments ORDER BY name LIMIT 1000`)
	}
	return all[0], nil
}

// SegmentPage implements subscribers.Segments.
func (s *Store) SegmentPage(ctx context.Context, after string, limit int) ([]subscribers.Segment, error) {
	rows, err := s.reader().query(ctx, `SELECT `+segmentColumns+` FROM segments WHERE name > $1 ORDER BY name LIMIT $2`, after, limit)
	out, err := collect(rows, err, scanSegment)
	return out, s.wrap("listing segments", err)
}

// RemoveSegment implements subscribers.Segments.
func (s *Store) RemoveSegment(ctx context.Context, g subscribers.Segment, e audit.Entry) error {
	return s.update(ctx, "removing a segment", func(t *tx) error {
		var campaign string
		err := t.row(ctx, `
			SELECT c.name FROM campaign_segments cs JOIN campaigns c ON c.id = cs.campaign_id
			WHERE cs.segment_id = $1 AND c.state <> 'archived'
			ORDER BY c.name LIMIT 1`, int64(g.ID)).Scan(&campaign)
		if err == nil {
			return errs.Conflictf("the campaign %q sends to this segment: give it another audience first", campaign)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err := t.exec(ctx, `DELETE FROM campaign_segments WHERE segment_id = $1`, int64(g.ID)); err != nil {
			return err
		}
		if err := t.exec(ctx, `DELETE FROM segments WHERE id = $1`, int64(g.ID)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

// ChangeSegment implements subscribers.Segments.
func (s *Store) ChangeSegment(ctx context.Context, g subscribers.Segment, e audit.Entry) error {
	err := s.update(ctx, "changing a segment", func(t *tx) error {
		n, err := t.changed(ctx, `UPDATE segments SET name = $2, question = $3 WHERE id = $1`, int64(g.ID), g.Name, g.Question)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.NotFoundf("there is no such segment")
		}
		return t.audit(ctx, e)
	})
	if errs.Is(err, errs.Conflict) {
		return &errs.Error{Kind: errs.Conflict, Field: "name", Text: fmt.Sprintf("there is a segment %q already", g.Name)}
	}
	return err
}

// SegmentUses implements subscribers.Segments.
func (s *Store) SegmentUses(ctx context.Context, id subscribers.SegmentID) ([]string, error) {
	rows, err := s.reader().query(ctx, `
		SELECT c.name
		FROM campaign_segments cs
		JOIN campaigns c ON c.id = cs.campaign_id
		WHERE cs.segment_id = $1 AND c.state <> 'archived'
		ORDER BY c.name
		LIMIT 1000`, int64(id))
	out, err := collect(rows, err, scanOne[string])
	return out, s.wrap("reading who sends to a segment", err)
}

// CountAnswers implements subscribers.Segments.
func (s *Store) CountAnswers(ctx context.Context, q subscribers.Question, now time.Time) (int, error) {
	c := compiler{db: s.reader(), now: now}
	where, err := c.where(ctx, q)
	if err != nil {
		return 0, s.wrap("reading a segment's question", err)
	}
	var n int
	err = s.reader().row(ctx, "SELECT count(*) FROM subscribers s WHERE "+where, c.args...).Scan(&n)
	return n, s.wrap("counting a segment", err)
}

// Answers implements subscribers.Segments.
func (s *Store) Answers(ctx context.Context, q subscribers.Question, now time.Time, after subscribers.ID, limit int) ([]subscribers.Subscriber, error) {
	c := compiler{db: s.reader(), now: now}
	where, err := c.where(ctx, q)
	if err != nil {
		return nil, s.wrap("reading a segment's question", err)
	}
	rows, err := s.reader().query(ctx, "SELECT "+subscriberColumns+" FROM subscribers s WHERE s.id > "+c.arg(int64(after))+" AND ("+where+") ORDER BY s.id LIMIT "+c.arg(limit), c.args...)
	out, err := collect(rows, err, func(r *sql.Rows) (subscribers.Subscriber, error) { return scanSubscriber(r) })
	return out, s.wrap("listing a segment", err)
}

// compiler makes SQL of a question about subscribers s. All text of the SQL is
// in this file: what people typed is a parameter.
type compiler struct {
	db
	now  time.Time
	args []any
}

func (c *compiler) arg(v any) string {
	c.args = append(c.args, v)
	return "$" + strconv.Itoa(len(c.args))
}

func (c *compiler) where(ctx context.Context, q subscribers.Question) (string, error) {
	if q.Join == "" {
		return c.condition(ctx, q.Condition)
	}
	parts := make([]string, len(q.Parts))
	for i, p := range q.Parts {
		part, err := c.where(ctx, p)
		if err != nil {
			return "", err
		}
		parts[i] = "(" + part + ")"
	}
	switch q.Join {
	case subscribers.Not:
		return "NOT " + parts[0], nil
	case subscribers.And:
		return strings.Join(parts, " AND "), nil
	}
	return strings.Join(parts, " OR "), nil
}

// columns of the attributes that are a text of the reader's own row.
var attributeColumns = map[subscribers.Attribute]string{
	subscribers.AttributeEmail: "s.canonical", subscribers.AttributeDomain: "s.domain", subscribers.AttributeName: "s.name",
	subscribers.AttributeLanguage: "s.language", subscribers.AttributeZone: "s.zone",
}

// memberStates of the attributes that are a list.
var memberStates = map[subscribers.Attribute]string{
	subscribers.AttributeList: "active", subscribers.AttributePending: "pending", subscribers.AttributeLeft: "unsubscribed",
}

func (c *compiler) condition(ctx context.Context, q subscribers.Condition) (string, error) {
	switch q.Attribute {
	case subscribers.AttributeList, subscribers.AttributePending, subscribers.AttributeLeft:
		return c.list(ctx, q)
	case subscribers.AttributeTag:
		return negated(q.Op, "EXISTS (SELECT 1 FROM tags x WHERE x.subscriber_id = s.id AND x.tag IN ("+c.lowered(q.Values)+"))"), nil
	case subscribers.AttributeAddress:
		return negated(q.Op, "s.address_state IN ("+c.lowered(q.Values)+")"), nil
	case subscribers.AttributeAdded:
		return c.date(q, "s.created_at")
	case subscribers.AttributeConsent:
		return c.date(q, "(SELECT coalesce(max(x.at), 0) FROM consents x WHERE x.subscriber_id = s.id AND x.action <> 'withdrawn')")
	case subscribers.AttributeReceived:
		return c.received(q)
	case subscribers.AttributeField:
		return c.text(q, c.d.field(c.arg(c.d.fieldPath(q.Field)))), nil
	}
	column, ok := attributeColumns[q.Attribute]
	if !ok {
		return "", errs.Invalidf("there is no %q to ask about", q.Attribute)
	}
	return c.text(q, column), nil
}

func negated(op subscribers.Op, what string) string {
	if op == subscribers.IsNot {
		return "NOT " + what
	}
	return what
}

func (c *compiler) lowered(values []string) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = c.arg(strings.ToLower(v))
	}
	return strings.Join(out, ", ")
}

// list looks lists up by name, so that a mistyped one is noticed and one that
// was renamed is not mistaken for another.
func (c *compiler) list(ctx context.Context, q subscribers.Condition) (string, error) {
	var all []string
	for _, name := range q.Values {
		var id int64
		err := c.row(ctx, `SELECT id FROM lists WHERE name = $1`, name).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			rows, err := c.query(ctx, `SELECT name FROM lists ORDER BY name LIMIT 1000`)
			known, err := collect(rows, err, scanOne[string])
			if err != nil {
				return "", err
			}
			if near := errs.Nearest(name, known); near != "" {
				return "", errs.NotFoundf("there is no list %q: did you mean %q?", name, near)
			}
			return "", errs.NotFoundf("there is no list %q", name)
		}
		if err != nil {
			return "", err
		}
		all = append(all, c.arg(id))
	}
	return negated(q.Op, "s.id IN (SELECT x.subscriber_id FROM memberships x WHERE x.list_id IN ("+strings.Join(all, ", ")+") AND x.state = '"+memberStates[q.Attribute]+"')"), nil
}

const day = 24 * time.Hour

// date compares a time in milliseconds; zero is none. A day is the whole of it.
func (c *compiler) date(q subscribers.Condition, column string) (string, error) {
	if q.Op == subscribers.Empty {
		return column + " = 0", nil
	}
	t, err := q.Date(c.now)
	if err != nil {
		return "", err
	}
	from, to := millis(t), millis(t.Add(day))
	switch q.Op {
	case subscribers.Is:
		return column + " >= " + c.arg(from) + " AND " + column + " < " + c.arg(to), nil
	case subscribers.IsNot:
		return column + " < " + c.arg(from) + " OR " + column + " >= " + c.arg(to), nil
	case subscribers.Less:
		return column + " > 0 AND " + column + " < " + c.arg(from), nil
	case subscribers.AtMost:
		return column + " > 0 AND " + column + " < " + c.arg(to), nil
	case subscribers.More:
		return column + " >= " + c.arg(to), nil
	}
	return column + " >= " + c.arg(from), nil
}

// received compares how many editions a mail server took for a reader.
func (c *compiler) received(q subscribers.Condition) (string, error) {
	const count = "(SELECT count(*) FROM recipients x WHERE x.subscriber_id = s.id AND x.state = 'accepted')"
	var parts []string
	for _, v := range q.Values {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return "", errs.Invalidf("%q is no number of editions", v)
		}
		parts = append(parts, c.arg(n))
	}
	switch q.Op {
	case subscribers.Is, subscribers.IsNot:
		return negated(q.Op, count+" IN ("+strings.Join(parts, ", ")+")"), nil
	case subscribers.Less, subscribers.AtMost, subscribers.More, subscribers.AtLeast:
		return count + " " + string(q.Op) + " " + parts[0], nil
	}
	return "", errs.Invalidf("received cannot be compared with %q", q.Op)
}

// text compares a text without regard to case. Two numbers are compared as such.
func (c *compiler) text(q subscribers.Condition, column string) string {
	lower := "lower(" + column + ")"
	like := func(before, after string) string {
		return lower + " LIKE " + c.arg(before+likeEscaper.Replace(strings.ToLower(q.Values[0]))+after) + " ESCAPE '!'"
	}
	switch q.Op {
	case subscribers.Empty:
		return "coalesce(" + column + ", '') = ''"
	case subscribers.Contains:
		return "coalesce(" + like("%", "%") + ", 1 = 0)"
	case subscribers.Begins:
		return "coalesce(" + like("", "%") + ", 1 = 0)"
	case subscribers.Ends:
		return "coalesce(" + like("%", "") + ", 1 = 0)"
	case subscribers.Less, subscribers.AtMost, subscribers.More, subscribers.AtLeast:
		v := q.Values[0]
		if n, err := strconv.ParseFloat(v, 64); err == nil {
			return "coalesce(" + c.d.number(column) + " " + string(q.Op) + " CAST(" + c.arg(strconv.FormatFloat(n, 'f', -1, 64)) + " AS DOUBLE PRECISION), 1 = 0)"
		}
		return "coalesce(" + lower + " " + string(q.Op) + " " + c.arg(strings.ToLower(v)) + ", 1 = 0)"
	}
	same := "coalesce(" + lower + ", '') IN (" + c.lowered(q.Values) + ")"
	if q.Attribute == subscribers.AttributeLanguage {
		for _, v := range q.Values {
			same += " OR lower(s.language) LIKE " + c.arg(likeEscaper.Replace(strings.ToLower(v))+"-%") + " ESCAPE '!'"
		}
		same = "(" + same + ")"
	}
	return negated(q.Op, same)
}

// editionSegment compiles the question of an edition, "" where it has none;
// args hold its parameters from number first on.
func (t *tx) editionSegment(ctx context.Context, edition int64, now time.Time, args []any) (string, []any, error) {
	var question string
	err := t.row(ctx, `SELECT question FROM edition_segments WHERE edition_id = $1`, edition).Scan(&question)
	if errors.Is(err, sql.ErrNoRows) {
		return "", args, nil
	}
	if err != nil {
		return "", args, err
	}
	q, err := subscribers.ParseQuestion(question)
	if err != nil {
		return "", args, fmt.Errorf("the segment of the edition: %w", err)
	}
	c := compiler{db: t.db, now: now, args: args}
	where, err := c.where(ctx, q)
	if err != nil {
		return "", args, fmt.Errorf("the segment of the edition: %w", err)
	}
	return where, c.args, nil
}
