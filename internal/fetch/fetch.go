// Package fetch is the one way in which Postrider asks for an address that a
// person or a stranger's document named. It reaches the public internet and the
// hosts that the administrator allows, and refuses everything else: this
// machine, its network, the metadata service of a cloud. It keeps nothing.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"code.dny.dev/ssrf"

	"postrider/internal/errs"
)

// What one request may cost.
const (
	MaxBytes     = 5 << 20 // of a body, after decompression
	MaxRedirects = 3
	MaxURL       = 2000             // letters of an address
	Patience     = 10 * time.Second // for the whole exchange, redirects included

	maxHeaders = 64 << 10 // bytes
	agent      = "Postrider (newsletter program; fetches what its editors name)"
)

// Client fetches addresses. It is safe for concurrent use.
type Client struct {
	http    *http.Client
	allowed hosts
}

// Response is what an address answered.
type Response struct {
	URL    string // where the answer came from, after redirects
	Status int    // 200…
	Type   string // media type in lower case without parameters, empty where the server gives none
	Body   []byte // decompressed, at most MaxBytes
	size   int64  // as the server says, -1 where it does not
}

// options are what tests stage; the zero value is what production uses.
type options struct {
	resolver *net.Resolver
	guard    []ssrf.Option
	patience time.Duration
}

// New makes a client. allow names the administrator's own hosts, which may be
// on a private network: "intranet.example.org" (ports 80 and 443) or
// "10.0.0.7:8080". An entry that is neither is Invalid.
func New(allow []string) (*Client, error) { return build(allow, options{}) }

func build(allow []string, o options) (*Client, error) {
	allowed, err := readHosts(allow)
	if err != nil {
		return nil, err
	}
	if o.patience == 0 {
		o.patience = Patience
	}
	open := &net.Dialer{Timeout: o.patience, Resolver: o.resolver}
	// The guard sees the address that a connection is about to be made to, after
	// the name was resolved: a name that changes its mind gains nothing.
	guarded := &net.Dialer{Timeout: o.patience, Resolver: o.resolver, Control: ssrf.New(o.guard...).Safe}
	c := &Client{allowed: allowed}
	c.http = &http.Client{
		Timeout: o.patience,
		Transport: &http.Transport{
			Proxy: nil, // a proxy would connect for us, and nobody would check where to
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				if allowed.has(address) {
					return open.DialContext(ctx, network, address)
				}
				return guarded.DialContext(ctx, network, address)
			},
			MaxResponseHeaderBytes: maxHeaders,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        30 * time.Second,
			ForceAttemptHTTP2:      true,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > MaxRedirects {
				return errs.Invalidf("it redirects more than %d times: name the page that it ends at", MaxRedirects)
			}
			return check(r.URL)
		},
	}
	return c, nil
}

// Get returns what an address answers with a status of 2xx. An address that is
// none, or an answer that is too large, is Invalid; one that may not be asked
// Forbidden; another status is NotFound (404, 410) or Unavailable, as is a host
// that does not answer in time.
func (c *Client) Get(ctx context.Context, address string) (Response, error) {
	r, err := c.do(ctx, http.MethodGet, address)
	switch {
	case err != nil:
		return Response{}, fmt.Errorf("fetching %s: %w", clip(address), err)
	case r.Status >= 200 && r.Status < 300:
		return r, nil
	case r.Status == http.StatusNotFound || r.Status == http.StatusGone:
		return Response{}, errs.NotFoundf("fetching %s: there is no such page (status %d): check the address", clip(address), r.Status)
	}
	return Response{}, errs.Unavailablef("fetching %s: the server answers with status %d: open it in a browser and save the page", clip(address), r.Status)
}

// Look asks whether an address answers, and returns its status and how many
// bytes it says that it has, -1 where it does not say. Errors are those of Get,
// but no status is one.
func (c *Client) Look(ctx context.Context, address string) (status int, size int64, err error) {
	r, err := c.do(ctx, http.MethodHead, address)
	if err == nil && (r.Status == http.StatusMethodNotAllowed || r.Status == http.StatusNotImplemented || r.Status == http.StatusNotFound || r.Status == http.StatusForbidden) {
		// Some servers know only GET, and some say so with another status.
		r, err = c.do(ctx, http.MethodGet, address)
	}
	if err != nil {
		return 0, -1, fmt.Errorf("looking at %s: %w", clip(address), err)
	}
	return r.Status, r.size, nil
}

func (c *Client) do(ctx context.Context, method, address string) (Response, error) {
	u, err := url.Parse(address)
	if err != nil || len(address) > MaxURL {
		return Response{}, errs.Invalidf("it is not an address: write it as https://example.org/page")
	}
	if err := check(u); err != nil {
		return Response{}, err
	}
	q, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil {
		return Response{}, errs.Invalidf("it is not an address: %w", err)
	}
	q.Header.Set("User-Agent", agent)
	q.Header.Set("Accept", "text/html,application/xhtml+xml,application/feed+json,application/atom+xml,application/rss+xml,text/markdown,text/plain;q=0.9,*/*;q=0.5")
	a, err := c.http.Do(q)
	if err != nil {
		return Response{}, told(err)
	}
	defer a.Body.Close()
	r := Response{URL: a.Request.URL.String(), Status: a.StatusCode, size: a.ContentLength}
	r.Type, _, _ = mime.ParseMediaType(a.Header.Get("Content-Type"))
	if r.Body, err = io.ReadAll(io.LimitReader(a.Body, MaxBytes+1)); err != nil {
		return Response{}, told(err)
	}
	if len(r.Body) > MaxBytes {
		return Response{}, errs.Invalidf("it is larger than %d MB: save the part that you need to a file", MaxBytes>>20)
	}
	return r, nil
}

// check refuses what is no address of the web before anything is resolved.
func check(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return errs.Invalidf("%q is not fetched: name an http or https address", clip(u.Scheme))
	case u.Hostname() == "":
		return errs.Invalidf("it has no host: write it as https://example.org/page")
	case u.User != nil:
		return errs.Invalidf("it holds a user name or password: remove what stands before @")
	}
	return nil
}

// told gives a failed exchange its kind and the words for people. The text of
// net/http is left out: it repeats the address, which may hold a token.
func told(err error) error {
	var known *errs.Error
	var dns *net.DNSError
	var slow net.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, ssrf.ErrProhibitedPort):
		return errs.Forbiddenf("only the ports 80 and 443 are asked: allow the host with --fetch-allow HOST:PORT if it is yours")
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedNetwork), errors.Is(err, ssrf.ErrInvalidHostPort):
		return errs.Forbiddenf("the host is on this machine or a private network: allow it with --fetch-allow HOST if it is yours")
	case errs.KindOf(err) != errs.Internal:
		var u *url.Error
		if errors.As(err, &u) {
			return u.Err
		}
		return err
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &dns) && dns.IsNotFound:
		return errs.NotFoundf("no host has the name %s: check the spelling", clip(dns.Name))
	case errors.As(err, &slow) && slow.Timeout():
		return errs.Unavailablef("the server does not answer within %d seconds: try again later", int(Patience/time.Second))
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return errs.Unavailablef("the server cannot be reached: %w", err)
}

func clip(s string) string {
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		s = s[:i] // what stands behind may be a token
	}
	if r := []rune(s); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return s
}
