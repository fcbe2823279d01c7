package subscribers

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Export writes the subscribers that q asks for (q.After and q.Limit do not
// count) as CSV in UTF-8: email, name, language, zone, tags, a column for each
// field that any of them has, and one "list:NAME" for each list with the state
// on it. Every cell is quoted, and none is a formula to a spreadsheet unless
// q.Raw. Import reads the file back to the same readers. It returns how many it
// wrote; memory does not grow with them.
func (g *Registry) Export(ctx context.Context, w io.Writer, q Query) (int, error) {
	fields := map[string]bool{}
	if err := g.each(ctx, q, func(page []Subscriber) error {
		for _, s := range page {
			for k := range s.Fields {
				fields[k] = true
			}
		}
		return nil
	}); err != nil {
		return 0, err
	}
	lists, err := g.allLists(ctx)
	if err != nil {
		return 0, err
	}
	e := exporter{w: bufio.NewWriterSize(w, readAhead), fields: slices.Sorted(maps.Keys(fields)), lists: lists, raw: q.Raw}
	e.header()
	count := 0
	err = g.each(ctx, q, func(page []Subscriber) error {
		who := make([]ID, len(page))
		for i, s := range page {
			who[i] = s.ID
		}
		on, err := g.Store.MembershipsOf(ctx, who)
		if err != nil {
			return err
		}
		tags, err := g.Store.TagsOf(ctx, who)
		if err != nil {
			return err
		}
		for _, s := range page {
			e.subscriber(s, tags[s.ID], on[s.ID])
			count++
		}
		return e.w.Flush()
	})
	if err != nil {
		return count, fmt.Errorf("exporting readers: %w", err)
	}
	return count, e.w.Flush()
}

// each hands f all subscribers of a query, page by page.
func (g *Registry) each(ctx context.Context, q Query, f func([]Subscriber) error) error {
	q.After, q.Limit = 0, maxPage
	for {
		page, err := g.Page(ctx, q)
		if err != nil || len(page) == 0 {
			return err
		}
		if err := f(page); err != nil {
			return err
		}
		if len(page) < maxPage {
			return nil
		}
		q.After = page[len(page)-1].ID
	}
}

func (g *Registry) allLists(ctx context.Context) ([]ListCounts, error) {
	var all []ListCounts
	for after := ""; ; {
		page, err := g.Lists(ctx, after, maxPage)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(page) < maxPage {
			return all, nil
		}
		after = page[len(page)-1].Name
	}
}

// exporter writes rows; errors of writing come back from Flush.
type exporter struct {
	w      *bufio.Writer
	fields []string
	lists  []ListCounts
	cells  int
	raw    bool
}

func (e *exporter) header() {
	for _, c := range append([]string{colEmail, colName, colLanguage, colZone, colTags}, e.fields...) {
		e.cell(c)
	}
	for _, l := range e.lists {
		e.cell(listPrefix + l.Name)
	}
	e.end()
}

func (e *exporter) subscriber(s Subscriber, tags []string, on []Membership) {
	for _, c := range []string{s.Email, s.Name, s.Language, s.Zone, strings.Join(tags, ", ")} {
		e.cell(c)
	}
	for _, f := range e.fields {
		e.cell(s.Fields[f])
	}
	states := map[ListID]MembershipState{}
	for _, m := range on {
		states[m.List] = m.State
	}
	for _, l := range e.lists {
		e.cell(string(states[l.ID]))
	}
	e.end()
}

func (e *exporter) cell(s string) {
	if e.cells > 0 {
		_ = e.w.WriteByte(',')
	}
	e.cells++
	_ = e.w.WriteByte('"')
	if !e.raw || dangerous(s) && s[0] == '\'' { // import would take such an apostrophe for ours
		s = guardCell(s)
	}
	_, _ = e.w.WriteString(strings.ReplaceAll(s, `"`, `""`))
	_ = e.w.WriteByte('"')
}

func (e *exporter) end() {
	_, _ = e.w.WriteString("\r\n") // RFC 4180
	e.cells = 0
}
