package admin

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"postrider/internal/errs"
	"postrider/internal/words"
	"postrider/organisation"
	"postrider/web/pages"
	"postrider/web/respond"
)

// place is an entry of the navigation: shown where the route table has its
// page.
type place struct{ key, url, keys string }

var places = []place{
	{"frame.home", "/", "g h"},
	{"frame.recaps", "/recaps", "g r"},
	{"frame.campaigns", "/campaigns", "g c"},
	{"frame.issues", "/editions", "g i"},
	{"frame.readers", "/readers", "g l"},
	{"frame.servers", "/servers", "g m"},
	{"frame.settings", "/settings", "g s"},
}

// lesser places stand below the others.
var lesser = []place{
	{"frame.team", "/team", "g t"},
	{"frame.audit", "/audit", "g a"},
}

const (
	langCookie  = "postrider_lang"
	flashCookie = "postrider_flash"
	maxFlash    = 1500 // bytes of the cookie
)

// words is the language of whoever asks: the operator's own, else the one
// chosen in this browser, else the organisation's, else what the browser asks
// for.
func (h *house) words(r *http.Request) *words.Words {
	wishes := []string{h.who(r).Language}
	if c, err := r.Cookie(langCookie); err == nil {
		wishes = append(wishes, c.Value)
	}
	if org, err := h.Store.Organisation(r.Context()); err == nil {
		wishes = append(wishes, org.Language)
	}
	return words.Match(append(wishes, r.Header.Get("Accept-Language"))...)
}

// frame is around every page of somebody who is signed in; here is the URL of
// the entry of the navigation that it belongs to.
func (h *house) frame(r *http.Request, title, here string) pages.Frame {
	f := h.bare(r, title)
	f.Desk.Who, f.Desk.Account = h.who(r).Name, "/account"
	f.Here, f.Scripts, f.Desk.SignedIn = here, true, true
	if org, err := h.Store.Organisation(r.Context()); err == nil {
		f.Aside = org.Name
	}
	f.Nav, f.Desk.Settings = h.links(r, places), h.links(r, lesser)
	f.Desk.Setup = h.setupBar(r)
	return f
}

// bare is the frame of a page that is shown to anybody.
func (h *house) bare(r *http.Request, title string) pages.Frame {
	w := h.words(r)
	f := pages.Frame{Title: title, Words: w, Brand: pages.Link{Label: "Postrider", URL: "/"}}
	f.Desk.Path = r.URL.Path
	for _, l := range words.All() {
		f.Desk.Langs = append(f.Desk.Langs, pages.Language{Tag: l.Lang(), Name: l.Name(), Here: l == w})
	}
	return f
}

// links are the places that the route table has and whoever asks may see.
func (h *house) links(r *http.Request, all []place) []pages.Link {
	w, role := h.words(r), h.who(r).Role
	var out []pages.Link
	for _, p := range all {
		pattern := "GET " + p.url
		if p.url == "/" {
			pattern = "GET /{$}"
		}
		if needs, ok := h.needs[pattern]; ok && role.May(organisation.Role(needs)) {
			out = append(out, pages.Link{Label: w.T(p.key), URL: p.url, Keys: p.keys})
		}
	}
	return out
}

// page answers with a page, and says once what was just done.
func (h *house) page(w http.ResponseWriter, r *http.Request, name string, f pages.Frame, content any) error {
	return h.pageWith(w, r, http.StatusOK, name, f, content)
}

// pageWith is page with another status, such as 422 for a form that has to be
// mended.
func (h *house) pageWith(w http.ResponseWriter, r *http.Request, status int, name string, f pages.Frame, content any) error {
	if c, err := r.Cookie(flashCookie); err == nil && r.Method == http.MethodGet && !asksForPart(r) {
		f.Desk.Flash = readFlash(c.Value)
		http.SetCookie(w, &http.Cookie{Name: flashCookie, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	}
	return h.door.Page(w, status, name, f, content)
}

// asksForPart reports whether a script asks, to renew a part of its page.
func asksForPart(r *http.Request) bool { return r.Header.Get("X-Requested-With") == "live" }

// done leads back to a page after a change and lets it say what was done. undo
// may be nil.
func (h *house) done(w http.ResponseWriter, r *http.Request, to, said string, undo *pages.Undo) error {
	body, err := json.Marshal(pages.Flash{Text: said, Undo: undo})
	if err != nil {
		return err
	}
	if value := base64.RawURLEncoding.EncodeToString(body); len(value) <= maxFlash {
		http.SetCookie(w, &http.Cookie{Name: flashCookie, Value: value, Path: "/", MaxAge: 60, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: h.secure(r)})
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// readFlash reads what done wrote. A cookie is not trusted: its way back leads
// to this site only.
func readFlash(value string) pages.Flash {
	var f pages.Flash
	body, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || len(value) > maxFlash || json.Unmarshal(body, &f) != nil {
		return pages.Flash{}
	}
	if f.Undo != nil && !ownPath(f.Undo.URL) {
		f.Undo = nil
	}
	return f
}

// ownPath reports whether an address stays on this site.
func ownPath(s string) bool {
	return strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//") && !strings.ContainsAny(s, "\\\r\n\t")
}

// setLanguage keeps the language that somebody chose: with the operator where
// one is signed in, else in their browser.
func (h *house) setLanguage(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	lang, back := words.For(r.PostForm.Get("lang")), r.PostForm.Get("back")
	if lang == nil {
		return errs.Invalidf("there is no such language: choose one from the page")
	}
	if o := h.who(r); o.ID != 0 {
		if _, err := h.Office.Rename(r.Context(), h.actor(r), o.ID, o.Name, lang.Lang()); err != nil {
			return err
		}
	}
	http.SetCookie(w, &http.Cookie{Name: langCookie, Value: lang.Lang(), Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true,
		SameSite: http.SameSiteLaxMode, Secure: h.secure(r)})
	if !ownPath(back) {
		back = "/"
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
	return nil
}
