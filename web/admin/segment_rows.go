package admin

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"postrider/internal/words"
	"postrider/subscribers"
	"postrider/web/pages"
	"postrider/web/respond"
)

// A segment's question as rows in groups: "all of these groups: any of these
// rows, none of those". Questions that are nested deeper have text alone.
type questionRows struct {
	Top    string // "and" or "or"
	Groups []questionGroup
}

type questionGroup struct {
	Join string // "and", "or", or "none": none of the rows
	Rows []questionRow
}

type questionRow struct{ What, Op, Value string } // What is an attribute or field.NAME

const (
	maxGroups   = 10
	maxRows     = 20
	joinNone    = "none"
	opNotEmpty  = "filled"
	fieldPrefix = "field."
)

var firstRow = questionRow{What: string(subscribers.AttributeList), Op: string(subscribers.Is)}

// attributeKeys are what can be asked about, in the order of the form.
var attributeKeys = []struct{ attribute, key string }{
	{"list", "segments.on_list"}, {"pending", "segments.on_pending"}, {"left", "segments.on_left"}, {"tag", "segments.tag"}, {"language", "segments.language"},
	{"zone", "segments.zone"}, {"domain", "segments.domain"}, {"email", "segments.email"}, {"name", "segments.reader_name"}, {"address", "segments.address"},
	{"added", "segments.added"}, {"consent", "segments.consent"}, {"received", "segments.received"},
}

var opKeys = []struct{ op, key string }{
	{"=", "segments.op_is"}, {"!=", "segments.op_is_not"}, {"contains", "segments.op_contains"}, {"begins", "segments.op_begins"}, {"ends", "segments.op_ends"},
	{"<", "segments.op_less"}, {"<=", "segments.op_at_most"}, {">", "segments.op_more"}, {">=", "segments.op_at_least"},
	{"empty", "segments.op_empty"}, {opNotEmpty, "segments.op_filled"},
}

// rowsOf writes a question as rows, false where they cannot say it.
func rowsOf(q subscribers.Question) (questionRows, bool) {
	if g, ok := groupOf(q); ok {
		return questionRows{Top: string(subscribers.And), Groups: []questionGroup{g}}, true
	}
	if q.Join != subscribers.And && q.Join != subscribers.Or || len(q.Parts) > maxGroups {
		return questionRows{}, false
	}
	out := questionRows{Top: string(q.Join)}
	plain := -1 // the group of single rows
	for _, p := range q.Parts {
		if row, ok := rowOf(p); ok && plain >= 0 {
			out.Groups[plain].Rows = append(out.Groups[plain].Rows, row)
			continue
		} else if ok {
			plain = len(out.Groups)
			out.Groups = append(out.Groups, questionGroup{Join: out.Top, Rows: []questionRow{row}})
			continue
		}
		g, ok := groupOf(p)
		if !ok {
			return questionRows{}, false
		}
		out.Groups = append(out.Groups, g)
	}
	return out, true
}

func groupOf(q subscribers.Question) (questionGroup, bool) {
	if row, ok := rowOf(q); ok {
		return questionGroup{Join: string(subscribers.And), Rows: []questionRow{row}}, true
	}
	g := questionGroup{Join: string(q.Join)}
	parts := q.Parts
	if q.Join == subscribers.Not {
		g.Join = joinNone
		if parts = q.Parts[0].Parts; q.Parts[0].Join != subscribers.Or {
			parts = q.Parts
		}
	}
	for _, p := range parts {
		row, ok := rowOf(p)
		if !ok || len(g.Rows) == maxRows {
			return g, false
		}
		g.Rows = append(g.Rows, row)
	}
	return g, len(g.Rows) > 0
}

func rowOf(q subscribers.Question) (questionRow, bool) {
	op := string(q.Op)
	if q.Join == subscribers.Not && q.Parts[0].Join == "" && q.Parts[0].Op == subscribers.Empty {
		q, op = q.Parts[0], opNotEmpty
	}
	if q.Join != "" {
		return questionRow{}, false
	}
	row := questionRow{What: string(q.Attribute), Op: op, Value: strings.Join(q.Values, ", ")}
	if q.Attribute == subscribers.AttributeField {
		row.What = fieldPrefix + q.Field
	}
	back, err := row.question()
	return row, err == nil && back.String() == q.String() || op == opNotEmpty
}

// question reads a row back. Several values of "is" and "is not" stand between commas.
func (r questionRow) question() (subscribers.Question, error) {
	c := subscribers.Condition{Attribute: subscribers.Attribute(r.What), Op: subscribers.Op(r.Op)}
	if name, ok := strings.CutPrefix(r.What, fieldPrefix); ok {
		c.Attribute, c.Field = subscribers.AttributeField, name
	}
	if r.Op == opNotEmpty {
		c.Op = subscribers.Empty
	}
	if c.Op != subscribers.Empty {
		c.Values = []string{strings.TrimSpace(r.Value)}
	}
	if c.Op == subscribers.Is || c.Op == subscribers.IsNot {
		c.Values = nil
		for v := range strings.SplitSeq(r.Value, ",") {
			if v = strings.TrimSpace(v); v != "" {
				c.Values = append(c.Values, v)
			}
		}
		if len(c.Values) == 0 {
			c.Values = []string{""}
		}
	}
	q, err := subscribers.ParseQuestion(c.String())
	if r.Op == opNotEmpty {
		q = subscribers.Question{Join: subscribers.Not, Parts: []subscribers.Question{q}}
	}
	return q, err
}

func joined(join subscribers.Join, parts []subscribers.Question) subscribers.Question {
	if len(parts) == 1 && join != subscribers.Not {
		return parts[0]
	}
	return subscribers.Question{Join: join, Parts: parts}
}

var columnAt = regexp.MustCompile(`column \d+: `)

// question joins the rows; what is wrong with one stands beside its field.
func (v questionRows) question(f *pages.Form, t *words.Words) subscribers.Question {
	var groups []subscribers.Question
	for i, g := range v.Groups {
		var rows []subscribers.Question
		for j, r := range g.Rows {
			q, err := r.question()
			if r.Value == "" && r.Op != string(subscribers.Empty) && r.Op != opNotEmpty {
				f.Add(rowField(i, j, "value"), t.T("segments.value_missing"))
			} else if err != nil {
				f.Add(rowField(i, j, "value"), respond.Sentence(columnAt.ReplaceAllString(err.Error(), "")))
			}
			rows = append(rows, q)
		}
		if g.Join == joinNone {
			groups = append(groups, joined(subscribers.Not, []subscribers.Question{joined(subscribers.Or, rows)}))
		} else {
			groups = append(groups, joined(subscribers.Join(g.Join), rows))
		}
	}
	return joined(subscribers.Join(v.Top), groups)
}

func rowField(group, row int, what string) string { return fmt.Sprintf("g%d.%d.%s", group, row, what) }

func groupField(group int) string { return fmt.Sprintf("g%d.join", group) }

// readRows reads the rows of the form; unknown joins and comparisons become the first.
func readRows(v url.Values) questionRows {
	out := questionRows{Top: string(subscribers.And)}
	if v.Get("top") == string(subscribers.Or) {
		out.Top = v.Get("top")
	}
	for i := 0; i < maxGroups && v.Has(groupField(i)); i++ {
		g := questionGroup{Join: v.Get(groupField(i))}
		if g.Join != string(subscribers.Or) && g.Join != joinNone {
			g.Join = string(subscribers.And)
		}
		for j := 0; j < maxRows && v.Has(rowField(i, j, "what")); j++ {
			g.Rows = append(g.Rows, questionRow{v.Get(rowField(i, j, "what")), v.Get(rowField(i, j, "op")), v.Get(rowField(i, j, "value"))})
		}
		if len(g.Rows) > 0 {
			out.Groups = append(out.Groups, g)
		}
	}
	return out
}

// write puts the rows into the form.
func (v questionRows) write(to url.Values) {
	for name := range to {
		if rowName.MatchString(name) {
			to.Del(name)
		}
	}
	to.Set("top", v.Top)
	for i, g := range v.Groups {
		to.Set(groupField(i), g.Join)
		for j, r := range g.Rows {
			to.Set(rowField(i, j, "what"), r.What)
			to.Set(rowField(i, j, "op"), r.Op)
			to.Set(rowField(i, j, "value"), r.Value)
		}
	}
}

var rowName = regexp.MustCompile(`^g\d+\.`)

// act adds or takes away what a button names: "group", "row 1", "drop 1 0".
func (v *questionRows) act(do string) bool {
	var group, row int
	switch {
	case do == "group":
		if len(v.Groups) < maxGroups {
			v.Groups = append(v.Groups, questionGroup{Join: string(subscribers.Or), Rows: []questionRow{firstRow}})
		}
	case scans(do, "row %d", &group) && group >= 0 && group < len(v.Groups):
		if g := &v.Groups[group]; len(g.Rows) < maxRows {
			g.Rows = append(g.Rows, firstRow)
		}
	case scans(do, "drop %d %d", &group, &row) && group >= 0 && group < len(v.Groups) && row >= 0 && row < len(v.Groups[group].Rows):
		g := &v.Groups[group]
		if g.Rows = slices.Delete(g.Rows, row, row+1); len(g.Rows) == 0 {
			v.Groups = slices.Delete(v.Groups, group, group+1)
		}
	default:
		return false
	}
	return true
}

func scans(text, form string, into ...any) bool {
	n, err := fmt.Sscanf(text, form, into...)
	return err == nil && n == len(into)
}
