// Package preflight looks an edition over before it is sent: what would hurt
// readers or the sender's name blocks, everything else is advice. It changes
// nothing and decides nothing; links are asked through a Fetcher.
package preflight

import (
	"context"

	"postrider/internal/errs"
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
}

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

func (c *checker) advise(check, field, text string) {
	c.findings = append(c.findings, Finding{Check: check, Level: Advice, Field: field, Text: text})
}

// block is for what must not reach readers; on this machine alone it is advice.
func (c *checker) block(check, field, text string) {
	f := Finding{Check: check, Level: Advice, Field: field, Text: text}
	if c.Remote {
		f.Level = Blocks
	}
	c.findings = append(c.findings, f)
}

// legal is what laws and large providers ask of each mail.
func (c *checker) legal() {
	if !holdsSlot(c.Mail.HTML.Pieces, templates.SlotUnsubscribeURL) || !holdsSlot(c.Mail.Text.Pieces, templates.SlotUnsubscribeURL) {
		c.block("unsubscribe", "", "the mail has no link to unsubscribe: put {{unsubscribe_url}} into the theme's footer")
	}
	if c.Edition.Organisation.PostalAddress == "" {
		c.block("postal_address", "", "the mail says no postal address: set it with postrider organisation --postal-address, or in the settings")
	}
	if c.Audience != nil && c.Audience.Reached == 0 {
		c.block("audience", "", "nobody would get it: the lists have no active reader who may be mailed")
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
		c.block("merge_tag", field, text)
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
		c.findings = append(c.findings, Finding{Check: "empty_field", Level: Advice, Field: u.Field, Readers: n,
			Text: u.Tag + " is empty for them: write a fallback, {{" + u.Name + "|there}}"})
	}
}
