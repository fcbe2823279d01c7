package admin

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"postrider/internal/auth"
	"postrider/internal/errs"
	"postrider/internal/tokens"
	"postrider/web/respond"
)

// What somebody sends after their session has lapsed is sealed into the page
// on which they sign in again, and is sent on by a button once they have: with
// the role that they then have, through the same door as any other request.
const (
	maxKept  = 2 << 20 // bytes of a request
	keptLife = 2 * time.Hour
	// keptBody is room for one, sealed and written as a form field.
	keptBody = 2*maxKept + 64<<10
)

// kept is a request that waits for a sign-in.
type kept struct {
	Path string `json:"path"`
	Type string `json:"type"`
	Body []byte `json:"body"`
}

func newBoxes(keys tokens.Keys) *auth.Boxes {
	derived, err := keys.Derive("boxes")
	if err != nil {
		panic(err) // a key of 32 bytes gives others
	}
	b, err := auth.NewBoxes(derived...)
	if err != nil {
		panic(err) // they have 32 bytes
	}
	return b
}

// keep seals a request into a text for a hidden field; lost says that it was
// too large, or broke off.
func (h *house) keep(w http.ResponseWriter, r *http.Request) (sealed string, lost bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxKept))
	if err != nil || !ownPath(r.URL.RequestURI()) {
		return "", true
	}
	plain, err := json.Marshal(kept{Path: r.URL.RequestURI(), Type: r.Header.Get("Content-Type"), Body: body})
	if err != nil {
		return "", true
	}
	return h.boxes.Seal("form", plain, h.Now().Add(keptLife)), false
}

// resumeKept sends on what was kept.
func (h *house) resumeKept(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	plain, err := h.boxes.Open("form", r.PostForm.Get("kept"), h.Now())
	if err != nil {
		return errs.Conflictf("%s", h.words(r).T("signin.kept_over"))
	}
	var k kept
	if err := json.Unmarshal(plain, &k); err != nil {
		return err
	}
	to, err := url.ParseRequestURI(k.Path)
	if err != nil || !ownPath(k.Path) || strings.HasPrefix(to.Path, "/sign-in") {
		return errs.Conflictf("%s", h.words(r).T("signin.kept_over"))
	}
	sent := r.Clone(r.Context())
	sent.URL, sent.RequestURI, sent.Pattern = to, k.Path, ""
	sent.Form, sent.PostForm, sent.MultipartForm = nil, nil, nil
	sent.Header.Set("Content-Type", k.Type)
	sent.Header.Del("Content-Length")
	sent.Body, sent.ContentLength = io.NopCloser(bytes.NewReader(k.Body)), int64(len(k.Body))
	h.again.ServeHTTP(w, sent)
	return nil
}
