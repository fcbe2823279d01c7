package store_test

import (
	"net/mail"
	"slices"
	"testing"

	"postrider/internal/notice"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

// joining is a public list and what it takes to ask for it.
type joining struct {
	t     *testing.T
	s     *store.Store
	g     *subscribers.Registry
	lists map[string]subscribers.List
	last  subscribers.SignUpID // of the newest mail with a button
}

func openLists(t *testing.T, s *store.Store) *joining {
	j := &joining{t: t, s: s, g: registry(s), lists: map[string]subscribers.List{}}
	j.g.Hash = func(c string) []string { return []string{"hash of " + c} }
	for name, single := range map[string]bool{"quick": true, "quiet": true, "careful": false} {
		l := must[subscribers.List](t)(j.g.CreateList(ctx, "cli", name, "The "+name+" list"))
		l.Public, l.SingleOptIn, l.Welcome = true, single, name != "quiet"
		j.lists[name] = must[subscribers.List](t)(j.g.ChangeList(ctx, "cli", l))
	}
	return j
}

func (j *joining) welcome(to subscribers.Subscriber, lists []subscribers.List) notice.Notice {
	n := notice.Notice{From: "n@example.org", Subject: "welcome", Text: "to"}
	for _, l := range lists {
		n.Text += " " + l.Name
	}
	return n
}

func (j *joining) ask(email string, lists ...string) {
	j.t.Helper()
	w := subscribers.Wish{Email: email, Name: "Typed by somebody", Language: "sv", Source: "form", Wording: "as told"}
	for _, name := range lists {
		w.Lists = append(w.Lists, j.lists[name])
	}
	err := j.g.Ask(ctx, w, subscribers.Letters{Welcome: j.welcome, Confirm: func(id subscribers.SignUpID) notice.Notice {
		j.last = id
		return notice.Notice{Kind: notice.Confirmation, To: mail.Address{}, From: "n@example.org", Subject: "confirm", Text: "?"}
	}})
	if err != nil {
		j.t.Fatal(err)
	}
}

// on is the states of an address, by list.
func (j *joining) on(email string) []string {
	j.t.Helper()
	return storetest.Column[string](j.t, j.s, `
		SELECT l.name || ' ' || m.state FROM memberships m JOIN lists l ON l.id = m.list_id JOIN subscribers s ON s.id = m.subscriber_id
		WHERE s.canonical = $1 ORDER BY l.name`, email)
}

func (j *joining) mails(email string) []string {
	j.t.Helper()
	return storetest.Column[string](j.t, j.s, `SELECT kind || ' ' || body FROM notices WHERE email = $1 ORDER BY id`, email)
}

func (j *joining) want(email string, on, mails []string) {
	j.t.Helper()
	if got := j.on(email); !slices.Equal(got, on) {
		j.t.Errorf("%s is on %q, want %q", email, got, on)
	}
	if got := j.mails(email); !slices.Equal(got, mails) {
		j.t.Errorf("%s got %q, want %q", email, got, mails)
	}
}

func TestSingleOptInJoinsAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		j := openLists(t, s)
		j.ask("new@example.org", "quick")
		j.want("new@example.org", []string{"quick active"}, []string{"welcome to quick"})
		j.ask("new@example.org", "quick") // beyond the budget of a day
		j.want("new@example.org", []string{"quick active"}, []string{"welcome to quick"})
		if lines := storetest.Column[string](t, s, `SELECT c.action || ' ' || w.text FROM consents c JOIN wordings w ON w.id = c.wording_id`); !slices.Equal(lines, []string{"given as told"}) {
			t.Errorf("the record: %q", lines)
		}
		if kept := storetest.Column[string](t, s, `SELECT email || name FROM signups`); !slices.Equal(kept, []string{""}) {
			t.Errorf("a sign-up for which nothing waits keeps %q", kept)
		}
		j.ask("still@example.org", "quiet")
		j.want("still@example.org", []string{"quiet active"}, nil)
		j.ask("both@example.org", "quick", "careful")
		j.want("both@example.org", []string{"quick active"}, []string{"confirmation ?", "welcome to quick"})
		for range 2 {
			if err := j.g.ConfirmSignUp(ctx, j.last, j.welcome); err != nil {
				t.Fatal(err)
			}
		}
		j.want("both@example.org", []string{"careful active", "quick active"}, []string{"confirmation ?", "welcome to quick", "welcome to careful"})
	})
}

// Somebody else may fill a form: it must not bring back who left.
func TestSingleOptInNeverRevives(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		j := openLists(t, s)
		sign := subscribers.Sign{Actor: "reader", Source: "page"}
		for _, email := range []string{"left@example.org", "pending@example.org", "barred@example.org", "complained@example.org"} {
			n := subscribers.Newcomer{Email: email, Name: "Known"}
			if email == "left@example.org" {
				n.Lists = []string{"quick"}
			}
			r := must[subscribers.Subscriber](t)(j.g.Add(ctx, "cli", n))
			var err error
			switch email {
			case "left@example.org":
				err = j.g.Unsubscribe(ctx, r.ID, nil, sign)
			case "pending@example.org":
				err = j.g.SignUp(ctx, r.ID, []subscribers.ListID{j.lists["quick"].ID}, sign)
			case "barred@example.org":
				_, err = j.g.Suppress(ctx, "cli", email, "asked", "")
			case "complained@example.org":
				err = j.g.MarkAddress(ctx, "cli", r.ID, subscribers.AddressComplained, "")
			}
			if err != nil {
				t.Fatal(err)
			}
			j.ask(email, "quick")
		}
		j.want("pending@example.org", []string{"quick pending"}, []string{"confirmation ?"})
		j.want("barred@example.org", nil, nil)
		j.want("complained@example.org", nil, []string{"confirmation ?"})
		j.want("left@example.org", []string{"quick unsubscribed"}, []string{"confirmation ?"})
		if name := storetest.One[string](t, s, `SELECT name FROM subscribers WHERE canonical = 'left@example.org'`); name != "Known" {
			t.Errorf("the form renamed a reader to %q", name)
		}
		j.ask("left@example.org", "quick") // the budget
		j.want("left@example.org", []string{"quick unsubscribed"}, []string{"confirmation ?"})
	})
}
