// Package public is what readers see: the pages of recaps, the links to share
// them, and leaving a list. It asks for no login and sets no cookie. A GET
// changes nothing; readers are only ever known by the token in their mail.
package public

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"postrider/campaigns"
	"postrider/events"
	"postrider/internal/tokens"
	"postrider/organisation"
	"postrider/recaps"
	"postrider/store"
	"postrider/subscribers"
	"postrider/templates"
	"postrider/web/assets"
	"postrider/web/pages"
	"postrider/web/recent"
	"postrider/web/respond"
)

// Deps is what the public pages work with. All fields are needed.
type Deps struct {
	Store    *store.Store
	Registry *subscribers.Registry
	Keys     tokens.Keys
	Shares   *events.Shares
	Base     string // URL of the public pages, no slash at the end
	Proxies  respond.Proxies
	Now      func() time.Time
	Log      *slog.Logger
}

// house is the public pages with what they remember.
type house struct {
	Deps
	door    *respond.Door
	inputs  *recent.Values[int64, templates.Edition] // of public editions; they never change
	targets *recent.Values[shareKey, string]         // where a share link leads
	cards   *recent.Values[cardKey, []byte]
	drawing chan struct{} // holds one while a card is drawn

	mu      sync.Mutex
	org     organisation.Organisation
	orgRead time.Time
}

// Handler answers the requests of readers.
func Handler(d Deps) http.Handler {
	h := open(d)
	return h.door.Handler(h.routes())
}

func open(d Deps) *house {
	h := &house{Deps: d, inputs: recent.New[int64, templates.Edition](64), targets: recent.New[shareKey, string](4096),
		cards: recent.New[cardKey, []byte](64), drawing: make(chan struct{}, 1)}
	h.door = &respond.Door{Log: d.Log, Book: pages.Open("public"), Frame: h.frame, Exempt: []string{"POST /u/{token}", "POST /subscribe"}}
	return h
}

// routes is the table of contents of the public pages.
func (h *house) routes() []respond.Route {
	return []respond.Route{
		{Pattern: "GET /{$}", Handle: h.archive},
		{Pattern: "GET /r/{slug}", Handle: h.recap},
		{Pattern: "GET /r/{slug}/{n}", Handle: h.recap},
		{Pattern: "GET /og/{edition}", Handle: h.card},
		{Pattern: "GET /og/{edition}/{n}", Handle: h.card},
		{Pattern: "GET /s/{edition}/{network}", Handle: h.share},
		{Pattern: "GET /s/{edition}/{n}/{network}", Handle: h.share},
		{Pattern: "GET /u/{token}", Handle: h.unsubscribePage},
		{Pattern: "POST /u/{token}", Handle: h.unsubscribe},
		{Pattern: "GET /subscribe", Handle: h.subscribePage},
		{Pattern: "POST /subscribe", Handle: h.subscribe},
		{Pattern: "GET /confirm/{token}", Handle: h.confirmPage},
		{Pattern: "POST /confirm/{token}", Handle: h.confirm},
		{Pattern: "GET /p/{token}", Handle: h.preferencesPage},
		{Pattern: "POST /p/{token}", Handle: h.preferences},
		{Pattern: "POST /p/{token}/ask", Handle: h.ask},
		{Pattern: "GET /own/{step}/{token}", Handle: h.ownPage},
		{Pattern: "POST /own/{step}/{token}", Handle: h.own},
		{Pattern: "GET " + organisation.LogoPath + "{name}", Handle: h.logo},
		{Pattern: "GET /" + recaps.PicturePath + "{file}", Handle: h.picture},
		{Pattern: "GET /favicon.ico", Handle: assets.Icon},
		{Pattern: "GET " + assets.Prefix, Handle: assets.Serve},
		{Pattern: "GET /feed.xml", Handle: h.rss},
		{Pattern: "GET /atom.xml", Handle: h.atom},
		{Pattern: "GET /feed.json", Handle: h.jsonFeed},
		{Pattern: "GET /sitemap.xml", Handle: h.sitemap},
		{Pattern: "GET " + campaigns.OwnLinkPath, Handle: h.ownLink},
		{Pattern: "GET /robots.txt", Handle: h.robots},
		{Pattern: "GET /healthz", Handle: h.health},
		{Pattern: "GET /.well-known/postrider", Handle: h.wellKnown},
	}
}

// ownLink is where a test mail's links lead that would be one reader's own.
func (h *house) ownLink(w http.ResponseWriter, r *http.Request) error {
	f := h.frame(r)
	f.Title = "A reader's own link"
	return h.door.Page(w, http.StatusOK, "readerlink", f, nil)
}

// frame is the organisation's: its name, colour and address.
func (h *house) frame(r *http.Request) pages.Frame {
	org := h.organisation(r)
	f := pages.Frame{Brand: pages.Link{Label: org.Name, URL: "/"}, Colour: org.Accent, Narrow: true, Feeds: true}
	if f.Brand.Label == "" {
		f.Brand.Label = "Postrider"
	}
	if org.PostalAddress != "" {
		f.Foot = append(f.Foot, oneLine(org.PostalAddress))
	}
	if org.Help != "" {
		f.Foot = append(f.Foot, "Questions: "+org.Help)
	}
	return f
}

// organisationAge is how old the remembered organisation may be.
const organisationAge = 5 * time.Second

// organisation does not fail: a page that tells of a busy database must not
// need it.
func (h *house) organisation(r *http.Request) organisation.Organisation {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.Now()
	if age := now.Sub(h.orgRead); h.orgRead.IsZero() || age < 0 || age > organisationAge {
		h.orgRead = now
		if org, err := h.Store.Organisation(r.Context()); err == nil {
			h.org = org
		}
	}
	return h.org
}

func (h *house) robots(w http.ResponseWriter, _ *http.Request) error {
	return plain(w, "User-agent: *\nDisallow: /confirm/\nDisallow: /own/\nDisallow: /p/\nDisallow: /s/\nDisallow: /u/\nSitemap: "+h.Base+"/sitemap.xml\n")
}

// health says ok when the database answers.
func (h *house) health(w http.ResponseWriter, r *http.Request) error {
	if _, err := h.Store.Note(r.Context(), "health"); err != nil {
		return err
	}
	return plain(w, "ok\n")
}

// wellKnown lets the command line check that a public address answers as this
// installation. The fingerprint gives nothing away.
func (h *house) wellKnown(w http.ResponseWriter, _ *http.Request) error {
	b, err := json.Marshal(map[string]string{"postrider": h.Keys.Fingerprint()})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(append(b, '\n'))
	return err
}

func plain(w http.ResponseWriter, text string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err := w.Write([]byte(text))
	return err
}
