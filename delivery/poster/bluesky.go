package poster

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/url"
	"strings"
	"sync"

	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/networks"
)

// bluesky speaks the AT Protocol. A post is put under a key of our own, so that
// the same post a second time changes nothing (tried on a real server).
type bluesky struct{ *Poster }

const (
	postCollection = "app.bsky.feed.post"
	maxThumb       = 976 << 10 // bytes; the server refuses 1,000,000
)

// session is a log-in, which may be made 300 times a day only: it is kept.
type session struct {
	token, refresh, did, handle string
}

type sessions struct {
	sync.Mutex
	of map[string]session // by server, handle and password
}

type sessionAnswer struct {
	Access  string `json:"accessJwt"`
	Refresh string `json:"refreshJwt"`
	DID     string `json:"did"`
	Handle  string `json:"handle"`
}

// session returns the kept log-in, or a new one.
func (b bluesky) session(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, anew bool) (session, error) {
	key := a.Server + "\x00" + a.Handle + "\x00" + s.Token.Reveal()
	b.sessions.Lock()
	defer b.sessions.Unlock()
	kept, ok := b.sessions.of[key]
	if ok && !anew {
		return kept, nil
	}
	var made sessionAnswer
	err := errs.Unavailablef("no log-in yet")
	if ok { // the short key is over, the long one may be good
		err = b.do(ctx, call{method: "POST", url: a.Server + "/xrpc/com.atproto.server.refreshSession", token: kept.refresh, out: &made})
	}
	if err != nil {
		err = b.do(ctx, call{method: "POST", url: a.Server + "/xrpc/com.atproto.server.createSession",
			in: map[string]string{"identifier": a.Handle, "password": s.Token.Reveal()}, out: &made})
	}
	if err != nil {
		return session{}, certain(err)
	}
	if b.sessions.of == nil {
		b.sessions.of = map[string]session{}
	}
	kept = session{token: made.Access, refresh: made.Refresh, did: made.DID, handle: made.Handle}
	b.sessions.of[key] = kept
	return kept, nil
}

// as makes a call with a log-in, and once more with a new one where that is over.
func (b bluesky) as(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, make func(session) call) error {
	kept, err := b.session(ctx, a, s, false)
	if err != nil {
		return err
	}
	err = b.do(ctx, make(kept))
	if e, ok := err.(*delivery.PostError); !ok || !strings.Contains(e.Text, "ExpiredToken") && !strings.Contains(e.Text, "expired") {
		return err
	}
	if kept, err = b.session(ctx, a, s, true); err != nil {
		return err
	}
	return b.do(ctx, make(kept))
}

func (b bluesky) open(ctx context.Context, a delivery.Account, s delivery.AccountSecrets) (delivery.Account, error) {
	kept, err := b.session(ctx, a, s, true)
	if err != nil {
		return a, fmt.Errorf("logging in at %s as %s: %w (make an app password under Settings, Privacy and security)", a.Server, a.Handle, err)
	}
	a.Handle = kept.handle
	return a, nil
}

// record is app.bsky.feed.post.
type record struct {
	Type      string   `json:"$type"`
	Text      string   `json:"text"`
	CreatedAt string   `json:"createdAt"`
	Langs     []string `json:"langs,omitempty"`
	Facets    []facet  `json:"facets,omitempty"`
	Embed     *embed   `json:"embed,omitempty"`
	Tags      []string `json:"tags,omitempty"`
}

type embed struct {
	Type     string   `json:"$type"`
	External external `json:"external"`
}

type external struct {
	URI         string          `json:"uri"`
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Thumb       json.RawMessage `json:"thumb,omitempty"`
}

func (b bluesky) publish(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, d delivery.Draft) (delivery.Published, error) {
	text, facets := layOut(d.Text)
	r := record{
		Type: postCollection, Text: text, Facets: facets, CreatedAt: d.Minted.UTC().Format("2006-01-02T15:04:05.000Z"),
		Embed: &embed{Type: "app.bsky.embed.external", External: external{URI: d.Address, Title: d.Title, Description: d.Description}},
	}
	if d.Language != "" {
		r.Langs = []string{d.Language}
	}
	if len(d.Card) > 0 && len(d.Card) <= maxThumb {
		var made struct {
			Blob json.RawMessage `json:"blob"`
		}
		err := b.as(ctx, a, s, func(k session) call {
			return call{method: "POST", url: a.Server + "/xrpc/com.atproto.repo.uploadBlob", token: k.token, raw: d.Card, kind: "image/jpeg", out: &made}
		})
		if err != nil {
			return delivery.Published{}, certain(err)
		}
		r.Embed.External.Thumb = made.Blob
	}
	key := recordKey(d)
	var made struct {
		URI string `json:"uri"`
	}
	var did, handle string
	err := b.as(ctx, a, s, func(k session) call {
		did, handle = k.did, k.handle
		return call{method: "POST", url: a.Server + "/xrpc/com.atproto.repo.putRecord", token: k.token,
			in: map[string]any{"repo": k.did, "collection": postCollection, "rkey": key, "record": r}, out: &made}
	})
	if err != nil {
		return delivery.Published{}, err
	}
	if made.URI == "" {
		made.URI = "at://" + did + "/" + postCollection + "/" + key
	}
	return delivery.Published{Remote: made.URI, URL: "https://bsky.app/profile/" + handle + "/post/" + key}, nil
}

// tidLetters are those of a TID, in their order (atproto.com/specs/tid).
const tidLetters = "234567abcdefghijklmnopqrstuvwxyz"

// recordKey is a TID that says when the post was planned and, in what TIDs leave
// to chance, which post it is: the same at every try.
func recordKey(d delivery.Draft) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(d.Key())) // never fails
	sum := uint64(h.Sum32())
	micros := uint64(d.Minted.UnixMilli())*1000 + (sum>>10)%1000
	v := micros<<10 | sum&0x3ff
	var out [13]byte
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = tidLetters[v&31]
		v >>= 5
	}
	return string(out[:])
}

// find asks for the record itself.
func (b bluesky) find(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, d delivery.Draft) (delivery.Published, error) {
	key := recordKey(d)
	var made struct {
		URI string `json:"uri"`
	}
	handle := ""
	err := b.as(ctx, a, s, func(k session) call {
		handle = k.handle
		return call{method: "GET", token: k.token, out: &made, url: a.Server + "/xrpc/com.atproto.repo.getRecord?" +
			url.Values{"repo": {k.did}, "collection": {postCollection}, "rkey": {key}}.Encode()}
	})
	if e, ok := err.(*delivery.PostError); ok && e.State == delivery.Refused {
		return delivery.Published{}, errs.NotFoundf("the post is not there")
	}
	if err != nil {
		return delivery.Published{}, certain(err)
	}
	return delivery.Published{Remote: made.URI, URL: "https://bsky.app/profile/" + handle + "/post/" + key}, nil
}

func (b bluesky) edit(context.Context, delivery.Account, delivery.AccountSecrets, delivery.Published, delivery.Draft) error {
	return errs.Conflictf("Bluesky does not let a post be changed: take it back and post again")
}

func (b bluesky) remove(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, p delivery.Published) error {
	key := p.Remote[strings.LastIndexByte(p.Remote, '/')+1:]
	return certain(b.as(ctx, a, s, func(k session) call {
		return call{method: "POST", url: a.Server + "/xrpc/com.atproto.repo.deleteRecord", token: k.token,
			in: map[string]any{"repo": k.did, "collection": postCollection, "rkey": key}}
	}))
}

// appView is where posts are counted: a server of accounts alone does not know.
const appView = "https://public.api.bsky.app"

func (b bluesky) numbers(ctx context.Context, a delivery.Account, _ delivery.AccountSecrets, p delivery.Published) (delivery.PostNumbers, error) {
	var out struct {
		Posts []struct {
			Likes   int `json:"likeCount"`
			Reposts int `json:"repostCount"`
			Replies int `json:"replyCount"`
		} `json:"posts"`
	}
	server := appView
	if a.Server != "https://bsky.social" { // a server of somebody's own passes the question on
		server = a.Server
	}
	err := b.do(ctx, call{method: "GET", url: server + "/xrpc/app.bsky.feed.getPosts?" + url.Values{"uris": {p.Remote}}.Encode(), out: &out})
	if err != nil {
		return delivery.PostNumbers{}, err
	}
	if len(out.Posts) == 0 {
		return delivery.PostNumbers{}, errs.NotFoundf("the post is not there")
	}
	n := out.Posts[0]
	return delivery.PostNumbers{Likes: n.Likes, Reposts: n.Reposts, Replies: n.Replies}, nil
}

// facet marks a part of a text, in bytes of UTF-8 from start to before end. No
// server checks them: they must be right.
type facet struct {
	Index    facetIndex     `json:"index"`
	Features []facetFeature `json:"features"`
}

type facetIndex struct {
	Start int `json:"byteStart"`
	End   int `json:"byteEnd"`
}

type facetFeature struct {
	Type string `json:"$type"`
	URI  string `json:"uri,omitempty"`
	Tag  string `json:"tag,omitempty"`
}

// layOut shortens the addresses of a text as Bluesky shows them and marks them
// and the hashtags.
func layOut(text string) (string, []facet) {
	var out strings.Builder
	var facets []facet
	for _, part := range networks.BlueskyParts(text) {
		start := out.Len()
		out.WriteString(part.Shown)
		switch {
		case part.URL != "":
			facets = append(facets, facet{facetIndex{start, out.Len()}, []facetFeature{{Type: "app.bsky.richtext.facet#link", URI: part.URL}}})
		case part.Tag != "":
			facets = append(facets, facet{facetIndex{start, out.Len()}, []facetFeature{{Type: "app.bsky.richtext.facet#tag", Tag: part.Tag}}})
		}
	}
	return out.String(), facets
}
