package poster

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"mime/multipart"
	"net/textproto"
	"net/url"
	"strings"

	"postrider/delivery"
	"postrider/internal/errs"
)

// mastodon speaks Mastodon's dialect, which GoToSocial and Pleroma share. The
// Idempotency-Key is kept for an hour by Mastodon and ignored by others, so a
// post that is not certain is looked for in the account (find) before it is
// made again.
type mastodon struct{ *Poster }

type mastodonStatus struct {
	ID         string `json:"id"`
	URL        string `json:"url"`
	URI        string `json:"uri"`
	Content    string `json:"content"`
	CreatedAt  string `json:"created_at"`
	Favourites int    `json:"favourites_count"`
	Reblogs    int    `json:"reblogs_count"`
	Replies    int    `json:"replies_count"`
}

type mastodonAccount struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	Acct     string `json:"acct"`
}

func (m mastodon) me(ctx context.Context, a delivery.Account, s delivery.AccountSecrets) (mastodonAccount, error) {
	var me mastodonAccount
	err := certain(m.do(ctx, call{method: "GET", url: a.Server + "/api/v1/accounts/verify_credentials", token: s.Token.Reveal(), out: &me}))
	if err == nil && me.ID == "" {
		err = errs.Invalidf("the server does not say whose token this is: is it a Mastodon server?")
	}
	return me, err
}

func (m mastodon) open(ctx context.Context, a delivery.Account, s delivery.AccountSecrets) (delivery.Account, error) {
	me, err := m.me(ctx, a, s)
	if err != nil {
		return a, fmt.Errorf("logging in at %s: %w (the token needs read:accounts, read:statuses, write:statuses and write:media)", a.Server, err)
	}
	host := a.Server
	if u, err := url.Parse(a.Server); err == nil {
		host = u.Host
	}
	name := me.Acct
	if name == "" {
		name = me.Username
	}
	if !strings.Contains(name, "@") {
		name += "@" + host
	}
	a.Handle = "@" + name
	return a, nil
}

func (m mastodon) publish(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, d delivery.Draft) (delivery.Published, error) {
	in := map[string]any{"status": d.Text, "language": language(d.Language)}
	if a.Visibility != "" {
		in["visibility"] = a.Visibility
	}
	if a.Warning != "" {
		in["spoiler_text"] = a.Warning
	}
	if !strings.Contains(d.Text, d.Address) && len(d.Card) > 0 {
		// No link, so no link card: the picture goes along.
		id, err := m.upload(ctx, a, s, d)
		if err != nil {
			return delivery.Published{}, err
		}
		in["media_ids"] = []string{id}
	}
	var made mastodonStatus
	if err := m.do(ctx, call{method: "POST", url: a.Server + "/api/v1/statuses", token: s.Token.Reveal(),
		header: map[string]string{"Idempotency-Key": d.Key()}, in: in, out: &made}); err != nil {
		return delivery.Published{}, err
	}
	return made.published(), nil
}

func (s mastodonStatus) published() delivery.Published {
	p := delivery.Published{Remote: s.ID, URL: s.URL}
	if p.URL == "" {
		p.URL = s.URI
	}
	return p
}

// language is the part of a tag that Mastodon takes.
func language(tag string) string {
	base, _, _ := strings.Cut(tag, "-")
	return base
}

// upload hands the picture over with what it shows in words. A picture that is
// there twice is seen by nobody.
func (m mastodon) upload(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, d delivery.Draft) (string, error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="file"; filename="card.jpg"`}, "Content-Type": {"image/jpeg"},
	})
	if err != nil {
		return "", err
	}
	_, _ = part.Write(d.Card) // into memory: never fails
	_ = w.WriteField("description", clip(d.CardAlt, 1500))
	_ = w.Close()
	var made struct {
		ID string `json:"id"`
	}
	err = certain(m.do(ctx, call{method: "POST", url: a.Server + "/api/v2/media", token: s.Token.Reveal(), raw: body.Bytes(), kind: w.FormDataContentType(), out: &made}))
	return made.ID, err
}

// find reads the account's last posts for one that was made since the draft was
// planned and that holds its address, and its text where it has none.
func (m mastodon) find(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, d delivery.Draft) (delivery.Published, error) {
	me, err := m.me(ctx, a, s)
	if err != nil {
		return delivery.Published{}, err
	}
	var list []mastodonStatus
	if err := certain(m.do(ctx, call{method: "GET", url: a.Server + "/api/v1/accounts/" + url.PathEscape(me.ID) + "/statuses?limit=40&exclude_reblogs=true",
		token: s.Token.Reveal(), out: &list})); err != nil {
		return delivery.Published{}, err
	}
	for _, one := range list {
		if one.CreatedAt >= d.Minted.UTC().Format("2006-01-02T15:04:05") && m.holds(ctx, a, s, one, d) {
			return one.published(), nil
		}
	}
	return delivery.Published{}, errs.NotFoundf("the post is not among the account's last 40")
}

// holds compares a post with a draft by its source, which the server keeps as it
// was given, or else by its text without the tags.
func (m mastodon) holds(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, one mastodonStatus, d delivery.Draft) bool {
	var source struct {
		Text string `json:"text"`
	}
	err := m.do(ctx, call{method: "GET", url: a.Server + "/api/v1/statuses/" + url.PathEscape(one.ID) + "/source", token: s.Token.Reveal(), out: &source})
	if err == nil && source.Text != "" {
		return squeeze(source.Text) == squeeze(d.Text)
	}
	return squeeze(untagged(one.Content)) == squeeze(d.Text)
}

// squeeze leaves out all white space, which servers lay out anew.
func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }

// untagged is the text of a post's HTML. Servers break long addresses into
// spans, whose letters all remain.
func untagged(s string) string {
	var b strings.Builder
	in := false
	for _, r := range s {
		switch {
		case r == '<':
			in = true
		case r == '>':
			in = false
		case !in:
			b.WriteRune(r)
		}
	}
	return html.UnescapeString(b.String())
}

func (m mastodon) edit(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, p delivery.Published, d delivery.Draft) error {
	in := map[string]any{"status": d.Text, "language": language(d.Language)}
	if a.Warning != "" {
		in["spoiler_text"] = a.Warning
	}
	return m.do(ctx, call{method: "PUT", url: a.Server + "/api/v1/statuses/" + url.PathEscape(p.Remote), token: s.Token.Reveal(), in: in})
}

func (m mastodon) remove(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, p delivery.Published) error {
	return m.do(ctx, call{method: "DELETE", url: a.Server + "/api/v1/statuses/" + url.PathEscape(p.Remote), token: s.Token.Reveal()})
}

func (m mastodon) numbers(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, p delivery.Published) (delivery.PostNumbers, error) {
	var one mastodonStatus
	err := m.do(ctx, call{method: "GET", url: a.Server + "/api/v1/statuses/" + url.PathEscape(p.Remote), token: s.Token.Reveal(), out: &one})
	return delivery.PostNumbers{Likes: one.Favourites, Reposts: one.Reblogs, Replies: one.Replies}, err
}
