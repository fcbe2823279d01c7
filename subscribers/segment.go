package subscribers

import (
	"context"
	"fmt"
	"strings"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
)

type segmentMark struct{}

// SegmentID is the id of a segment.
type SegmentID = ids.ID[segmentMark]

// Segment is a stored question that selects readers.
type Segment struct {
	ID        SegmentID `json:"id"`
	Name      string    `json:"name"`
	Question  string    `json:"question"` // in the language of ParseQuestion, in its normal form
	CreatedAt time.Time `json:"created_at"`
}

// Segments keeps stored questions and answers them.
type Segments interface {
	// AddSegment is a Conflict where the name is taken.
	AddSegment(ctx context.Context, s Segment, e audit.Entry) error
	// SegmentByName is NotFound with the nearest name.
	SegmentByName(ctx context.Context, name string) (Segment, error)
	// SegmentPage returns segments by name behind after.
	SegmentPage(ctx context.Context, after string, limit int) ([]Segment, error)
	// ChangeSegment keeps another name and question; a Conflict where the name is taken.
	ChangeSegment(ctx context.Context, s Segment, e audit.Entry) error
	// SegmentUses names the campaigns that send to a segment, but archived ones.
	SegmentUses(ctx context.Context, id SegmentID) ([]string, error)
	// RemoveSegment is a Conflict where a campaign uses it.
	RemoveSegment(ctx context.Context, s Segment, e audit.Entry) error
	// CountAnswers counts the readers whom a question selects.
	CountAnswers(ctx context.Context, q Question, now time.Time) (int, error)
	// Answers returns those readers behind an id in the order of ids.
	Answers(ctx context.Context, q Question, now time.Time, after ID, limit int) ([]Subscriber, error)
}

// CreateSegment keeps a question under a name. A taken name is a Conflict, a
// question that cannot be read Invalid with its place; so is one about a list
// that does not exist.
func (g *Registry) CreateSegment(ctx context.Context, actor, name, question string) (Segment, error) {
	q, err := g.checkSegment(ctx, name, question)
	if err != nil {
		return Segment{}, err
	}
	s := Segment{ID: ids.New[segmentMark](), Name: name, Question: q.String(), CreatedAt: g.Now()}
	return s, g.Store.AddSegment(ctx, s, audit.Entry{At: s.CreatedAt, Actor: actor, Action: "created", Kind: "segment", Object: int64(s.ID)})
}

// ChangeSegment gives a segment another name and another question, which
// campaigns ask from then on; issues that are there already keep theirs. Errors
// are those of CreateSegment and Segment.
func (g *Registry) ChangeSegment(ctx context.Context, actor, was, name, question string) (Segment, error) {
	s, err := g.Store.SegmentByName(ctx, was)
	if err != nil {
		return s, err
	}
	q, err := g.checkSegment(ctx, name, question)
	if err != nil {
		return s, err
	}
	s.Name, s.Question = name, q.String()
	return s, g.Store.ChangeSegment(ctx, s, audit.Entry{At: g.Now(), Actor: actor, Action: "changed", Kind: "segment", Object: int64(s.ID), Detail: s.Name + ": " + s.Question})
}

func (g *Registry) checkSegment(ctx context.Context, name, question string) (Question, error) {
	if err := CheckListName(name); err != nil {
		return Question{}, invalid("name", "want a name of at most 100 bytes without commas")
	}
	q, err := ParseQuestion(question)
	if err != nil {
		return Question{}, err
	}
	_, err = g.Store.Answers(ctx, q, g.Now(), 0, 1)
	return q, err
}

// SegmentUses names the campaigns that send to a segment.
func (g *Registry) SegmentUses(ctx context.Context, id SegmentID) ([]string, error) {
	return g.Store.SegmentUses(ctx, id)
}

// Select returns the readers whom a question selects now behind an id, in the
// order of ids, at most limit (100 where 0, never over 1000).
func (g *Registry) Select(ctx context.Context, q Question, after ID, limit int) ([]Subscriber, error) {
	return g.Store.Answers(ctx, q, g.Now(), after, page(limit))
}

// Segment returns a segment by name; a missing one is NotFound with the nearest name.
func (g *Registry) Segment(ctx context.Context, name string) (Segment, error) {
	return g.Store.SegmentByName(ctx, name)
}

// Segments returns segments by name behind after, at most limit (100 where 0, never over 1000).
func (g *Registry) Segments(ctx context.Context, after string, limit int) ([]Segment, error) {
	return g.Store.SegmentPage(ctx, after, page(limit))
}

// RemoveSegment forgets a question. One that a campaign uses is a Conflict.
func (g *Registry) RemoveSegment(ctx context.Context, actor, name string) error {
	s, err := g.Store.SegmentByName(ctx, name)
	if err != nil {
		return err
	}
	return g.Store.RemoveSegment(ctx, s, audit.Entry{At: g.Now(), Actor: actor, Action: "removed", Kind: "segment", Object: int64(s.ID)})
}

// Count counts the readers whom a question selects now, and returns a sample
// of at most n of them.
func (g *Registry) Count(ctx context.Context, question string, n int) (int, []Subscriber, error) {
	q, err := ParseQuestion(question)
	if err != nil {
		return 0, nil, err
	}
	count, err := g.Store.CountAnswers(ctx, q, g.Now())
	if err != nil || n <= 0 {
		return count, nil, err
	}
	sample, err := g.Store.Answers(ctx, q, g.Now(), 0, min(n, maxPage))
	return count, sample, err
}

// Question is a read question: a condition, or several joined.
type Question struct {
	Join  Join // And or Or over Parts, Not over one, empty for a condition
	Parts []Question
	Condition
}

// Join says how parts are joined.
type Join string

// The ways to join parts.
const (
	And Join = "and"
	Or  Join = "or"
	Not Join = "not"
)

// Condition compares one thing that is known of a reader with values.
type Condition struct {
	Attribute Attribute
	Field     string // of AttributeField
	Op        Op
	Values    []string // one, or several for = and != ; none for Empty
}

// Attribute is a thing that is known of a reader.
type Attribute string

// What can be asked about.
const (
	AttributeEmail    Attribute = "email"
	AttributeDomain   Attribute = "domain"
	AttributeName     Attribute = "name"
	AttributeLanguage Attribute = "language" // sv also means sv-FI
	AttributeZone     Attribute = "zone"
	AttributeAddress  Attribute = "address" // ok, bounced, complained
	AttributeList     Attribute = "list"    // active on it
	AttributePending  Attribute = "pending" // not confirmed on it
	AttributeLeft     Attribute = "left"    // unsubscribed from it
	AttributeTag      Attribute = "tag"
	AttributeAdded    Attribute = "added"    // when the reader was kept
	AttributeConsent  Attribute = "consent"  // the newest date on which they agreed
	AttributeReceived Attribute = "received" // editions that a mail server took for them
	AttributeField    Attribute = "field"
)

// Op is a comparison.
type Op string

// The comparisons. Texts are compared without regard to case.
const (
	Is       Op = "="
	IsNot    Op = "!="
	Less     Op = "<"
	AtMost   Op = "<="
	More     Op = ">"
	AtLeast  Op = ">="
	Contains Op = "contains"
	Begins   Op = "begins"
	Ends     Op = "ends"
	Empty    Op = "empty"
)

// kindOf says how an attribute is compared.
type kindOf string

const (
	kindText   kindOf = "text"
	kindSet    kindOf = "set"
	kindDate   kindOf = "date"
	kindNumber kindOf = "number"
	kindAny    kindOf = "any" // a field: a number where both sides are one
)

var attributes = map[Attribute]kindOf{
	AttributeEmail: kindText, AttributeDomain: kindText, AttributeName: kindText, AttributeLanguage: kindText, AttributeZone: kindText,
	AttributeAddress: kindSet, AttributeList: kindSet, AttributePending: kindSet, AttributeLeft: kindSet, AttributeTag: kindSet,
	AttributeAdded: kindDate, AttributeConsent: kindDate, AttributeReceived: kindNumber, AttributeField: kindAny,
}

// allowed are the comparisons of a kind.
var allowed = map[kindOf][]Op{
	kindText:   {Is, IsNot, Contains, Begins, Ends, Empty},
	kindSet:    {Is, IsNot},
	kindDate:   {Is, IsNot, Less, AtMost, More, AtLeast, Empty},
	kindNumber: {Is, IsNot, Less, AtMost, More, AtLeast},
	kindAny:    {Is, IsNot, Less, AtMost, More, AtLeast, Contains, Begins, Ends, Empty},
}

// String writes a question in its normal form, which ParseQuestion reads back
// to the same.
func (q Question) String() string {
	switch q.Join {
	case Not:
		return "not " + q.Parts[0].inner()
	case And, Or:
		parts := make([]string, len(q.Parts))
		for i, p := range q.Parts {
			parts[i] = p.inner()
		}
		return strings.Join(parts, " "+string(q.Join)+" ")
	}
	return q.Condition.String()
}

func (q Question) inner() string {
	if q.Join == "" || q.Join == Not {
		return q.String()
	}
	return "(" + q.String() + ")"
}

// String writes a condition as ParseQuestion reads it.
func (c Condition) String() string {
	name := string(c.Attribute)
	if c.Attribute == AttributeField {
		name += "." + c.Field
	}
	if c.Op == Empty {
		return name + " is empty"
	}
	if len(c.Values) == 1 {
		return name + " " + string(c.Op) + " " + quoteValue(c.Values[0])
	}
	all := make([]string, len(c.Values))
	for i, v := range c.Values {
		all[i] = quoteValue(v)
	}
	op := "in"
	if c.Op == IsNot {
		op = "not in"
	}
	return name + " " + op + " (" + strings.Join(all, ", ") + ")"
}

func quoteValue(v string) string {
	if v != "" && !strings.ContainsFunc(v, func(r rune) bool { return !wordRune(r) }) && !reservedWords[strings.ToLower(v)] {
		return v
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`
}

// Date reads a value of a date attribute: a day, or "30d" for so many days
// before now.
func (c Condition) Date(now time.Time) (time.Time, error) {
	if days, ok := daysAgo(c.Values[0]); ok {
		return now.AddDate(0, 0, -days), nil
	}
	t, err := ParseDate(c.Values[0])
	if err != nil || t.IsZero() {
		return t, errs.Invalidf("%q is no date: want one such as 2026-03-01, or 30d for thirty days ago", c.Values[0])
	}
	return t, nil
}

func daysAgo(v string) (int, bool) {
	var days int
	var unit string
	if n, _ := fmt.Sscanf(v, "%d%s", &days, &unit); n == 2 && unit == "d" && days >= 0 && days <= 36_500 && v[0] != '+' {
		return days, true
	}
	return 0, false
}
