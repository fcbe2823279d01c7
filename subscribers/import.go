package subscribers

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"postrider/internal/mailaddr"
)

const (
	chunkRows   = 5_000
	firstChunk  = 500 // rows, before it is known how long they take
	leastChunk  = 100
	maxRows     = 10_000_000
	maxRefusals = 1_000 // kept by name
	maxTries    = 5
)

// longestHold is how long a chunk should keep other writers of a database
// waiting that lets one in at a time.
const longestHold = 12 * time.Millisecond

// ImportOptions say where readers of a file go.
type ImportOptions struct {
	Actor     string
	File      string   // its name, for the record
	Lists     []string // names of the lists that all join as active
	Create    bool     // make lists that do not exist
	Consent   string   // the wording that they agreed to; recorded for each new membership
	ConsentAt time.Time
	Source    string            // kept with the consent; "import" where empty
	Map       map[string]string // title or number of a column → email, name, a field's name, list:NAME, or - for nowhere
	// Columns says where each column of the file goes, in their order, as
	// Preview.Columns does; nil: by Map and their titles.
	Columns []string
	// NoHeader says that the first row is a reader's. It needs Columns.
	NoHeader  bool
	Encoding  Encoding  // empty: look at the file
	Delimiter rune      // 0: look at the file
	DryRun    bool      // count what would happen and change nothing
	Mailbox   bool      // refuse what Google's servers take for the same mailbox as a row before
	Refused   io.Writer // gets the refused rows as CSV, each with its reason; may be nil
	// OnRefused is called for each refused row, with its cells.
	OnRefused func(Refusal)
	// Host returns why a domain takes no mail, empty where it does or may; nil: nobody asks.
	Host func(ctx context.Context, domain string) string
	// Progress is called about once for each thousand rows, in the caller's goroutine.
	Progress func(ImportResult)
	TempDir  string // for what does not fit into memory; the system's where empty
}

// ImportResult counts the rows of an import. When it has ended Rows is the sum
// of the others; under way it also counts rows that are not stored yet.
type ImportResult struct {
	Rows      int `json:"rows"`
	Added     int `json:"added"`
	Updated   int `json:"updated"`   // known readers who got a new value or list
	Unchanged int `json:"unchanged"` // known readers of whom the row says nothing new
	Refused   int `json:"refused"`
	// Suppressed are those rows, counted above too, that put their address on
	// the do-not-mail list instead of a list of readers.
	Suppressed int `json:"suppressed,omitempty"`
	// Left counts memberships that were not revived: the reader had unsubscribed.
	Left int `json:"-"`
	// Refusals are the first thousand refused rows in the order they were met.
	Refusals []Refusal `json:"-"`
	// Odd counts rows that were taken although their address looks odd, and
	// Hints are the first thousand of them.
	Odd   int       `json:"-"`
	Hints []Refusal `json:"-"`
	// Origin is the service that the file comes from, empty where it is not known.
	Origin string `json:"-"`
	// Read counts bytes of the file, Stored rows that the database has taken or
	// refused: storing begins when all is read.
	Read   int64 `json:"-"`
	Stored int   `json:"-"`
	// Import is the id under which it can be undone; zero for a dry run.
	Import ImportID `json:"-"`
}

// Refusal is a row that was not taken, or one to look at.
type Refusal struct {
	Line   int    // 1-based line where the row begins
	Email  string // as it stands in the file, may be empty
	Reason string
	Cells  []string // the row as it stands in the file, for ImportOptions.OnRefused only
}

func (r *ImportResult) refuse(x Refusal) {
	r.Refused++
	if len(r.Refusals) < maxRefusals {
		r.Refusals = append(r.Refusals, x)
	}
}

// Import reads readers from a CSV file, a paste of addresses or an archive,
// puts them in order and stores them in chunks. What is stored stays when it
// is interrupted; importing the same file again goes on, and leads to what one
// import would have led to. It mails nobody. It never revives a reader who
// left the list, and refuses addresses that are suppressed or were forgotten.
// Two imports may run at once, and others may write meanwhile. A file without
// an email column, or one row too long to read, is Invalid and nothing of it
// is stored.
func (g *Registry) Import(ctx context.Context, r io.Reader, o ImportOptions) (ImportResult, error) {
	l := loader{g: g, o: o, digest: sha256.New(), chunk: firstChunk}
	if l.o.TempDir == "" {
		l.o.TempDir = g.TempDir
	}
	l.batch = Batch{Consent: clean(o.Consent), ConsentAt: o.ConsentAt, Source: cmp.Or(clean(o.Source), "import"), DryRun: o.DryRun}
	if len(l.batch.Consent) > maxReason || len(l.batch.Source) > maxReason {
		return l.result, invalid("consent", "shorten it to 2000 bytes")
	}
	if o.ConsentAt.After(g.Now()) {
		return l.result, invalid("consent_at", "nobody can have agreed on a day to come")
	}
	counted := &counter{r: r, digest: l.digest, n: &l.result.Read}
	sources, closeAll, err := openSources(counted, l.o)
	defer closeAll()
	if err != nil {
		return l.result, err
	}
	if err := l.resolveLists(ctx, sources); err != nil {
		return l.result, err
	}
	l.stage.dir = l.o.TempDir
	if o.Mailbox {
		l.stage.key = mailboxKey
	}
	defer l.stage.close()
	l.refused = newRefusedWriter(o.Refused, sources)
	if err := l.read(ctx, sources); err != nil {
		return l.result, errors.Join(err, l.refused.flush())
	}
	if _, err := io.Copy(io.Discard, counted); err != nil { // what an archive has behind its end
		return l.result, fmt.Errorf("reading the file: %w", err)
	}
	err = errors.Join(l.store(ctx), l.refused.flush())
	return l.result, err
}

func mailboxKey(r Row) string {
	a, err := mailaddr.Parse(r.Email)
	if err != nil {
		return r.Canonical
	}
	return a.Mailbox()
}

// counter notes how much of a file was read, and what it was.
type counter struct {
	r      io.Reader
	digest hash.Hash
	n      *int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	*c.n += int64(n)
	_, _ = c.digest.Write(p[:n]) // never fails
	return n, err
}
