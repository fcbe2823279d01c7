package poster_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"postrider/delivery/poster"
	"postrider/internal/fetch"
)

// fake is a server that speaks the dialects in one: Mastodon honours the
// Idempotency-Key, GoToSocial does not and wants a User-Agent, Bluesky keeps
// records by key. Its next answer can be lost on the way.
type fake struct {
	*httptest.Server
	mu       sync.Mutex
	gts      bool
	statuses []status          // Mastodon's
	keys     map[string]string // Idempotency-Key → id
	records  map[string]json.RawMessage
	commits  int
	messages []map[string]any // Telegram's and chats'
	hooks    []*http.Request
	bodies   [][]byte
	lose     int // answers to lose after the work is done
	fail     []failure
	sessions int
	expired  bool
}

type status struct {
	ID, Text, CreatedAt string
	Media               bool
}

type failure struct {
	status int
	header map[string]string
	body   string
}

func newFake(t testing.TB) *fake {
	f := &fake{keys: map[string]string{}, records: map[string]json.RawMessage{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/accounts/verify_credentials", f.answer(func(*http.Request, []byte) any {
		return map[string]string{"id": "7", "username": "news", "acct": "news"}
	}))
	mux.HandleFunc("POST /api/v1/statuses", f.answer(f.post))
	mux.HandleFunc("PUT /api/v1/statuses/{id}", f.answer(f.edit))
	mux.HandleFunc("DELETE /api/v1/statuses/{id}", f.answer(func(r *http.Request, _ []byte) any {
		for i, s := range f.statuses {
			if s.ID == r.PathValue("id") {
				f.statuses = append(f.statuses[:i], f.statuses[i+1:]...)
				return map[string]string{}
			}
		}
		return nil
	}))
	mux.HandleFunc("GET /api/v1/statuses/{id}", f.answer(func(r *http.Request, _ []byte) any {
		return map[string]any{"id": r.PathValue("id"), "favourites_count": 3, "reblogs_count": 2, "replies_count": 1}
	}))
	mux.HandleFunc("GET /api/v1/statuses/{id}/source", f.answer(f.source))
	mux.HandleFunc("POST /api/v2/media", f.answer(func(*http.Request, []byte) any { return map[string]string{"id": "m1"} }))
	mux.HandleFunc("GET /api/v1/accounts/{id}/statuses", f.answer(f.list))
	mux.HandleFunc("POST /xrpc/com.atproto.server.createSession", f.answer(f.session))
	mux.HandleFunc("POST /xrpc/com.atproto.server.refreshSession", f.answer(f.session))
	mux.HandleFunc("POST /xrpc/com.atproto.repo.uploadBlob", f.answer(func(_ *http.Request, b []byte) any {
		return map[string]any{"blob": map[string]any{"$type": "blob", "size": len(b)}}
	}))
	mux.HandleFunc("POST /xrpc/com.atproto.repo.putRecord", f.answer(f.put))
	mux.HandleFunc("GET /xrpc/com.atproto.repo.getRecord", f.answer(func(r *http.Request, _ []byte) any {
		if _, ok := f.records[r.URL.Query().Get("rkey")]; !ok {
			return nil
		}
		return map[string]string{"uri": "at://did:plc:x/app.bsky.feed.post/" + r.URL.Query().Get("rkey")}
	}))
	mux.HandleFunc("POST /xrpc/com.atproto.repo.deleteRecord", f.answer(func(_ *http.Request, b []byte) any {
		var in struct{ Rkey string }
		_ = json.Unmarshal(b, &in)
		delete(f.records, in.Rkey)
		return map[string]string{}
	}))
	mux.HandleFunc("POST /botTOKEN/{method}", f.answer(f.bot))
	mux.HandleFunc("POST /hook", f.answer(func(r *http.Request, b []byte) any {
		var m map[string]any
		_ = json.Unmarshal(b, &m)
		f.messages, f.hooks, f.bodies = append(f.messages, m), append(f.hooks, r), append(f.bodies, b)
		return map[string]string{"id": "d1"}
	}))
	mux.HandleFunc("PUT /_matrix/client/v3/rooms/{room}/send/m.room.message/{txn}", f.answer(func(r *http.Request, b []byte) any {
		f.records[r.PathValue("txn")] = b
		return map[string]string{"event_id": "$e"}
	}))
	mux.HandleFunc("GET /_matrix/client/v3/account/whoami", f.answer(func(*http.Request, []byte) any { return map[string]string{"user_id": "@news:x"} }))
	f.Server = httptest.NewServer(mux)
	t.Cleanup(f.Close)
	return f
}

// answer does the work, and then may lose the answer; nil is a 404.
func (f *fake) answer(do func(*http.Request, []byte) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		f.mu.Lock()
		defer f.mu.Unlock()
		if r.Header.Get("User-Agent") == "" {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		if len(f.fail) > 0 && r.Method != http.MethodGet {
			x := f.fail[0]
			f.fail = f.fail[1:]
			for name, value := range x.header {
				w.Header().Set(name, value)
			}
			w.WriteHeader(x.status)
			_, _ = io.WriteString(w, x.body)
			return
		}
		if f.expired && strings.HasPrefix(r.URL.Path, "/xrpc/com.atproto.repo.") {
			f.expired = false
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":"ExpiredToken","message":"Token has expired"}`)
			return
		}
		out := do(r, b)
		if f.lose > 0 && (strings.HasSuffix(r.URL.Path, "/statuses") && r.Method == "POST" || strings.HasSuffix(r.URL.Path, "putRecord") || strings.HasSuffix(r.URL.Path, "sendMessage")) {
			f.lose--
			panic(http.ErrAbortHandler)
		}
		if out == nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_ = json.NewEncoder(w).Encode(out)
	}
}

func (f *fake) post(r *http.Request, b []byte) any {
	var in struct {
		Status string   `json:"status"`
		Media  []string `json:"media_ids"`
	}
	_ = json.Unmarshal(b, &in)
	key := r.Header.Get("Idempotency-Key")
	if id, ok := f.keys[key]; ok && !f.gts {
		return map[string]string{"id": id, "url": f.URL + "/@news/" + id}
	}
	s := status{ID: strconv.Itoa(len(f.statuses) + 1), Text: in.Status, CreatedAt: time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), Media: len(in.Media) > 0}
	f.statuses, f.keys[key] = append(f.statuses, s), s.ID
	return map[string]string{"id": s.ID, "url": f.URL + "/@news/" + s.ID}
}

func (f *fake) edit(r *http.Request, b []byte) any {
	var in struct{ Status string }
	_ = json.Unmarshal(b, &in)
	for i := range f.statuses {
		if f.statuses[i].ID == r.PathValue("id") {
			f.statuses[i].Text = in.Status
			return map[string]string{}
		}
	}
	return nil
}

// source is Mastodon's; GoToSocial's HTML is all that there is of its own.
func (f *fake) source(r *http.Request, _ []byte) any {
	for _, s := range f.statuses {
		if s.ID == r.PathValue("id") && !f.gts {
			return map[string]string{"text": s.Text}
		}
	}
	return nil
}

func (f *fake) list(*http.Request, []byte) any {
	out := []any{}
	for i := len(f.statuses) - 1; i >= 0; i-- {
		s := f.statuses[i]
		content := "<p>" + strings.ReplaceAll(strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s.Text), "\n", "<br/>") + "</p>"
		content = strings.ReplaceAll(content, "https://", `<a href="#"><span class="invisible">https://</span>`)
		out = append(out, map[string]string{"id": s.ID, "url": f.URL + "/@news/" + s.ID, "content": content, "created_at": s.CreatedAt})
	}
	return out
}

func (f *fake) session(*http.Request, []byte) any {
	f.sessions++
	return map[string]string{"accessJwt": fmt.Sprint("a", f.sessions), "refreshJwt": "r", "did": "did:plc:x", "handle": "news.test"}
}

func (f *fake) put(_ *http.Request, b []byte) any {
	var in struct {
		Rkey   string
		Record json.RawMessage
	}
	_ = json.Unmarshal(b, &in)
	if old, ok := f.records[in.Rkey]; !ok || string(old) != string(in.Record) {
		f.commits++
	}
	f.records[in.Rkey] = in.Record
	return map[string]string{"uri": "at://did:plc:x/app.bsky.feed.post/" + in.Rkey}
}

func (f *fake) bot(r *http.Request, b []byte) any {
	var m map[string]any
	_ = json.Unmarshal(b, &m)
	switch r.PathValue("method") {
	case "getMe":
		return map[string]any{"ok": true, "result": map[string]any{"id": 42}}
	case "getChatMember":
		return map[string]any{"ok": true, "result": map[string]any{"status": "administrator", "can_post_messages": true}}
	}
	f.messages = append(f.messages, m)
	return map[string]any{"ok": true, "result": map[string]any{"message_id": len(f.messages), "chat": map[string]any{"username": "ourchannel"}}}
}

// client reaches the fake and nothing else on this machine.
func (f *fake) poster(t testing.TB) *poster.Poster {
	t.Helper()
	c, err := fetch.New([]string{strings.TrimPrefix(f.URL, "http://")})
	if err != nil {
		t.Fatal(err)
	}
	return poster.New(c, time.Now)
}
