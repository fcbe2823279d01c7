package campaigns

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"postrider/internal/errs"
	"postrider/recaps"
	"postrider/templates"
)

// withBlocks adds the recaps that the campaign's blocks name to those of its
// own. One that is there already is not added again: it stands where its block
// says.
func (d *Desk) withBlocks(ctx context.Context, c Campaign, own []recaps.Saved) ([]recaps.Saved, error) {
	out := slices.Clone(own)
	for n, b := range c.Blocks {
		if b.Kind != templates.BlockRecap || slices.ContainsFunc(out, func(s recaps.Saved) bool { return s.Slug == b.Recap }) {
			continue
		}
		saved, err := d.Library.Get(ctx, b.Recap)
		if err != nil {
			return nil, &errs.Error{Kind: errs.KindOf(err), Field: fmt.Sprintf("block %d", n+1), Err: err}
		}
		out = append(out, saved)
	}
	return out, nil
}

// names reports whether a block of the campaign names a recap.
func (c Campaign) names(slug string) bool {
	return slices.ContainsFunc(c.Blocks, func(b templates.Block) bool { return b.Kind == templates.BlockRecap && b.Recap == slug })
}

// checkBlocks refuses a block that names a recap which is not there. Its slug
// is kept, however it was named.
func (d *Desk) checkBlocks(ctx context.Context, c *Campaign) error {
	c.Blocks = slices.Clone(c.Blocks)
	for n := range c.Blocks {
		b := &c.Blocks[n]
		if b.Kind != templates.BlockRecap {
			continue
		}
		saved, err := d.Library.Get(ctx, b.Recap)
		if err != nil {
			return &errs.Error{Kind: errs.Invalid, Field: fmt.Sprintf("block %d", n+1), Err: err}
		}
		if saved.ID == c.Recap {
			return &errs.Error{Kind: errs.Invalid, Field: fmt.Sprintf("block %d", n+1), Text: "names the campaign's own recap: choose another"}
		}
		b.Recap = saved.Slug
	}
	return nil
}

func sameBlocks(a, b []templates.Block) bool {
	return len(a) == 0 && len(b) == 0 || reflect.DeepEqual(a, b)
}

func unapproved(all []recaps.Saved) []recaps.Saved {
	var out []recaps.Saved
	for _, r := range all {
		if r.State != recaps.Approved {
			out = append(out, r)
		}
	}
	return out
}

func notApproved(r recaps.Saved) error {
	return errs.Conflictf("the recap %q is %s: approve it before it is sent", r.Recap.Title, r.State)
}
