// Package poster speaks to the networks over their own interfaces: Mastodon and
// its kin, Bluesky, Telegram, and webhooks for the rest. It posts what it is
// handed, exactly once a call, and says what a failure leaves open. When to
// post, and what to do after a doubt, is delivery's.
package poster

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/internal/fetch"
)

// Sender sends one request; *fetch.Client is the guarded one.
type Sender interface {
	Send(ctx context.Context, q fetch.Request) (fetch.Answer, error)
}

// Poster implements delivery.Publisher for every kind of account. It is safe for
// concurrent use.
type Poster struct {
	net      Sender
	now      func() time.Time
	sessions sessions // of Bluesky
}

// New makes a Poster that reaches the networks through a client.
func New(net Sender, now func() time.Time) *Poster { return &Poster{net: net, now: now} }

// network is what each dialect does.
type network interface {
	open(ctx context.Context, a delivery.Account, s delivery.AccountSecrets) (delivery.Account, error)
	publish(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, d delivery.Draft) (delivery.Published, error)
	find(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, d delivery.Draft) (delivery.Published, error)
	edit(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, p delivery.Published, d delivery.Draft) error
	remove(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, p delivery.Published) error
	numbers(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, p delivery.Published) (delivery.PostNumbers, error)
}

func (p *Poster) network(k delivery.AccountKind) network {
	switch k {
	case delivery.KindMastodon:
		return mastodon{p}
	case delivery.KindBluesky:
		return bluesky{p}
	case delivery.KindTelegram:
		return telegram{p}
	case delivery.KindMatrix:
		return matrix{hook{p}}
	}
	return hook{p}
}

// Open implements delivery.Opener.
func (p *Poster) Open(ctx context.Context, a delivery.Account, s delivery.AccountSecrets) (delivery.Account, error) {
	return p.network(a.Kind).open(ctx, a, s)
}

// Publish implements delivery.Publisher.
func (p *Poster) Publish(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, d delivery.Draft) (delivery.Published, error) {
	return p.network(a.Kind).publish(ctx, a, s, d)
}

// Find implements delivery.Publisher.
func (p *Poster) Find(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, d delivery.Draft) (delivery.Published, error) {
	return p.network(a.Kind).find(ctx, a, s, d)
}

// Edit implements delivery.Publisher.
func (p *Poster) Edit(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, made delivery.Published, d delivery.Draft) error {
	return p.network(a.Kind).edit(ctx, a, s, made, d)
}

// Delete implements delivery.Publisher.
func (p *Poster) Delete(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, made delivery.Published) error {
	return p.network(a.Kind).remove(ctx, a, s, made)
}

// Numbers implements delivery.Publisher.
func (p *Poster) Numbers(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, made delivery.Published) (delivery.PostNumbers, error) {
	return p.network(a.Kind).numbers(ctx, a, s, made)
}

// call is one exchange of JSON.
type call struct {
	method, url string
	token       string            // Bearer, where not empty
	header      map[string]string // beside it
	in          any               // marshalled, nil: no body
	raw         []byte            // instead of in, of type kind
	kind        string
	out         any // where a 2xx is read into, may be nil
}

// do makes a call. A failure is a *delivery.PostError.
func (p *Poster) do(ctx context.Context, c call) error {
	q := fetch.Request{Method: c.method, URL: c.url, Header: map[string]string{"Accept": "application/json"}, Body: c.raw}
	if c.in != nil {
		b, err := json.Marshal(c.in)
		if err != nil {
			return err
		}
		q.Body, c.kind = b, "application/json"
	}
	if c.kind != "" {
		q.Header["Content-Type"] = c.kind
	}
	if c.token != "" {
		q.Header["Authorization"] = "Bearer " + c.token
	}
	for name, value := range c.header {
		q.Header[name] = value
	}
	a, err := p.net.Send(ctx, q)
	if err != nil {
		return failed(err)
	}
	if a.Status < 200 || a.Status > 299 {
		return p.refused(a)
	}
	if c.out == nil {
		return nil
	}
	if err := json.Unmarshal(a.Body, c.out); err != nil {
		// It said yes, and we do not understand the rest.
		return &delivery.PostError{State: delivery.Unknown, Text: "the answer cannot be read"}
	}
	return nil
}

// failed is a call without an answer.
func failed(err error) error {
	state := delivery.Deferred
	switch {
	case fetch.Uncertain(err):
		state = delivery.Unknown
	case errs.Is(err, errs.Invalid), errs.Is(err, errs.Forbidden):
		return &delivery.PostError{State: delivery.Deferred, Us: true, Text: err.Error()}
	}
	return &delivery.PostError{State: state, Text: err.Error()}
}

// refused is an answer that is no yes: 429 and the server's own troubles pass,
// a key that is not good is about the account, all else about the post. A
// server that broke down may have posted all the same.
func (p *Poster) refused(a fetch.Answer) error {
	e := &delivery.PostError{Text: said(a), After: p.retryAfter(a)}
	switch {
	case a.Status == 429 || a.Status == 503:
		e.State = delivery.Deferred
	case a.Status == 408 || a.Status >= 500:
		e.State = delivery.Unknown
	case a.Status == 401 || a.Status == 403:
		e.State, e.Us = delivery.Deferred, true
	case a.Status >= 300 && a.Status < 400:
		e.State, e.Us = delivery.Deferred, true
		e.Text = fmt.Sprintf("status %d: the server is elsewhere now: change the account's address", a.Status)
	default:
		e.State = delivery.Refused
	}
	return e
}

// said is the other end's own words, shortened.
func said(a fetch.Answer) string {
	var body struct {
		Error       any    `json:"error"` // a text at Mastodon, a code at Bluesky
		Description string `json:"error_description"`
		Message     string `json:"message"`
		Telegram    string `json:"description"`
	}
	text := ""
	if json.Unmarshal(a.Body, &body) == nil {
		for _, s := range []string{body.Message, body.Description, body.Telegram, fmt.Sprint(body.Error)} {
			if s != "" && s != "<nil>" {
				text = s
				break
			}
		}
	} else if strings.HasPrefix(a.Type(), "text/plain") {
		text = string(a.Body)
	}
	text = clip(strings.Join(strings.Fields(strings.ToValidUTF8(text, "�")), " "), 200)
	if text == "" {
		return fmt.Sprintf("status %d", a.Status)
	}
	return fmt.Sprintf("status %d: %s", a.Status, text)
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

// maxWait bounds what a server may ask us to wait.
const maxWait = 24 * time.Hour

// retryAfter reads how long the other end wants us to wait: Retry-After,
// Telegram's own, or the time at which a limit is lifted.
func (p *Poster) retryAfter(a fetch.Answer) time.Duration {
	var body struct {
		Parameters struct {
			RetryAfter int `json:"retry_after"`
		} `json:"parameters"`
		RetryAfter float64 `json:"retry_after"` // Discord, in seconds
	}
	_ = json.Unmarshal(a.Body, &body)
	wait := time.Duration(body.Parameters.RetryAfter) * time.Second
	if body.RetryAfter > 0 && body.RetryAfter < maxWait.Seconds() {
		wait = max(wait, time.Duration(body.RetryAfter*float64(time.Second)))
	}
	if after := a.Header("Retry-After"); after != "" {
		if n, err := strconv.Atoi(after); err == nil {
			wait = max(wait, time.Duration(min(n, 1<<20))*time.Second)
		} else if t, err := time.Parse(time.RFC1123, after); err == nil {
			wait = max(wait, t.Sub(p.now()))
		}
	}
	if reset := a.Header("Ratelimit-Reset"); reset != "" && a.Status == 429 { // Bluesky: Unix seconds
		if n, err := strconv.ParseInt(reset, 10, 64); err == nil {
			wait = max(wait, time.Unix(n, 0).Sub(p.now()))
		}
	}
	if reset, err := time.Parse(time.RFC3339, a.Header("X-Ratelimit-Reset")); err == nil && a.Status == 429 { // Mastodon
		wait = max(wait, reset.Sub(p.now()))
	}
	return min(max(wait, 0), maxWait)
}

// certain turns "may have happened" into "try again": for calls that change
// nothing, or that may be made twice.
func certain(err error) error {
	if e, ok := err.(*delivery.PostError); ok && e.State == delivery.Unknown {
		return &delivery.PostError{State: delivery.Deferred, After: e.After, Us: e.Us, Text: e.Text}
	}
	return err
}
