package subscribers

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
)

type noteMark struct{}

// Note is what the team wrote down about a reader. Readers who ask for their
// data get it too.
type Note struct {
	ID         ids.ID[noteMark] `json:"id"`
	Subscriber ID               `json:"-"`
	Actor      string           `json:"actor"`
	Text       string           `json:"text"`
	At         time.Time        `json:"at"`
}

// Moment is one line of a reader's time line.
type Moment struct {
	At   time.Time `json:"at"`
	Kind string    `json:"kind"` // consent, mail, change, note
	What string    `json:"what"` // given, accepted, changed…
	Text string    `json:"text"` // the wording, the mail server's words, the note
	Who  string    `json:"who"`  // the source, the relay or the actor
}

// Tag adds and takes away tags. Both are cleaned as CheckTag does; it may be repeated.
func (g *Registry) Tag(ctx context.Context, actor string, id ID, add, remove []string) error {
	var err error
	for _, all := range [][]string{add, remove} {
		for i := range all {
			if all[i], err = CheckTag(all[i]); err != nil {
				return err
			}
		}
	}
	tags, err := g.Store.TagsOf(ctx, []ID{id})
	if err != nil {
		return err
	}
	if len(tags[id])+len(add) > maxTags {
		return invalid("tags", "a reader has at most 100 tags")
	}
	_, err = g.Store.ChangeTags(ctx, id, add, remove, audit.Entry{At: g.Now(), Actor: actor, Action: "tagged", Kind: "subscriber", Object: int64(id)})
	return err
}

// Tags returns the tags of a reader in their order.
func (g *Registry) Tags(ctx context.Context, id ID) ([]string, error) {
	all, err := g.Store.TagsOf(ctx, []ID{id})
	return all[id], err
}

// Note keeps a text of the team with a reader.
func (g *Registry) Note(ctx context.Context, actor string, id ID, text string) (Note, error) {
	n := Note{ID: ids.New[noteMark](), Subscriber: id, Actor: actor, Text: strings.TrimSpace(text), At: g.Now()}
	if n.Text == "" || len(n.Text) > maxFieldValue || !utf8.ValidString(n.Text) {
		return n, errs.Invalidf("a note has 1 to %d bytes", maxFieldValue)
	}
	return n, g.Store.AddNote(ctx, n, audit.Entry{At: n.At, Actor: actor, Action: "noted", Kind: "subscriber", Object: int64(id)})
}

// TimeLine returns what happened to a reader, newest first: consent, mails with
// the mail server's words, changes, notes; at most limit (100 where 0).
func (g *Registry) TimeLine(ctx context.Context, id ID, limit int) ([]Moment, error) {
	return g.Store.TimeLine(ctx, id, page(limit))
}
