package store

import (
	"context"
	"database/sql"
	_ "embed"
	"strconv"
	"strings"
	"time"

	"postrider/subscribers"
)

//go:embed audience_left.sql
var audienceLeft string

// Audience resolves lists as freezing would at that moment, each person once,
// narrowed by a segment's question where that is not empty, with at most sample
// of those who get it. Of one list the large numbers are
// kept, and only the few who are marked, suppressed or pausing are looked at;
// several lists are merged by person first.
func (s *Store) Audience(ctx context.Context, lists []subscribers.ListID, question string, at time.Time, sample int) (subscribers.Audience, error) {
	a := subscribers.Audience{Left: map[subscribers.Exclusion]int{}}
	if len(lists) == 0 {
		return a, nil
	}
	q := audienceQuery{at: millis(at)}
	for _, l := range lists {
		q.lists = append(q.lists, int64(l))
	}
	states, err := q.count(ctx, s.reader(), q.states(), q.lists)
	if err != nil {
		return a, s.wrap("counting the audience", err)
	}
	for _, n := range states {
		a.People += n
	}
	a.Reached = states["active"]
	for _, e := range []subscribers.Exclusion{subscribers.ExcludedUnsubscribed, subscribers.ExcludedPending} {
		if n := states[string(e)]; n > 0 {
			a.Left[e] = n
		}
	}
	few, err := q.count(ctx, s.reader(), q.fill(audienceLeft), append(q.lists[:len(q.lists):len(q.lists)], q.at))
	if err != nil {
		return a, s.wrap("counting who is left out of the audience", err)
	}
	for why, n := range few {
		a.Left[subscribers.Exclusion(why)] = n
		a.Reached -= n
	}
	if question != "" {
		return a, s.wrap("asking an audience a segment's question", q.narrow(ctx, s.reader(), question, &a, sample))
	}
	a.Sample, err = q.sample(ctx, s.reader(), sample)
	return a, s.wrap("reading a sample of the audience", err)
}

// narrow leaves only those in an audience whom a question selects.
func (q audienceQuery) narrow(ctx context.Context, d db, question string, a *subscribers.Audience, sample int) error {
	asked, err := subscribers.ParseQuestion(question)
	if err != nil {
		return err
	}
	c := compiler{db: d, now: fromMillis(q.at), args: append(q.lists[:len(q.lists):len(q.lists)], q.at)}
	where, err := c.where(ctx, asked)
	if err != nil {
		return err
	}
	selected := q.fill(`
		FROM subscribers s
		WHERE s.address_state = 'ok'
		  AND (` + where + `)
		  AND EXISTS (SELECT 1 FROM memberships m WHERE m.subscriber_id = s.id AND m.list_id IN (/*lists*/) AND m.state = 'active' AND m.paused_until <= /*at*/)
		  AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE (x.kind = 'address' AND x.value = s.canonical) OR (x.kind = 'domain' AND x.value = s.domain))`)
	var n int
	if err := d.row(ctx, "SELECT count(*)"+selected, c.args...).Scan(&n); err != nil {
		return err
	}
	if left := a.Reached - n; left > 0 {
		a.Left[subscribers.ExcludedSegment] = left
	}
	a.Reached = n
	if n == 0 || sample <= 0 {
		return nil
	}
	rows, err := d.query(ctx, "SELECT "+subscriberColumns+selected+" ORDER BY s.id DESC LIMIT "+strconv.Itoa(sample), c.args...)
	a.Sample, err = collect(rows, err, func(r *sql.Rows) (subscribers.Subscriber, error) { return scanSubscriber(r) })
	return err
}

// audienceQuery is about these lists, which are its first parameters, at one
// moment, which is the next one where it is wanted.
type audienceQuery struct {
	lists []any
	at    int64
}

func (q audienceQuery) fill(text string) string {
	n := len(q.lists)
	return strings.NewReplacer("/*lists*/", parameters(1, n), "/*at*/", placeholder(n+1)).Replace(text)
}

// states counts people by the best state that they have on one of the lists.
func (q audienceQuery) states() string {
	if len(q.lists) == 1 {
		return q.fill(`SELECT state, CAST(sum(count) AS BIGINT) FROM list_counts WHERE list_id IN (/*lists*/) GROUP BY state`)
	}
	return q.fill(`
		SELECT CASE best WHEN 3 THEN 'active' WHEN 2 THEN 'pending' ELSE 'unsubscribed' END, count(*)
		FROM (
		  SELECT max(CASE state WHEN 'active' THEN 3 WHEN 'pending' THEN 2 ELSE 1 END) AS best
		  FROM memberships
		  WHERE list_id IN (/*lists*/)
		  GROUP BY subscriber_id) people
		GROUP BY best`)
}

func (q audienceQuery) count(ctx context.Context, d db, query string, args []any) (map[string]int, error) {
	rows, err := d.query(ctx, query, args...)
	out := map[string]int{}
	_, err = collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var what string
		var n int
		err := r.Scan(&what, &n)
		out[what] = n
		return struct{}{}, err
	})
	return out, err
}

// sampleFrom is how many of each list's latest readers a sample is chosen from:
// some of them may be left out.
const sampleFrom = 60

func (q audienceQuery) sample(ctx context.Context, d db, n int) ([]subscribers.Subscriber, error) {
	if n <= 0 {
		return nil, nil
	}
	var latest []string
	for i := range q.lists {
		latest = append(latest, `
		    SELECT subscriber_id
		    FROM (SELECT m.subscriber_id FROM memberships m WHERE m.list_id = `+placeholder(i+1)+` AND m.state = 'active' AND m.paused_until <= /*at*/
		          ORDER BY m.subscriber_id DESC LIMIT `+strconv.Itoa(sampleFrom)+`) of_list`)
	}
	rows, err := d.query(ctx, q.fill(`
		SELECT `+subscriberColumns+`
		FROM (`+strings.Join(latest, " UNION ")+`) latest
		JOIN subscribers s ON s.id = latest.subscriber_id
		WHERE s.address_state = 'ok'
		  AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE (x.kind = 'address' AND x.value = s.canonical) OR (x.kind = 'domain' AND x.value = s.domain))
		ORDER BY s.id DESC
		LIMIT `)+strconv.Itoa(n), append(q.lists[:len(q.lists):len(q.lists)], q.at)...)
	return collect(rows, err, func(r *sql.Rows) (subscribers.Subscriber, error) { return scanSubscriber(r) })
}
