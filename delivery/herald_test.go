package delivery_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/internal/secrets"
	"postrider/store"
	"postrider/store/storetest"
)

// errKilled is what a part of a test throws where a process would end.
var errKilled = errors.New("killed")

// square is the network in memory: what was posted, by key, however often.
type square struct {
	mu     sync.Mutex
	posts  map[string]int // by key
	before func() error   // in place of a kill -9 before the post is there
	after  func() error   // and after it
	texts  []string
}

func (q *square) Open(_ context.Context, a delivery.Account, _ delivery.AccountSecrets) (delivery.Account, error) {
	return a, nil
}

func (q *square) Publish(_ context.Context, a delivery.Account, _ delivery.AccountSecrets, d delivery.Draft) (delivery.Published, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.before != nil {
		if err := q.before(); err != nil {
			return delivery.Published{}, err
		}
	}
	f, _ := a.Kind.Facts()
	if key := d.Key() + string(a.Kind); f.Doubt != delivery.Repeat || q.posts[key] == 0 {
		q.posts[key]++
		q.texts = append(q.texts, d.Text)
	}
	if q.after != nil {
		if err := q.after(); err != nil {
			return delivery.Published{}, err
		}
	}
	return delivery.Published{Remote: d.Key(), URL: "https://network.example/" + d.Key()}, nil
}

func (q *square) Find(_ context.Context, a delivery.Account, _ delivery.AccountSecrets, d delivery.Draft) (delivery.Published, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.posts[d.Key()+string(a.Kind)] == 0 {
		return delivery.Published{}, errs.NotFoundf("not there")
	}
	return delivery.Published{Remote: d.Key()}, nil
}

func (q *square) Edit(_ context.Context, _ delivery.Account, _ delivery.AccountSecrets, _ delivery.Published, d delivery.Draft) error {
	q.texts = append(q.texts, d.Text)
	return nil
}

func (q *square) Delete(context.Context, delivery.Account, delivery.AccountSecrets, delivery.Published) error {
	return nil
}

func (q *square) Numbers(context.Context, delivery.Account, delivery.AccountSecrets, delivery.Published) (delivery.PostNumbers, error) {
	return delivery.PostNumbers{Likes: 5}, nil
}

// press is an installation with a Herald, an edition that is out, and a clock.
type press struct {
	*office
	herald  *delivery.Herald
	square  *square
	edition campaigns.Edition
	now     time.Time
}

func newPress(t *testing.T, s *store.Store) *press {
	t.Helper()
	p := &press{office: furnish(t, s, "ada@example.org"), square: &square{posts: map[string]int{}}, now: time.Now()}
	p.herald = p.newHerald(t)
	p.edition = p.publish(t)
	p.open(t)
	return p
}

func (p *press) newHerald(t *testing.T) *delivery.Herald {
	t.Helper()
	sealer, err := secrets.New(bytes.Repeat([]byte{9}, 32))
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return p.now }
	return &delivery.Herald{
		Store: p.Store, Publisher: p.square, Now: now, Log: slog.New(slog.DiscardHandler),
		Book: &delivery.AccountBook{Store: p.Store, Secrets: sealer, Opener: p.square, Now: now},
	}
}

// open lets the edition begin to send.
func (p *press) open(t *testing.T) {
	t.Helper()
	if err := p.desk.Freeze(t.Context(), p.edition, time.Now()); err != nil {
		t.Fatal(err)
	}
	e, _ := p.look(t, p.edition.ID)
	if _, err := p.FreezeSome(t.Context(), e, 100); err != nil {
		t.Fatal(err)
	}
}

func (p *press) account(t *testing.T, k delivery.AccountKind) delivery.Account {
	t.Helper()
	f, err := k.Facts()
	if err != nil {
		t.Fatal(err)
	}
	in, secret := delivery.Account{Name: "our " + string(k), Kind: k}, delivery.AccountSecrets{Token: "T"}
	if f.NeedServer {
		in.Server = "https://network.example"
	}
	if f.NeedHandle {
		in.Handle = "@news"
	}
	if f.Address {
		secret.Token = "https://hooks.example/x"
	}
	a, err := p.herald.Book.Add(t.Context(), "test", in, secret)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (p *press) add(t *testing.T, n delivery.NewPost) delivery.Post {
	t.Helper()
	post, err := p.herald.Add(t.Context(), "test", p.edition.ID, n)
	if err != nil {
		t.Fatal(err)
	}
	return post
}

func (p *press) state(t *testing.T, id delivery.PostID) delivery.Post {
	t.Helper()
	post, err := p.Post(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return post
}

func (p *press) work(t *testing.T) {
	t.Helper()
	if err := p.herald.Work(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestPostsGoOutOnceAtTheirTime(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		p := newPress(t, s)
		a := p.account(t, delivery.KindMastodon)
		now := p.add(t, delivery.NewPost{Account: a.Name})
		later := p.add(t, delivery.NewPost{Account: a.Name, Takeaway: 1, Due: p.now.Add(time.Hour), Text: "In our own words https://news.org.example"})
		asks := p.add(t, delivery.NewPost{Account: a.Name, Takeaway: 2, Ask: true})
		if _, err := p.herald.Add(t.Context(), "test", p.edition.ID, delivery.NewPost{Account: a.Name}); !errs.Is(err, errs.Conflict) {
			t.Errorf("the same post twice: %v, want a conflict", err)
		}
		for range 3 {
			p.work(t)
		}
		if got := p.state(t, now.ID); got.State != delivery.Accepted || got.URL == "" || got.Attempts != 1 {
			t.Errorf("%+v", got)
		}
		if p.state(t, later.ID).State != delivery.Queued || p.state(t, asks.ID).State != delivery.Queued {
			t.Error("a post went out too early")
		}
		if people, err := p.PostsForPeople(t.Context(), p.now, 10); err != nil || len(people) != 1 || people[0].ID != asks.ID || !people[0].NeedsPerson(p.now) {
			t.Errorf("%+v %v: one asks for a yes", people, err)
		}
		if _, err := p.herald.Confirm(t.Context(), "test", asks.ID); err != nil {
			t.Fatal(err)
		}
		p.now = p.now.Add(2 * time.Hour)
		p.work(t)
		if p.state(t, later.ID).State != delivery.Accepted || p.state(t, asks.ID).State != delivery.Accepted || len(p.square.posts) != 3 {
			t.Errorf("%d posts are there, want 3", len(p.square.posts))
		}
		if !strings.Contains(strings.Join(p.square.texts, "|"), "In our own words") {
			t.Error("a person's own text was not posted")
		}
		p.work(t) // numbers are read after an hour
		if n := p.state(t, now.ID).Numbers; n.Likes != 5 {
			t.Errorf("numbers: %+v", n)
		}
	})
}

func TestAPostIsLateAfterSixHours(t *testing.T) {
	t.Parallel()
	p := newPress(t, storetest.Open(t, storetest.SQLite(t), store.Options{}))
	post := p.add(t, delivery.NewPost{Account: p.account(t, delivery.KindBluesky).Name})
	p.now = p.now.Add(7 * time.Hour)
	p.work(t)
	p.work(t)
	if got := p.state(t, post.ID); got.Mode != delivery.PostAsk || got.State != delivery.Queued || len(p.square.posts) != 0 {
		t.Fatalf("%+v: a person is to be asked", got)
	}
	if _, err := p.herald.Confirm(t.Context(), "test", post.ID); err != nil {
		t.Fatal(err)
	}
	p.work(t)
	if p.state(t, post.ID).State != delivery.Accepted {
		t.Error("it was not posted after a yes")
	}
}

func TestHandPosting(t *testing.T) {
	t.Parallel()
	p := newPress(t, storetest.Open(t, storetest.SQLite(t), store.Options{}))
	post := p.add(t, delivery.NewPost{Network: "linkedin"})
	p.work(t)
	if _, err := p.herald.Done(t.Context(), "test", post.ID, "javascript:alert(1)"); !errs.Is(err, errs.Invalid) {
		t.Errorf("%v", err)
	}
	if got, err := p.herald.Done(t.Context(), "test", post.ID, "https://www.linkedin.com/posts/1"); err != nil || got.State != delivery.Accepted {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := p.herald.Done(t.Context(), "test", post.ID, ""); !errs.Is(err, errs.Conflict) {
		t.Errorf("twice: %v", err)
	}
	if _, err := p.herald.Add(t.Context(), "test", p.edition.ID, delivery.NewPost{Network: "x", Text: strings.Repeat("x", 281)}); !errs.Is(err, errs.Invalid) {
		t.Errorf("too long for X: %v", err)
	}
}

func TestThePlanOfACampaignOpensPosts(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		p := newPress(t, s)
		a := p.account(t, delivery.KindTelegram)
		c, err := p.desk.Create(t.Context(), "test", campaigns.Campaign{
			Name: "Weekly", Source: campaigns.Collect, ListNames: []string{"news"}, Sender: "News <news@org.example>", Zone: "UTC", Schedule: "0 9 * * 2",
		})
		if err != nil {
			t.Fatal(err)
		}
		plan := []delivery.PostPlan{
			{Account: a.ID, Mode: delivery.PostItself},
			{Network: "linkedin", Mode: delivery.PostHand, After: 5 * time.Minute, Each: true, Interval: 24 * time.Hour},
		}
		if err := p.herald.Plan(t.Context(), "test", c.ID, plan); err != nil {
			t.Fatal(err)
		}
		kept, err := p.PostPlan(t.Context(), c.ID)
		if err != nil || len(kept) != 2 || kept[0].Network != "telegram" || kept[1].Interval != 24*time.Hour {
			t.Fatalf("%+v %v", kept, err)
		}
		second := p.publish(t)
		storetest.Exec(t, s, `UPDATE editions SET campaign_id = $1 WHERE id = $2`, int64(c.ID), int64(second.ID))
		p.edition = second
		p.open(t)
		posts, err := p.Posts(t.Context(), second.ID)
		if err != nil {
			t.Fatal(err)
		}
		content, err := p.EditionContent(t.Context(), second.ID)
		if err != nil {
			t.Fatal(err)
		}
		if want := 1 + len(content.Input.Recaps[0].Takeaways); len(posts) != want {
			t.Fatalf("%d posts, want %d", len(posts), want)
		}
		if gap := posts[2].Due.Sub(posts[1].Due); gap != 24*time.Hour || posts[1].Takeaway != 1 || posts[1].Mode != delivery.PostHand {
			t.Errorf("a takeaway a day: %s between %+v", gap, posts[1:3])
		}
	})
}

// TestKilledWhileItPosts ends the process at random moments of each kind's
// posts: before the post is there, after it, and before it is recorded.
func TestKilledWhileItPosts(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		p := newPress(t, s)
		chance := rand.New(rand.NewPCG(1, 2))
		var posts []delivery.Post
		for _, k := range []delivery.AccountKind{delivery.KindBluesky, delivery.KindMastodon, delivery.KindTelegram} {
			a := p.account(t, k)
			for n := range 3 {
				posts = append(posts, p.add(t, delivery.NewPost{Account: a.Name, Takeaway: n}))
			}
		}
		kills := 0
		die := func() error {
			if kills < 50 && chance.IntN(2) == 0 {
				kills++
				panic(errKilled)
			}
			return nil
		}
		p.square.before, p.square.after = die, die
		for range 400 {
			p.herald = p.newHerald(t) // a new process
			func() {
				defer func() {
					if r := recover(); r != nil && r != any(errKilled) {
						panic(r)
					}
				}()
				p.work(t)
			}()
			p.now = p.now.Add(3 * time.Minute)
			for _, post := range posts { // who is asked about Telegram looks, and says what is true
				if got := p.state(t, post.ID); got.State == delivery.Unknown && got.Network == "telegram" {
					if p.square.posts[got.ID.String()+"telegram"] > 0 {
						_, err := p.herald.Done(t.Context(), "test", got.ID, "")
						must(t, err)
					} else {
						_, err := p.herald.Again(t.Context(), "test", got.ID)
						must(t, err)
					}
				}
			}
			if storetest.One[int](t, s, `SELECT count(*) FROM posts WHERE state <> 'accepted'`) == 0 {
				break
			}
		}
		if kills < 8 {
			t.Fatalf("only %d kills", kills)
		}
		t.Logf("%d kills", kills)
		for _, post := range posts {
			got := p.state(t, post.ID)
			if n := p.square.posts[got.ID.String()+string(got.Network)]; n != 1 || got.State != delivery.Accepted {
				t.Errorf("%s of %s is %s (%s) and there %d times", got.ID, got.Network, got.State, got.Reason, n)
			}
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestOneBrokenAccountKeepsNoOtherWaiting: a secret that another key sealed is
// that account's trouble alone.
func TestOneBrokenAccountKeepsNoOtherWaiting(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	p := newPress(t, s)
	broken, good := p.account(t, delivery.KindBluesky), p.account(t, delivery.KindMastodon)
	first := p.add(t, delivery.NewPost{Account: broken.Name})
	second := p.add(t, delivery.NewPost{Account: good.Name})
	storetest.Exec(t, s, `UPDATE accounts SET secret = 'nonsense' WHERE id = $1`, int64(broken.ID))
	if err := p.herald.Work(t.Context()); !errs.Is(err, errs.Conflict) {
		t.Errorf("%v, want what is wrong with the account", err)
	}
	if p.state(t, first.ID).State != delivery.Queued || p.state(t, second.ID).State != delivery.Accepted {
		t.Errorf("the broken one is %s, the good one %s", p.state(t, first.ID).State, p.state(t, second.ID).State)
	}
}

func TestSecretsOfAccountsAreSealedAndTheirServerIsTheirs(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		p := newPress(t, s)
		a := p.account(t, delivery.KindMastodon)
		if sealed := storetest.One[string](t, s, `SELECT secret FROM accounts`); len(sealed) < 100 || strings.Contains(sealed, `"T"`) {
			t.Errorf("%q", sealed)
		}
		moved := a
		moved.Server = "https://evil.example"
		if _, err := p.herald.Book.Change(t.Context(), "test", moved, nil); !errs.Is(err, errs.Invalid) {
			t.Errorf("the token would go to another server: %v", err)
		}
		if _, err := p.herald.Book.Add(t.Context(), "test", delivery.Account{Name: a.Name, Kind: delivery.KindMastodon, Server: "https://x.example"}, delivery.AccountSecrets{Token: "T"}); !errs.Is(err, errs.Conflict) {
			t.Errorf("the same name: %v", err)
		}
		post := p.add(t, delivery.NewPost{Account: a.Name})
		if _, err := p.herald.Book.Remove(t.Context(), "test", a.Name); err != nil {
			t.Fatal(err)
		}
		p.work(t)
		if got := p.state(t, post.ID); got.State != delivery.Cancelled || len(p.square.posts) != 0 {
			t.Errorf("%+v", got)
		}
	})
}
