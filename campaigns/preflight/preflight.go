// Package preflight looks an edition over before it is sent: what would hurt
// readers or the sender's name blocks, everything else is advice. It changes
// nothing and decides nothing; links are asked through a Fetcher.
package preflight

import (
	"context"

	"postrider/internal/errs"
	"postrider/internal/words"
	"postrider/templates"
)

// Fetcher asks whether an address answers. size is in bytes, -1 where the
// server does not say.
type Fetcher interface {
	Look(ctx context.Context, address string) (status int, size int64, err error)
}

// Level says what a finding means.
type Level string

// Only a few findings block, and only where mail leaves this machine.
const (
	Blocks Level = "blocks"
	Advice Level = "advice"
)

// Finding is one thing to look at.
type Finding struct {
	Check   string `json:"check"` // which check found it: a word that never changes
	Level   Level  `json:"level"`
	Field   string `json:"field,omitempty"`   // "subject", "takeaway 3"; empty: the mail as a whole
	Text    string `json:"text"`              // what is wrong and what to do
	Readers int    `json:"readers,omitempty"` // how many it touches, where that is known
	Line    int    `json:"line,omitempty"`    // of the recap's source, from 1, where Place found it

	about string // what to look for in the source: an address, the words of a link
	key   string // of the text in the catalogue
	args  []any
}

// Say is the finding's text in a language. What an error said stays in English.
func (f Finding) Say(w *words.Words) string { return w.T(f.key, f.args...) }

// Audience is what a check knows of those who will get the mail.
type Audience struct {
	Reached int
	Empty   map[string]int      // by merge tag's name: how many have no value for it
	Longest []map[string]string // values of the readers whose mails are the largest
}

// Input is what is looked over.
type Input struct {
	Edition  templates.Edition
	Mail     templates.Mail
	Remote   bool      // some mail server is elsewhere: only then may a finding block
	Fields   []string  // the fields that readers have; nil: not known, tags are not judged
	Audience *Audience // nil: not known
}

// Check returns all findings, those that block first. A nil Fetcher asks no
// links. It takes as long as the slowest of a hundred links, 40 s at most.
func Check(ctx context.Context, in Input, f Fetcher) []Finding {
	c := &checker{Input: in}
	c.legal()
	c.tags()
	c.lines()
	c.body()
	c.size()
	c.brand()
	if f != nil {
		c.ask(ctx, f)
	}
	var out []Finding
	for _, level := range []Level{Blocks, Advice} {
		for _, x := range c.findings {
			if x.Level == level {
				out = append(out, x)
			}
		}
	}
	return out
}

// Blocked reports whether any finding blocks.
func Blocked(all []Finding) bool { return len(all) > 0 && all[0].Level == Blocks }

type checker struct {
	Input
	findings []Finding
	doc      document
}

// found makes advice of a text of the catalogue.
func found(check, field, key string, args ...any) Finding {
	return Finding{Check: check, Level: Advice, Field: field, Text: words.English().T(key, args...), key: key, args: args}
}

func (c *checker) advise(f Finding) { c.findings = append(c.findings, f) }

// block is for what must not reach readers; on this machine alone it is advice.
func (c *checker) block(f Finding) {
	if c.Remote {
		f.Level = Blocks
	}
	c.findings = append(c.findings, f)
}

// legal is what laws and large providers ask of each mail.
func (c *checker) legal() {
	if !holdsSlot(c.Mail.HTML.Pieces, templates.SlotUnsubscribeURL) || !holdsSlot(c.Mail.Text.Pieces, templates.SlotUnsubscribeURL) {
		c.block(found("unsubscribe", "", "check.unsubscribe", "{{unsubscribe_url}}"))
	}
	if c.Edition.Organisation.PostalAddress == "" {
		c.block(found("postal_address", "", "check.postal_address"))
	}
	if c.Audience != nil && c.Audience.Reached == 0 {
		c.block(found("audience", "", "check.audience"))
	}
}

// holdsSlot does not look into conditions: what only some readers see is not
// there for all.
func holdsSlot(pieces []templates.Piece, name string) bool {
	for _, p := range pieces {
		if p.Slot == name && !p.Cond {
			return true
		}
	}
	return false
}

func (c *checker) tags() {
	uses, err := templates.Tags(c.Edition)
	if err == nil && c.Fields != nil {
		err = templates.CheckTags(uses, c.Fields)
	}
	if err != nil {
		field, text := "", err.Error()
		if e, ok := err.(*errs.Error); ok {
			field = e.Field
			short := *e
			short.Field = ""
			text = short.Error()
		}
		c.block(found("merge_tag", field, "check.as_is", text))
	}
	if c.Audience == nil {
		return
	}
	told := map[string]bool{}
	for _, u := range uses {
		n := c.Audience.Empty[u.Name]
		if !u.Empty || n == 0 || told[u.Field+u.Name] {
			continue
		}
		told[u.Field+u.Name] = true
		f := found("empty_field", u.Field, "check.empty_field", u.Tag, "{{"+u.Name+"|there}}")
		f.Readers, f.about = n, u.Tag
		c.advise(f)
	}
}
