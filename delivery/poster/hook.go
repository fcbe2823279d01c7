package poster

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"

	"postrider/delivery"
	"postrider/internal/errs"
)

// hook hands a post to an address: signed JSON for programs, or the body that a
// chat wants. Nothing can be read back.
type hook struct{ *Poster }

// event is the body of a signed webhook (standardwebhooks.com).
type event struct {
	Type      string `json:"type"` // "edition.published", "takeaway.published", "test"
	Timestamp string `json:"timestamp"`
	Data      any    `json:"data"`
}

type eventData struct {
	Edition     string   `json:"edition"`
	Takeaway    int      `json:"takeaway,omitempty"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Text        string   `json:"text"`
	URL         string   `json:"url"`
	Language    string   `json:"language,omitempty"`
	Hashtags    []string `json:"hashtags"`
	Alt         string   `json:"image_alt,omitempty"`
}

func (h hook) open(ctx context.Context, a delivery.Account, s delivery.AccountSecrets) (delivery.Account, error) {
	u, err := url.Parse(s.Token.Reveal())
	if err != nil {
		return a, errs.Invalidf("the address cannot be read")
	}
	a.Handle = u.Host // all that pages show of it
	if a.Kind != delivery.KindWebhook || s.Key == "" {
		return a, nil // a chat has no call that says nothing
	}
	b, err := json.Marshal(event{Type: "test", Timestamp: h.now().UTC().Format("2006-01-02T15:04:05Z"), Data: struct{}{}})
	if err == nil {
		err = certain(h.signed(ctx, s, "test-"+strconv.FormatInt(h.now().UnixMilli(), 36), b))
	}
	return a, err
}

func (h hook) publish(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, d delivery.Draft) (delivery.Published, error) {
	if a.Kind == delivery.KindWebhook {
		data := eventData{
			Edition: d.Edition.String(), Takeaway: d.Number, Title: d.Title, Description: d.Description, Text: d.Text, URL: d.Address,
			Language: d.Language, Hashtags: append([]string{}, d.Hashtags...), Alt: d.CardAlt,
		}
		kind := "edition.published"
		if d.Number > 0 {
			kind = "takeaway.published"
		}
		b, err := json.Marshal(event{Type: kind, Timestamp: d.Minted.UTC().Format("2006-01-02T15:04:05Z"), Data: data})
		if err != nil {
			return delivery.Published{}, err
		}
		return delivery.Published{Remote: d.Key()}, h.signed(ctx, s, d.Key(), b)
	}
	c := call{method: "POST", url: s.Token.Reveal(), in: chat(a.Kind, d)}
	var made struct {
		ID string `json:"id"`
	}
	if a.Kind == delivery.KindDiscord {
		u, err := url.Parse(c.url)
		if err != nil {
			return delivery.Published{}, errs.Invalidf("the address cannot be read")
		}
		q := u.Query()
		q.Set("wait", "true")
		u.RawQuery = q.Encode()
		c.url, c.out = u.String(), &made
	}
	if a.Kind == delivery.KindNtfy {
		c.in, c.raw, c.kind = nil, []byte(d.Text), "text/plain; charset=utf-8"
		c.header = map[string]string{"Title": header(d.Title), "Click": d.Address}
	}
	return delivery.Published{Remote: made.ID}, h.do(ctx, c)
}

// header is a text for a header, as RFC 2047 where it is not ASCII; ntfy reads that.
func header(s string) string {
	for _, r := range s {
		if r < ' ' || r > '~' {
			return "=?UTF-8?B?" + base64.StdEncoding.EncodeToString([]byte(s)) + "?="
		}
	}
	return s
}

// signed posts a body with the three headers of Standard Webhooks. The id is the
// same at every try, so the receiver can tell a repeat.
func (h hook) signed(ctx context.Context, s delivery.AccountSecrets, id string, body []byte) error {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s.Key.Reveal(), "whsec_"))
	if err != nil || len(key) == 0 {
		return errs.Conflictf("the webhook has no key to sign with: add the account again")
	}
	at := strconv.FormatInt(h.now().Unix(), 10)
	mac := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(mac, "%s.%s.%s", id, at, body) // never fails
	return h.do(ctx, call{method: "POST", url: s.Token.Reveal(), raw: body, kind: "application/json", header: map[string]string{
		"Webhook-Id": id, "Webhook-Timestamp": at, "Webhook-Signature": "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)),
	}})
}

// chat is the body that a chat's incoming webhook wants. Nobody is called by
// name, whatever the text holds.
func chat(k delivery.AccountKind, d delivery.Draft) any {
	switch k {
	case delivery.KindDiscord:
		return map[string]any{"content": d.Text, "allowed_mentions": map[string]any{"parse": []string{}}}
	case delivery.KindSlack:
		return map[string]any{"text": slackText(d.Text), "unfurl_links": true}
	case delivery.KindTeams:
		return map[string]any{"type": "message", "attachments": []any{map[string]any{
			"contentType": "application/vnd.microsoft.card.adaptive", "content": card(d),
		}}}
	}
	return map[string]any{"text": mattermostText(d.Text)}
}

// slackText escapes what Slack takes for its own marks, calls of people among
// them (docs.slack.dev, formatting message text).
func slackText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// mattermostText keeps @all, @channel and @here from calling everybody.
func mattermostText(s string) string { return strings.ReplaceAll(s, "@", "@\u200b") }

// card is an Adaptive Card with the text and a button.
func card(d delivery.Draft) any {
	return map[string]any{
		"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
		"body": []any{
			map[string]any{"type": "TextBlock", "text": d.Title, "weight": "bolder", "size": "medium", "wrap": true},
			map[string]any{"type": "TextBlock", "text": d.Description, "wrap": true},
		},
		"actions": []any{map[string]any{"type": "Action.OpenUrl", "title": d.Title, "url": d.Address}},
	}
}

func (h hook) find(context.Context, delivery.Account, delivery.AccountSecrets, delivery.Draft) (delivery.Published, error) {
	return delivery.Published{}, errs.Conflictf("nothing can be read back through a webhook: look there")
}

func (h hook) edit(context.Context, delivery.Account, delivery.AccountSecrets, delivery.Published, delivery.Draft) error {
	return errs.Conflictf("what went out through a webhook cannot be changed")
}

func (h hook) remove(context.Context, delivery.Account, delivery.AccountSecrets, delivery.Published) error {
	return errs.Conflictf("what went out through a webhook cannot be taken back")
}

func (h hook) numbers(context.Context, delivery.Account, delivery.AccountSecrets, delivery.Published) (delivery.PostNumbers, error) {
	return delivery.PostNumbers{}, errs.Conflictf("a webhook tells nothing")
}

// matrix posts to a room. The transaction's id makes a repeat change nothing
// (spec.matrix.org, client-server API).
type matrix struct{ hook }

func (m matrix) open(ctx context.Context, a delivery.Account, s delivery.AccountSecrets) (delivery.Account, error) {
	err := certain(m.do(ctx, call{method: "GET", url: a.Server + "/_matrix/client/v3/account/whoami", token: s.Token.Reveal()}))
	if err != nil {
		return a, fmt.Errorf("logging in at %s: %w", a.Server, err)
	}
	return a, nil
}

func (m matrix) publish(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, d delivery.Draft) (delivery.Published, error) {
	var made struct {
		ID string `json:"event_id"`
	}
	text := html.EscapeString(d.Text)
	err := m.do(ctx, call{method: "PUT", token: s.Token.Reveal(), out: &made,
		url: a.Server + "/_matrix/client/v3/rooms/" + url.PathEscape(a.Handle) + "/send/m.room.message/" + d.Key(),
		in:  map[string]any{"msgtype": "m.text", "body": d.Text, "format": "org.matrix.custom.html", "formatted_body": strings.ReplaceAll(text, "\n", "<br>")}})
	return delivery.Published{Remote: made.ID, URL: "https://matrix.to/#/" + url.PathEscape(a.Handle) + "/" + url.PathEscape(made.ID)}, err
}
