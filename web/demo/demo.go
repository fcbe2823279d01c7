// Package demo is the page that a first look begins with: what Postrider does
// with one's own text, the mails that it has just sent to an inbox that catches
// everything, and where to go from there. It is served on this machine only and
// asks for no login.
package demo

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"postrider/campaigns"
	"postrider/internal/inbox"
	"postrider/internal/tokens"
	"postrider/recaps"
	"postrider/store"
	"postrider/web/assets"
	"postrider/web/pages"
	"postrider/web/recent"
	"postrider/web/respond"
)

// Deps is what the demo's pages work with. All fields are needed.
type Deps struct {
	Store *store.Store
	Inbox *inbox.Inbox
	Keys  tokens.Keys
	// Public is the URL of the public pages without a slash at the end, Admin
	// one that opens the administration.
	Public, Admin string
	// Campaign tells of the campaign that the demo runs: next is zero where it
	// has no date, zone an IANA name, explain its schedule in plain English.
	Campaign func(ctx context.Context) (name string, next time.Time, zone string, explain string)
	// Publish sends a recap to the demo's readers.
	Publish func(ctx context.Context, r recaps.Recap) (campaigns.EditionID, error)
	Now     func() time.Time
	Log     *slog.Logger
}

type house struct {
	Deps
	door *respond.Door
	// previews are what the paste box showed last: frames ask for them. They
	// are never kept.
	previews *recent.Values[string, preview]
}

// Handler answers the requests of whoever tries Postrider.
func Handler(d Deps) http.Handler {
	h := open(d)
	return h.door.Handler(h.routes())
}

func open(d Deps) *house {
	h := &house{Deps: d, previews: recent.New[string, preview](64)}
	h.door = &respond.Door{
		Log: d.Log, Book: pages.Open("demo"), Policy: respond.Policy{Scripts: true, Frames: true},
		Frame:    func(*http.Request) pages.Frame { return h.frame("") },
		Referrer: "same-origin",
	}
	return h
}

// bodyBytes is room for the largest recap and the form around it.
const bodyBytes = 2*recaps.MaxBytes + 64<<10

// routes is the table of contents of the demo.
func (h *house) routes() []respond.Route {
	return []respond.Route{
		{Pattern: "GET /{$}", Handle: h.welcome},
		{Pattern: "GET /inbox", Handle: h.inbox},
		{Pattern: "GET /inbox/{id}", Handle: h.mail("html")},
		{Pattern: "GET /inbox/{id}/text", Handle: h.mail("text")},
		{Pattern: "GET /inbox/{id}/headers", Handle: h.mail("headers")},
		{Pattern: "GET /inbox/{id}/source", Handle: h.mail("source")},
		{Pattern: "GET /inbox/{id}/frame", Handle: h.mailFrame},
		{Pattern: "GET /try", Handle: h.trySample},
		{Pattern: "POST /try", Handle: h.try, MaxBody: bodyBytes},
		{Pattern: "GET /try/{id}/mail", Handle: h.tryMail},
		{Pattern: "GET /try/{id}/page", Handle: h.tryPage},
		{Pattern: "POST /send", Handle: h.send, MaxBody: bodyBytes},
		{Pattern: "GET " + PicturePath, Handle: h.picture},
		{Pattern: "GET /reader-link", Handle: h.readerLink},
		{Pattern: "GET /favicon.ico", Handle: assets.Icon},
		{Pattern: "GET " + assets.Prefix, Handle: assets.Serve},
	}
}

// frame is around every page.
func (h *house) frame(title string) pages.Frame {
	return pages.Frame{
		Title: title, Brand: pages.Link{Label: "Postrider", URL: "/"}, Aside: "Demo", Scripts: true,
		Nav: []pages.Link{{Label: "Inbox", URL: "/inbox"}, {Label: "Try your own text", URL: "/#try"}, {Label: "Public pages", URL: h.Public},
			{Label: "Administration", URL: h.Admin}},
		Foot: []string{"Everything here stays on this machine: the inbox catches all mail, nothing is sent on."},
	}
}

// readerLink is where the links lead that are one reader's own, in a mail that
// is only being looked at.
func (h *house) readerLink(w http.ResponseWriter, _ *http.Request) error {
	return h.door.Page(w, http.StatusOK, "readerlink", h.frame("A reader's own link"), nil)
}
