package poster_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"postrider/delivery"
	"postrider/delivery/poster"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/secrets"
	"postrider/templates"
)

var planned = time.Now().Add(-time.Minute)

func draft(text string) delivery.Draft {
	return delivery.Draft{
		Post: delivery.PostID(ids.Block(1)), Edition: 1, Minted: planned, Text: text, Card: []byte("\xff\xd8jpeg"),
		Posting: templates.Posting{Address: "https://news.example.org/r/harbour-notes-of-spring", Title: "Harbour notes", Description: "What was said.", Language: "en-GB", Hashtags: []string{"Harbour"}, CardAlt: "Harbour notes"},
	}
}

const linked = "Harbour notes\n\n1. Boats < ships & more.\n\n#Harbour https://news.example.org/r/harbour-notes-of-spring"

func account(f *fake, k delivery.AccountKind) (delivery.Account, delivery.AccountSecrets) {
	a, s := delivery.Account{ID: 1, Name: string(k), Kind: k, Server: f.URL, Handle: "@ourchannel"}, delivery.AccountSecrets{Token: "TOKEN"}
	if k == delivery.KindBluesky {
		a.Handle = "news.test"
	}
	facts, _ := k.Facts()
	if facts.Address {
		a.Server, s.Token = "", secrets.Secret(f.URL+"/hook")
	}
	if k == delivery.KindWebhook {
		s.Key = "whsec_" + secrets.Secret(base64.StdEncoding.EncodeToString([]byte("0123456789abcdef01234567")))
	}
	return a, s
}

func outcome(err error) delivery.State {
	var e *delivery.PostError
	switch {
	case err == nil:
		return delivery.Accepted
	case errors.As(err, &e):
		return e.State
	}
	return "error"
}

func TestEveryKindPosts(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	p := f.poster(t)
	for _, facts := range delivery.AccountKinds() {
		a, s := account(f, facts.Kind)
		if _, err := p.Open(t.Context(), a, s); err != nil {
			t.Errorf("%s: opening: %v", facts.Kind, err)
		}
		if _, err := p.Publish(t.Context(), a, s, draft(linked)); err != nil {
			t.Errorf("%s: %v", facts.Kind, err)
		}
	}
	if len(f.statuses) != 1 || f.statuses[0].Text != linked || f.statuses[0].Media {
		t.Errorf("Mastodon has %+v", f.statuses)
	}
	for _, m := range f.messages {
		if text, ok := m["text"].(string); ok && m["chat_id"] != nil && !strings.Contains(text, "&lt; ships &amp; more") {
			t.Errorf("Telegram's HTML is not escaped: %q", text)
		}
	}
}

func TestMastodonLooksBeforeItPostsAgain(t *testing.T) {
	t.Parallel()
	for _, gts := range []bool{false, true} {
		f := newFake(t)
		f.gts = gts
		p := f.poster(t)
		a, s := account(f, delivery.KindMastodon)
		d := draft(linked)
		if _, err := p.Find(t.Context(), a, s, d); !errs.Is(err, errs.NotFound) {
			t.Fatalf("nothing is there: %v", err)
		}
		f.lose = 1
		if _, err := p.Publish(t.Context(), a, s, d); outcome(err) != delivery.Unknown {
			t.Fatalf("the answer was lost: %v", err)
		}
		found, err := p.Find(t.Context(), a, s, d)
		if err != nil || found.Remote != "1" || found.URL == "" {
			t.Fatalf("GoToSocial %t: %+v %v", gts, found, err)
		}
		if _, err := p.Find(t.Context(), a, s, draft("Another text https://news.example.org/r/harbour-notes-of-spring")); !errs.Is(err, errs.NotFound) {
			t.Errorf("another post with the same link is not this one: %v", err)
		}
	}
}

func TestMastodonCarriesAPictureWhereThereIsNoLink(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	a, s := account(f, delivery.KindMastodon)
	if _, err := f.poster(t).Publish(t.Context(), a, s, draft("No link here")); err != nil || !f.statuses[0].Media {
		t.Errorf("%+v %v", f.statuses, err)
	}
}

func TestBlueskyTheSamePostTwiceIsOne(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	p := f.poster(t)
	a, s := account(f, delivery.KindBluesky)
	d := draft(linked)
	f.lose = 1
	if _, err := p.Publish(t.Context(), a, s, d); outcome(err) != delivery.Unknown {
		t.Fatalf("the answer was lost: %v", err)
	}
	made, err := p.Publish(t.Context(), a, s, d)
	if err != nil || len(f.records) != 1 || f.commits != 1 {
		t.Fatalf("%d records, %d commits, %v", len(f.records), f.commits, err)
	}
	if f.sessions != 1 {
		t.Errorf("%d log-ins: 300 a day are allowed", f.sessions)
	}
	if found, err := p.Find(t.Context(), a, s, d); err != nil || found != made {
		t.Errorf("%+v %v, want %+v", found, err, made)
	}
	// Another post of the same millisecond has a key of its own.
	if _, err := p.Publish(t.Context(), a, s, draft(linked)); err != nil || len(f.records) != 2 {
		t.Errorf("%d records %v", len(f.records), err)
	}
	if err := p.Delete(t.Context(), a, s, made); err != nil || len(f.records) != 1 {
		t.Errorf("%d records %v", len(f.records), err)
	}
}

func TestBlueskyRecordIsWhatTheLexiconWants(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	a, s := account(f, delivery.KindBluesky)
	f.expired = true // the log-in is over in the middle
	if _, err := f.poster(t).Publish(t.Context(), a, s, draft(linked)); err != nil || f.sessions != 2 {
		t.Fatalf("%d log-ins, %v", f.sessions, err)
	}
	for key, raw := range f.records {
		if len(key) != 13 || strings.Trim(key, "234567abcdefghijklmnopqrstuvwxyz") != "" {
			t.Errorf("%q is no TID", key)
		}
		var r struct {
			Text   string
			Langs  []string
			Facets []struct {
				Index    struct{ ByteStart, ByteEnd int }
				Features []struct{ URI, Tag string }
			}
			Embed struct {
				External struct {
					URI, Title string
					Thumb      any
				}
			}
		}
		if err := json.Unmarshal(raw, &r); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(r.Text, "#Harbour news.example.org/r/harbour-no...") || r.Embed.External.Thumb == nil || r.Embed.External.Title != "Harbour notes" || len(r.Langs) != 1 {
			t.Errorf("%s", raw)
		}
		if len(r.Facets) != 2 {
			t.Fatalf("%d facets: %s", len(r.Facets), raw)
		}
		tag, link := r.Facets[0], r.Facets[1]
		if r.Text[tag.Index.ByteStart:tag.Index.ByteEnd] != "#Harbour" || tag.Features[0].Tag != "Harbour" ||
			r.Text[link.Index.ByteStart:link.Index.ByteEnd] != "news.example.org/r/harbour-no..." || link.Features[0].URI != "https://news.example.org/r/harbour-notes-of-spring" {
			t.Errorf("facets: %+v", r.Facets)
		}
	}
}

func TestAnswersOfNetworks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		failure
		state delivery.State
		us    bool
		after time.Duration
	}{
		{failure{429, map[string]string{"Retry-After": "90"}, `{"error":"slow down"}`}, delivery.Deferred, false, 90 * time.Second},
		{failure{429, nil, `{"ok":false,"parameters":{"retry_after":17}}`}, delivery.Deferred, false, 17 * time.Second},
		{failure{503, nil, ""}, delivery.Deferred, false, 0},
		{failure{500, nil, ""}, delivery.Unknown, false, 0},
		{failure{504, nil, ""}, delivery.Unknown, false, 0},
		{failure{401, nil, `{"error":"The access token is invalid"}`}, delivery.Deferred, true, 0},
		{failure{422, nil, `{"error":"Validation failed: Text too long"}`}, delivery.Refused, false, 0},
		{failure{301, map[string]string{"Location": "http://127.0.0.1/"}, ""}, delivery.Deferred, true, 0},
	} {
		f := newFake(t)
		f.fail = []failure{c.failure}
		a, s := account(f, delivery.KindMastodon)
		_, err := f.poster(t).Publish(t.Context(), a, s, draft(linked))
		var e *delivery.PostError
		if !errors.As(err, &e) || e.State != c.state || e.Us != c.us || e.After != c.after {
			t.Errorf("%d %s: %+v", c.status, c.body, err)
		}
	}
	f := newFake(t)
	a, s := account(f, delivery.KindTelegram)
	p := f.poster(t)
	f.Close()
	if _, err := p.Publish(t.Context(), a, s, draft(linked)); outcome(err) != delivery.Deferred || strings.Contains(err.Error(), "TOKEN") {
		t.Errorf("nobody is there: %v, want a later try without the token", err)
	}
}

// The signature is the one that every library of Standard Webhooks checks.
func TestWebhookIsSigned(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	a, s := account(f, delivery.KindWebhook)
	d := draft(linked)
	for range 2 {
		if _, err := f.poster(t).Publish(t.Context(), a, s, d); err != nil {
			t.Fatal(err)
		}
	}
	r, body := f.hooks[0], f.bodies[0]
	id, at := r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp")
	mac := hmac.New(sha256.New, []byte("0123456789abcdef01234567"))
	_, _ = io.WriteString(mac, id+"."+at+"."+string(body))
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); r.Header.Get("Webhook-Signature") != want {
		t.Errorf("signature %q, want %q", r.Header.Get("Webhook-Signature"), want)
	}
	if again := f.hooks[1].Header.Get("Webhook-Id"); again != id || id == "" {
		t.Errorf("a repeat has the id %q, not %q", again, id)
	}
	if !strings.Contains(string(body), `"type":"edition.published"`) {
		t.Errorf("%s", body)
	}
}

func TestChatsCallNobody(t *testing.T) {
	t.Parallel()
	for _, k := range []delivery.AccountKind{delivery.KindDiscord, delivery.KindSlack, delivery.KindMattermost} {
		f := newFake(t)
		a, s := account(f, k)
		if _, err := f.poster(t).Publish(t.Context(), a, s, draft("<!channel> @here @everyone")); err != nil {
			t.Fatal(err)
		}
		b := string(f.bodies[0])
		if strings.Contains(b, `"<!channel>`) || k == delivery.KindMattermost && strings.Contains(b, "@here") || k == delivery.KindDiscord && !strings.Contains(b, `"allowed_mentions":{"parse":[]}`) {
			t.Errorf("%s: %s", k, b)
		}
	}
}

func TestWhatCanBeChangedIs(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	p := f.poster(t)
	a, s := account(f, delivery.KindMastodon)
	made, err := p.Publish(t.Context(), a, s, draft(linked))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Edit(t.Context(), a, s, made, draft("Better")); err != nil || f.statuses[0].Text != "Better" {
		t.Errorf("%+v %v", f.statuses, err)
	}
	if n, err := p.Numbers(t.Context(), a, s, made); err != nil || n.Likes != 3 || n.Reposts != 2 || n.Replies != 1 {
		t.Errorf("%+v %v", n, err)
	}
	if err := p.Delete(t.Context(), a, s, made); err != nil || len(f.statuses) != 0 {
		t.Errorf("%+v %v", f.statuses, err)
	}
}

var _ delivery.Publisher = (*poster.Poster)(nil)
