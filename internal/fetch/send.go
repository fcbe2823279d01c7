package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"

	"postrider/internal/errs"
)

// MaxSent is how many bytes of a body Send takes.
const MaxSent = 8 << 20

// Request is what Send sends. Its header and address may hold credentials: they
// are in no error of this package.
type Request struct {
	Method string // POST, PUT…
	URL    string
	Header map[string]string
	Body   []byte // at most MaxSent
}

// Answer is what came back, whatever its status.
type Answer struct {
	Status int
	Header func(name string) string // the first value of a header, "" where it is missing
	Body   []byte                   // at most MaxBytes
}

// uncertain marks an error after the request was on the wire.
type uncertain struct{ error }

func (u uncertain) Unwrap() error { return u.error }

// Uncertain reports whether a request of Send that failed may have been carried
// out all the same: its last byte had left when the error came.
func Uncertain(err error) bool {
	var u uncertain
	return errors.As(err, &u)
}

// Send sends a request that may change something at the other end, under the
// same guard as Get, exactly once: it follows no redirect, with which
// credentials would go elsewhere, and never tries again by itself. A status is
// no error. See Uncertain for what an error leaves open.
func (c *Client) Send(ctx context.Context, q Request) (Answer, error) {
	u, err := url.Parse(q.URL)
	if err != nil || len(q.URL) > MaxURL {
		return Answer{}, errs.Invalidf("it is not an address: write it as https://example.org/page")
	}
	if err := check(u); err != nil {
		return Answer{}, err
	}
	if len(q.Body) > MaxSent {
		return Answer{}, errs.Invalidf("it is larger than %d MB: nothing was sent", MaxSent>>20)
	}
	ctx, cancel := context.WithTimeout(ctx, c.http.Timeout)
	defer cancel()
	var written atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(i httptrace.WroteRequestInfo) {
		if i.Err == nil {
			written.Store(true)
		}
	}})
	r, err := http.NewRequestWithContext(ctx, q.Method, u.String(), bytes.NewReader(q.Body))
	if err != nil {
		return Answer{}, errs.Invalidf("it is not an address")
	}
	r.GetBody = nil // net/http would send again by itself what has an Idempotency-Key
	for name, value := range q.Header {
		r.Header.Set(name, value)
	}
	r.Header.Set("User-Agent", agent)
	answer, err := c.exchange(r)
	if err != nil {
		err = fmt.Errorf("asking %s: %w", u.Hostname(), told(err))
		if written.Load() {
			return Answer{}, uncertain{err}
		}
	}
	return answer, err
}

// exchange is one round trip; no redirect is followed.
func (c *Client) exchange(r *http.Request) (Answer, error) {
	a, err := c.http.Transport.RoundTrip(r)
	if err != nil {
		return Answer{}, err
	}
	defer a.Body.Close()
	body, err := io.ReadAll(io.LimitReader(a.Body, MaxBytes))
	if err != nil {
		return Answer{}, err
	}
	return Answer{Status: a.StatusCode, Header: a.Header.Get, Body: body}, nil
}

// Type is the answer's media type in lower case, empty where it has none.
func (a Answer) Type() string {
	kind, _, _ := mime.ParseMediaType(a.Header("Content-Type"))
	return kind
}
