package subscribers

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

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

// ImportSuppressions reads addresses and domains, one a line, where the first
// cell counts and a first line without any is taken for a header. Lines that
// cannot be read are refused and the rest go on. What was on the list before
// counts as unchanged.
func (g *Registry) ImportSuppressions(ctx context.Context, actor string, r io.Reader, reason, source string) (ImportResult, error) {
	var result ImportResult
	decoded, _, err := decode(r, "")
	if err != nil {
		return result, err
	}
	lines := bufio.NewScanner(decoded)
	lines.Buffer(make([]byte, 0, readAhead), maxRecord)
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
	for line := 1; lines.Scan(); line++ {
		cell := firstCell(lines.Text())
		if cell == "" {
			continue
		}
		kind, value, err := ParseSuppression(cell)
		if err != nil && line == 1 && !strings.Contains(cell, "@") {
			continue
		}
		if result.Rows++; err != nil {
			result.refuse(Refusal{Line: line, Email: cell, Reason: err.Error()})
			continue
		}
		if chunk = append(chunk, g.suppression(kind, value, reason, source)); len(chunk) == chunkRows {
			if err := flush(); err != nil {
				return result, err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return result, errs.Invalidf("reading the file: %w", err)
	}
	return result, flush()
}

func firstCell(line string) string {
	if i := strings.IndexAny(line, ",;\t"); i >= 0 {
		line = line[:i]
	}
	return strings.TrimSpace(unguard(strings.Trim(strings.TrimSpace(line), `"`)))
}
