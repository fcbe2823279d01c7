package admin

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"postrider/delivery"
	"postrider/internal/secrets"
	"postrider/organisation"
)

// wall is the network at the other end: it takes everything.
type wall struct{ posted []string }

func (q *wall) Open(_ context.Context, a delivery.Account, s delivery.AccountSecrets) (delivery.Account, error) {
	if s.Token == "wrong" {
		return a, &delivery.PostError{State: delivery.Deferred, Us: true, Text: "status 401: the token is not good"}
	}
	return a, nil
}

func (q *wall) Publish(_ context.Context, _ delivery.Account, _ delivery.AccountSecrets, d delivery.Draft) (delivery.Published, error) {
	q.posted = append(q.posted, d.Text)
	return delivery.Published{Remote: "1", URL: "https://network.example/1"}, nil
}

func (q *wall) Find(context.Context, delivery.Account, delivery.AccountSecrets, delivery.Draft) (delivery.Published, error) {
	return delivery.Published{}, nil
}

func (q *wall) Edit(context.Context, delivery.Account, delivery.AccountSecrets, delivery.Published, delivery.Draft) error {
	return nil
}

func (q *wall) Delete(context.Context, delivery.Account, delivery.AccountSecrets, delivery.Published) error {
	return nil
}

func (q *wall) Numbers(context.Context, delivery.Account, delivery.AccountSecrets, delivery.Published) (delivery.PostNumbers, error) {
	return delivery.PostNumbers{Likes: 5}, nil
}

// postingFurniture gives the world an account and posts in states that have
// words of their own.
func (w *world) postingFurniture(d *Deps, sealer *secrets.Sealer) {
	w.t.Helper()
	ctx := context.Background()
	q := &wall{}
	d.Herald = &delivery.Herald{Store: w.store, Publisher: q, Now: d.Now, Log: slog.New(slog.DiscardHandler),
		Book: &delivery.AccountBook{Store: w.store, Secrets: sealer, Opener: q, Now: d.Now}}
	a, err := d.Herald.Book.Add(ctx, "test", delivery.Account{Name: "hook <script>", Kind: delivery.KindWebhook}, delivery.AccountSecrets{Token: "https://hooks.example/secret-path"})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := d.Herald.Add(ctx, "test", w.edition, delivery.NewPost{Account: a.Name, Ask: true, Text: evil}); err != nil {
		w.t.Fatal(err)
	}
	p, err := d.Herald.Add(ctx, "test", w.edition, delivery.NewPost{Network: "linkedin", Takeaway: 1})
	if err != nil {
		w.t.Fatal(err)
	}
	w.ids["{account}"], w.ids["{post}"] = a.ID.String(), p.ID.String()
}

func TestSecretsOfAccountsAreNotOnPages(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Owner)
	for _, path := range []string{"/posting", "/posting/" + w.ids["{account}"], "/audit"} {
		if page := text(t, w.do("GET", path, nil)); strings.Contains(page, "secret-path") {
			t.Errorf("%s shows the secret address", path)
		}
	}
}

func (w *world) send(path string, values url.Values) *http.Response {
	return w.do("POST", path, strings.NewReader(values.Encode()), "Content-Type", "application/x-www-form-urlencoded")
}

func TestAnAccountIsTriedBeforeItIsKept(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Owner)
	form := url.Values{"kind": {"mastodon"}, "name": {"fedi"}, "server": {"https://m.example"}, "secret": {"wrong"}}
	r := w.send("/posting/new", form)
	if page := text(t, r); r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, "the token is not good") || !strings.Contains(page, "m.example") || strings.Contains(page, `value="wrong"`) {
		t.Errorf("%d: the page says what the other end said, keeps what was typed and not the secret", r.StatusCode)
	}
	form.Set("secret", "right")
	if r := w.send("/posting/new", form); r.StatusCode != http.StatusSeeOther {
		t.Errorf("%d %s", r.StatusCode, text(t, r))
	}
	if page := text(t, w.do("GET", "/posting", nil)); !strings.Contains(page, "fedi") {
		t.Error("the account is not listed")
	}
}

func TestHandPostingOnItsPage(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Editor)
	path := "/posts/" + w.ids["{post}"]
	page := text(t, w.do("GET", path, nil))
	for _, want := range []string{"https://www.linkedin.com/sharing/share-offsite/?url=", `id="post-text"`, "/og/"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if r := w.send(path+"/done", url.Values{"link": {"nonsense"}}); r.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("%d for a link that is none", r.StatusCode)
	}
	if r := w.send(path+"/done", url.Values{"link": {"https://www.linkedin.com/posts/1"}}); r.StatusCode != http.StatusSeeOther {
		t.Errorf("%d %s", r.StatusCode, text(t, r))
	}
	if page := text(t, w.do("GET", "/editions/"+w.edition.String()+"/posts", nil)); !strings.Contains(page, "posted") {
		t.Error("the list does not say that it is posted")
	}
}
