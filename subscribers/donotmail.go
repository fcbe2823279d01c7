package subscribers

import (
	"bufio"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/mailaddr"
)

// redact takes whatever looks like an address out of a text for the audit log.
func redact(text string) string {
	words := strings.Fields(text)
	for i, w := range words {
		if strings.Contains(w, "@") {
			words[i] = "(address)"
		}
	}
	return strings.Join(words, " ")
}

// Suppress puts an address or a domain ("example.org") on the do-not-mail list
// and takes it out of editions on their way. It is idempotent; the first
// reason stays.
func (g *Registry) Suppress(ctx context.Context, actor, what, reason, source string) (Suppression, error) {
	kind, value, err := ParseSuppression(what)
	if err != nil {
		return Suppression{}, err
	}
	s := g.suppression(kind, value, reason, source)
	if len(s.Reason) > maxReason || len(s.Source) > maxReason {
		return Suppression{}, invalid("reason", "shorten it to 2000 bytes")
	}
	_, err = g.Store.AddSuppressions(ctx, []Suppression{s}, audit.Entry{
		At: s.CreatedAt, Actor: actor, Action: "suppressed", Kind: "suppression", Object: int64(s.ID), Detail: string(kind),
	})
	return s, err
}

func (g *Registry) suppression(kind SuppressionKind, value, reason, source string) Suppression {
	return Suppression{
		ID: ids.New[suppressionMark](), Kind: kind, Value: value, Reason: cmp.Or(clean(reason), "operator"),
		Source: cmp.Or(clean(source), "operator"), CreatedAt: g.Now(),
	}
}

// Unsuppress takes an address or a domain off the do-not-mail list. One that
// is not on it is NotFound. Mails that were withdrawn do not come back.
func (g *Registry) Unsuppress(ctx context.Context, actor, what string) error {
	kind, value, err := ParseSuppression(what)
	if err != nil {
		return err
	}
	return g.Store.RemoveSuppression(ctx, kind, value, audit.Entry{
		At: g.Now(), Actor: actor, Action: "unsuppressed", Kind: "suppression", Detail: string(kind),
	})
}

// Suppressions returns the do-not-mail list in the order of ids behind after,
// at most limit (100 where 0, never over 1000).
func (g *Registry) Suppressions(ctx context.Context, after SuppressionID, limit int) ([]Suppression, error) {
	return g.Store.SuppressionPage(ctx, after, page(limit))
}

// SuppressionsNewest returns the do-not-mail list from its newest entry on,
// behind the entry before (0: from the start), at most limit (100 where 0, never
// over 1000). search, where it is not empty, is a part of the address or domain.
func (g *Registry) SuppressionsNewest(ctx context.Context, before SuppressionID, search string, limit int) ([]Suppression, error) {
	return g.Store.SuppressionsNewest(ctx, before, strings.ToLower(clean(search)), page(limit))
}

// Suppressed returns those of the addresses that may not be mailed, each with
// the entry that says so. The keys are the addresses as they were given. Not
// an address at all is Invalid.
func (g *Registry) Suppressed(ctx context.Context, emails []string) (map[string]Suppression, error) {
	out := map[string]Suppression{}
	for len(emails) > 0 {
		n := min(len(emails), maxPage)
		if err := g.suppressedAmong(ctx, emails[:n], out); err != nil {
			return nil, err
		}
		emails = emails[n:]
	}
	return out, nil
}

func (g *Registry) suppressedAmong(ctx context.Context, emails []string, out map[string]Suppression) error {
	type key struct {
		kind  SuppressionKind
		value string
	}
	var addresses, domains, hashes []string
	by := map[key][]string{}
	note := func(kind SuppressionKind, value, email string, values *[]string) {
		k := key{kind, value}
		if len(by[k]) == 0 {
			*values = append(*values, value)
		}
		by[k] = append(by[k], email)
	}
	for _, email := range emails {
		a, err := mailaddr.Parse(email)
		if err != nil {
			return err
		}
		note(ByAddress, a.Canonical(), email, &addresses)
		note(ByDomain, a.Domain(), email, &domains)
		for _, h := range g.hashes(a.Canonical()) {
			note(ByHash, h, email, &hashes)
		}
	}
	found, err := g.Store.SuppressionsOf(ctx, addresses, domains, hashes)
	if err != nil {
		return err
	}
	for _, s := range found {
		for _, email := range by[key{s.Kind, s.Value}] {
			out[email] = s
		}
	}
	return nil
}

// ExportSuppressions writes the do-not-mail list as CSV: what (an address, a
// domain with an @ before it, or "hash:" and a keyed hash), reason, source, date. No
// cell is a formula to a spreadsheet. ImportSuppressions reads it back; a hash
// is worth something only to installations with the same key.
func (g *Registry) ExportSuppressions(ctx context.Context, w io.Writer) (int, error) {
	e := exporter{w: bufio.NewWriterSize(w, readAhead)}
	for _, title := range []string{"what", "reason", "source", "date"} {
		e.cell(title)
	}
	e.end()
	n := 0
	for after := SuppressionID(0); ; {
		page, err := g.Suppressions(ctx, after, maxPage)
		if err != nil {
			return n, err
		}
		for _, x := range page {
			what := x.Value
			switch x.Kind {
			case ByDomain:
				what = "@" + what
			case ByHash:
				what = "hash:" + what
			}
			for _, c := range []string{what, x.Reason, x.Source, x.CreatedAt.UTC().Format(time.RFC3339)} {
				e.cell(c)
			}
			e.end()
			n, after = n+1, x.ID
		}
		if len(page) < maxPage {
			return n, e.w.Flush()
		}
	}
}

// ImportSuppressions reads addresses, domains and hashes, one a line, where the
// first cell counts and a first line without any is taken for a header; where
// that names reason, source and date, as ExportSuppressions writes them, they
// count too. Lines that cannot be read are refused and the rest go on. What was
// on the list before counts as unchanged.
func (g *Registry) ImportSuppressions(ctx context.Context, actor string, r io.Reader, reason, source string) (ImportResult, error) {
	var result ImportResult
	decoded, _, err := decode(r, "")
	if err != nil {
		return result, err
	}
	lines := bufio.NewReaderSize(decoded, readAhead)
	start, _ := lines.Peek(readAhead)
	table := csv.NewReader(io.LimitReader(lines, maxSuppressions))
	table.Comma, table.FieldsPerRecord, table.LazyQuotes, table.ReuseRecord = separatorOf(start), -1, true, true
	columns := map[string]int{}
	var chunk []Suppression
	flush := func() error {
		if len(chunk) == 0 {
			return nil
		}
		added, err := g.Store.AddSuppressions(ctx, chunk, audit.Entry{
			At: g.Now(), Actor: actor, Action: "imported", Kind: "suppression", Detail: fmt.Sprintf("%d rows", len(chunk)),
		})
		if err != nil {
			result.Rows -= len(chunk)
			return err
		}
		result.Added += added
		result.Unchanged += len(chunk) - added
		chunk = chunk[:0]
		return nil
	}
	for first := true; ; first = false {
		cells, err := table.Read()
		if errors.Is(err, io.EOF) {
			return result, flush()
		}
		if err != nil {
			return result, errors.Join(errs.Invalidf("reading the file: %w", err), flush())
		}
		line, _ := table.FieldPos(0)
		cell := strings.TrimSpace(unguard(strings.TrimSpace(cells[0])))
		if cell == "" {
			continue
		}
		x, err := g.suppressionOf(cells, cell, columns, reason, source)
		if err != nil && first && !strings.Contains(cell, "@") {
			for i, title := range cells {
				columns[fieldName(title)] = i
			}
			continue
		}
		if result.Rows++; err != nil {
			result.refuse(Refusal{Line: line, Email: cell, Reason: err.Error()})
			continue
		}
		if chunk = append(chunk, x); len(chunk) == chunkRows {
			if err := flush(); err != nil {
				return result, err
			}
		}
	}
}

// suppressionOf reads one row; what it does not say is as the caller says.
func (g *Registry) suppressionOf(cells []string, what string, columns map[string]int, reason, source string) (Suppression, error) {
	kind, value, err := ParseSuppression(what)
	if err != nil {
		return Suppression{}, err
	}
	cell := func(title string) string {
		if i, ok := columns[title]; ok && i < len(cells) {
			return unguard(cells[i])
		}
		return ""
	}
	x := g.suppression(kind, value, cmp.Or(cell("reason"), reason), cmp.Or(cell("source"), source))
	if at, err := ParseDate(cell("date")); err != nil {
		return x, err
	} else if !at.IsZero() && at.Before(x.CreatedAt) {
		x.CreatedAt = at
	}
	if len(x.Reason) > maxReason || len(x.Source) > maxReason {
		return x, invalid("reason", "shorten it to 2000 bytes")
	}
	return x, nil
}

// maxSuppressions is more than any list of these has, in bytes.
const maxSuppressions = 4 << 30
