package subscribers

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/mailaddr"
)

// Registry keeps the readers. It is safe for concurrent use where Store is.
type Registry struct {
	Store Store
	Now   func() time.Time
	// Hash returns the keyed hashes that a canonical address may have been
	// forgotten under, the one of the current key first. Without it nobody
	// can be forgotten.
	Hash func(canonical string) []string
	// TempDir holds what an import is putting in order; the system's where empty.
	TempDir string
}

// Newcomer is a reader to add.
type Newcomer struct {
	Email    string
	Name     string
	Language string            // BCP 47, may be empty
	Zone     string            // IANA, may be empty
	Fields   map[string]string // keys in snake_case
	Lists    []string          // names; they join as active
	Consent  string            // the wording that they agreed to; empty: none is recorded
	Source   string            // of the consent; "operator" where empty
	Tags     []string
}

// Add keeps a reader. A known address gets the new values and lists instead of
// a second entry. An address on the do-not-mail list is a Conflict. So is a
// list that the reader has left, which only they can join again; the
// subscriber then comes back with the error and the rest is done.
func (g *Registry) Add(ctx context.Context, actor string, n Newcomer) (Subscriber, error) {
	row := Row{Email: n.Email, Name: n.Name, Language: n.Language, Zone: n.Zone, Fields: map[string]string{}, Tags: slices.Clone(n.Tags)}
	for k, v := range n.Fields {
		row.Fields[k] = v
	}
	if err := newChecker().finish(&row); err != nil {
		return Subscriber{}, err
	}
	lists, err := g.listIDs(ctx, actor, n.Lists, false)
	if err != nil {
		return Subscriber{}, err
	}
	b := Batch{
		Rows: []Row{row}, Lists: lists, Consent: clean(n.Consent), Source: clean(n.Source),
		Entry: audit.Entry{At: g.Now(), Actor: actor, Action: "added", Kind: "subscriber"},
	}
	if b.Source == "" {
		b.Source = "operator"
	}
	if len(b.Consent) > maxReason || len(b.Source) > maxReason {
		return Subscriber{}, invalid("consent", "shorten it to 2000 bytes")
	}
	result, err := g.save(ctx, b)
	if err != nil {
		return Subscriber{}, err
	}
	if len(result.Refused) > 0 {
		return Subscriber{}, errs.Conflictf("adding a reader: %s", result.Refused[0].Reason)
	}
	s, err := g.Store.SubscriberByEmail(ctx, row.Canonical)
	if err == nil && result.Left > 0 {
		err = errs.Conflictf("adding a reader: they left the list, and only they can join it again")
	}
	return s, err
}

// Find returns a subscriber by id or address. A missing one is NotFound.
func (g *Registry) Find(ctx context.Context, ref string) (Subscriber, error) {
	if strings.Contains(ref, "@") {
		a, err := mailaddr.Parse(strings.TrimSpace(ref))
		if err != nil {
			return Subscriber{}, err
		}
		return g.Store.SubscriberByEmail(ctx, a.Canonical())
	}
	id, err := ids.Parse[subscriberMark](ref)
	if err != nil {
		return Subscriber{}, errs.Invalidf("%q is neither an address nor an id", ref)
	}
	return g.Store.Subscriber(ctx, id)
}

// Get returns a subscriber by id. A missing one is NotFound.
func (g *Registry) Get(ctx context.Context, id ID) (Subscriber, error) {
	return g.Store.Subscriber(ctx, id)
}

const (
	defaultPage = 100
	maxPage     = 1000
)

func page(limit int) int {
	if limit <= 0 {
		return defaultPage
	}
	return min(limit, maxPage)
}

// Page returns subscribers in the order of their ids behind q.After, at most
// q.Limit (100 where 0, never over 1000). A page shorter than that is the last.
func (g *Registry) Page(ctx context.Context, q Query) ([]Subscriber, error) {
	q.Limit = page(q.Limit)
	if q.State != "" && q.List == 0 {
		return nil, invalid("state", "name the list too: a state is one on a list")
	}
	return g.Store.Subscribers(ctx, q)
}

// Beginning returns readers whose address or name begins with a text, in any
// case, by address; at most limit (100 where 0, never over 1000).
func (g *Registry) Beginning(ctx context.Context, text string, limit int) ([]Subscriber, error) {
	if text = strings.ToLower(clean(text)); text == "" {
		return nil, nil
	}
	return g.Store.SubscribersBeginning(ctx, text, page(limit))
}

// Edit keeps name, language, zone and fields of s in place of what was there,
// empty ones too; s is as it was read but for these. Somebody who was faster
// is a Conflict. The address stays: it is the reader's to change.
func (g *Registry) Edit(ctx context.Context, actor string, s Subscriber) (Subscriber, error) {
	row := Row{Email: s.Email, Name: s.Name, Language: s.Language, Zone: s.Zone, Fields: map[string]string{}}
	for k, v := range s.Fields {
		if v = clean(v); v != "" {
			row.Fields[k] = v
		}
	}
	if err := newChecker().finish(&row); err != nil {
		return Subscriber{}, err
	}
	was := s.UpdatedAt
	s.Name, s.Language, s.Zone, s.Fields, s.UpdatedAt = row.Name, row.Language, row.Zone, row.Fields, g.Now()
	err := g.Store.EditSubscriber(ctx, s, was, audit.Entry{At: s.UpdatedAt, Actor: actor, Action: "changed", Kind: "subscriber", Object: int64(s.ID)})
	if err != nil {
		return Subscriber{}, err
	}
	return g.Store.Subscriber(ctx, s.ID)
}

// Memberships returns what lists a reader is or was on, by name.
func (g *Registry) Memberships(ctx context.Context, id ID) ([]Membership, error) {
	all, err := g.Store.MembershipsOf(ctx, []ID{id})
	return all[id], err
}

// Consents returns a reader's consent record, oldest first.
func (g *Registry) Consents(ctx context.Context, id ID) ([]Consent, error) {
	return g.Store.ConsentsOf(ctx, id)
}

// CreateList makes a list. A taken name is a Conflict, one that no list can
// have Invalid.
func (g *Registry) CreateList(ctx context.Context, actor, name, title string) (List, error) {
	l := List{ID: ids.New[listMark](), Name: name, Title: clean(title), Welcome: true, CreatedAt: g.Now()}
	if err := CheckListName(name); err != nil {
		return List{}, err
	}
	if mailaddr.CheckName(l.Title) != nil {
		return List{}, invalid("title", "shorten it to 200 bytes")
	}
	return l, g.Store.AddList(ctx, l, audit.Entry{At: l.CreatedAt, Actor: actor, Action: "created", Kind: "list", Object: int64(l.ID)})
}

// ChangeList keeps name, title and description of l in place of those of the
// list with its id, and returns it as kept. A taken name is a Conflict, one that
// no list can have Invalid, a missing list NotFound.
func (g *Registry) ChangeList(ctx context.Context, actor string, l List) (List, error) {
	if err := CheckListName(l.Name); err != nil {
		return List{}, err
	}
	if l.Title = clean(l.Title); mailaddr.CheckName(l.Title) != nil {
		return List{}, invalid("title", "shorten it to 200 bytes")
	}
	if l.Description = clean(l.Description); len(l.Description) > maxListText || !utf8.ValidString(l.Description) {
		return List{}, invalid("description", "shorten it to 1000 bytes")
	}
	return l, g.Store.ChangeList(ctx, l, audit.Entry{At: g.Now(), Actor: actor, Action: "changed", Kind: "list", Object: int64(l.ID), Detail: l.Name})
}

// List returns a list by name; a missing one is NotFound with the nearest name.
func (g *Registry) List(ctx context.Context, name string) (List, error) {
	return g.Store.ListByName(ctx, name)
}

// Lists returns lists with their counts by name behind after, at most limit
// (100 where 0, never over 1000).
func (g *Registry) Lists(ctx context.Context, after string, limit int) ([]ListCounts, error) {
	return g.Store.ListPage(ctx, after, page(limit))
}

// listIDs returns the lists of these names, each once, and makes missing ones
// if told so.
func (g *Registry) listIDs(ctx context.Context, actor string, names []string, create bool) ([]ListID, error) {
	var out []ListID
	seen := map[ListID]bool{}
	for _, name := range names {
		l, err := g.Store.ListByName(ctx, name)
		if create && errs.Is(err, errs.NotFound) {
			if l, err = g.CreateList(ctx, actor, name, ""); errs.Is(err, errs.Conflict) {
				l, err = g.Store.ListByName(ctx, name) // another import was faster
			}
		}
		if err != nil {
			return nil, err
		}
		if !seen[l.ID] {
			seen[l.ID] = true
			out = append(out, l.ID)
		}
	}
	return out, nil
}

func (g *Registry) hashes(canonical string) []string {
	if g.Hash == nil {
		return nil
	}
	return g.Hash(canonical)
}
