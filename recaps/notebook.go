package recaps

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"postrider/internal/errs"
	"postrider/internal/ids"
)

type manuscriptMark struct{}

// ManuscriptID names a manuscript.
type ManuscriptID = ids.ID[manuscriptMark]

// ParseManuscriptID reads the 13-letter form. Anything else is Invalid.
func ParseManuscriptID(s string) (ManuscriptID, error) { return ids.Parse[manuscriptMark](s) }

// Manuscript is a text that somebody is writing: it need not be a recap yet.
type Manuscript struct {
	ID        ManuscriptID
	Actor     string // whose it is; nobody else sees it
	Recap     ID     // that it is to be the next revision of, 0: of none
	Base      int    // the revision that it began with, 0: none
	Name      string // of the file that it came from, empty where it was typed
	Text      string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Heading is its first words, for a list, at most 80 letters; empty where there
// are none.
func (m Manuscript) Heading() string {
	for line := range strings.Lines(m.Text) {
		line = oneLine(strings.Trim(line, "#-* \t\r\n"))
		if title, ok := strings.CutPrefix(line, "title:"); ok {
			line = strings.Trim(strings.TrimSpace(title), `"'`)
		}
		if line == "" {
			continue
		}
		if utf8.RuneCountInString(line) > 80 {
			line = string([]rune(line)[:79]) + "…"
		}
		return line
	}
	return ""
}

// ManuscriptStore is where the Notebook keeps manuscripts.
type ManuscriptStore interface {
	// PutManuscript inserts m, or replaces the one with its id and actor, and
	// removes all but the actor's latest keep. One of another actor is NotFound.
	PutManuscript(ctx context.Context, m Manuscript, keep int) error
	// Manuscript returns the actor's manuscript with this id, NotFound when
	// there is none.
	Manuscript(ctx context.Context, actor string, id ManuscriptID) (Manuscript, error)
	// Manuscripts returns at most limit of the actor's, the last changed first.
	Manuscripts(ctx context.Context, actor string, limit int) ([]Manuscript, error)
	// Writers returns at most limit of those with a manuscript that is to be the
	// next revision of a recap, changed after since; the last changed first.
	Writers(ctx context.Context, recap ID, since time.Time, limit int) ([]Writer, error)
	// DropManuscript removes one of the actor's; one that is gone is no error.
	DropManuscript(ctx context.Context, actor string, id ManuscriptID) error
}

// maxManuscripts is how many a person may have; the oldest make way.
const maxManuscripts = 30

// Notebook keeps what people are writing until it is kept as a recap, so that
// no crash, no lapsed session and no mistake costs a word. It changes no recap.
type Notebook struct {
	Store ManuscriptStore
	Now   func() time.Time
}

// Note keeps m for its actor as it is now: a new one where it has no id yet.
// Text above MaxBytes is Invalid.
func (n *Notebook) Note(ctx context.Context, m Manuscript) (Manuscript, error) {
	if m.Actor == "" {
		return m, errs.Invalidf("noting a text: nobody is named as its writer: pass who does it")
	}
	if len(m.Text) > MaxBytes {
		return m, errs.Invalidf("the text is larger than %d MiB: a recap is text, put images beside it", MaxBytes>>20)
	}
	m.Text = strings.ToValidUTF8(strings.ReplaceAll(m.Text, "\x00", ""), "\uFFFD")
	m.UpdatedAt = n.Now().UTC().Truncate(time.Millisecond)
	if m.ID == 0 {
		m.ID, m.CreatedAt = ids.New[manuscriptMark](), m.UpdatedAt
	}
	if err := n.Store.PutManuscript(ctx, m, maxManuscripts); err != nil {
		return m, fmt.Errorf("noting a text: %w", err)
	}
	return m, nil
}

// Get returns the actor's manuscript, NotFound when there is none.
func (n *Notebook) Get(ctx context.Context, actor string, id ManuscriptID) (Manuscript, error) {
	return n.Store.Manuscript(ctx, actor, id)
}

// List returns the actor's manuscripts, the last changed first.
func (n *Notebook) List(ctx context.Context, actor string) ([]Manuscript, error) {
	return n.Store.Manuscripts(ctx, actor, maxManuscripts)
}

// Writer is somebody who is changing a recap.
type Writer struct {
	Actor string
	Since time.Time // when they began
	Last  time.Time // when they last typed
}

// writing is how long after the last letter somebody counts as at work.
const writing = 15 * time.Minute

// Others returns who else has been changing a recap within the last quarter of
// an hour, at most ten, each once.
func (n *Notebook) Others(ctx context.Context, actor string, recap ID) ([]Writer, error) {
	all, err := n.Store.Writers(ctx, recap, n.Now().Add(-writing), 50)
	if err != nil {
		return nil, fmt.Errorf("asking who is changing recap %s: %w", recap, err)
	}
	var out []Writer
	seen := map[string]bool{actor: true}
	for _, w := range all {
		if !seen[w.Actor] && len(out) < 10 {
			seen[w.Actor] = true
			out = append(out, w)
		}
	}
	return out, nil
}

// Discard throws the actor's manuscript away. It may be called twice.
func (n *Notebook) Discard(ctx context.Context, actor string, id ManuscriptID) error {
	return n.Store.DropManuscript(ctx, actor, id)
}
