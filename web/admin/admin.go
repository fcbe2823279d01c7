// Package admin is the operators' desk: what goes out next, what is being sent
// and who has it, and what needs a person. It shows what the store has and
// asks the Desk for every change; it decides nothing itself.
package admin

import (
	"context"
	"crypto/x509"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"postrider/campaigns"
	"postrider/campaigns/crier"
	"postrider/campaigns/preflight"
	"postrider/delivery"
	"postrider/internal/auth"
	"postrider/internal/tokens"
	"postrider/organisation"
	"postrider/recaps"
	"postrider/recaps/media"
	"postrider/store"
	"postrider/subscribers"
	"postrider/subscribers/intake"
	"postrider/web/assets"
	"postrider/web/pages"
	"postrider/web/recent"
	"postrider/web/respond"
)

// Deps is what the administration works with. All fields are needed.
type Deps struct {
	Store    *store.Store
	Desk     *campaigns.Desk
	Library  *recaps.Library
	Notebook *recaps.Notebook
	Album    *media.Album
	Office   *organisation.Office
	Porter   *organisation.Porter
	Crier    *crier.Crier
	Registry *subscribers.Registry
	Clerk    *intake.Clerk
	Book     *delivery.RelayBook
	Ring     *delivery.KeyRing
	Herald   *delivery.Herald
	Prober   delivery.Prober
	Keys     tokens.Keys
	// Fetch reads what an address holds, through the guard.
	Fetch   func(ctx context.Context, address string) (recaps.Document, error)
	Links   preflight.Fetcher                       // asks whether links answer, through the guard
	Remote  func(ctx context.Context) (bool, error) // some mail server is not on this machine
	Token   string                                  // opens the administration until there is a team; at least 16 letters, else it opens nothing
	Public  string                                  // URL of the public pages, no slash at the end
	URL     string                                  // of the administration itself, no slash at the end
	Proxies respond.Proxies
	Now     func() time.Time
	Log     *slog.Logger
}

type house struct {
	Deps
	door    *respond.Door
	needs   map[string]respond.Needs // by pattern
	boxes   *auth.Boxes              // of what a browser carries for us
	trust   *x509.CertPool           // of an identity provider; nil but in tests
	again   http.Handler             // for a request that was kept over a sign-in
	glances *recent.Values[campaigns.EditionID, glance]
	tallies *recent.Values[campaigns.EditionID, tally]
	answers *recent.Values[string, linkAnswer] // of links, as they were when somebody asked
	begun   atomic.Bool                        // an issue was sent: the first run is over
}

// Handler answers the requests of operators. Every route says who may use it;
// one that does not is closed to everybody.
func Handler(d Deps) http.Handler {
	h := open(d)
	return h.door.Handler(h.routes())
}

func open(d Deps) *house {
	h := &house{Deps: d, needs: map[string]respond.Needs{}, glances: recent.New[campaigns.EditionID, glance](256),
		tallies: recent.New[campaigns.EditionID, tally](256), answers: recent.New[string, linkAnswer](2048)}
	h.door = &respond.Door{
		Log: d.Log, Book: pages.Open("admin"), Guard: h.guard, Policy: respond.Policy{Scripts: true, Frames: true},
		Frame: func(r *http.Request) pages.Frame { return h.around(r) },
		// Forms prove where they come from; other sites are told nothing.
		Referrer: "same-origin",
		Secure:   h.secure,
	}
	h.boxes = newBoxes(d.Keys)
	h.again = h.door.Handler(h.routes())
	for _, route := range h.routes() {
		if route.Needs != "" {
			h.needs[route.Pattern] = route.Needs
		}
	}
	return h
}

// around is the frame of a page that tells of a problem.
func (h *house) around(r *http.Request) pages.Frame {
	if signedIn(r) {
		return h.frame(r, "", "")
	}
	return h.bare(r, "")
}

// routes is the table of contents of the administration, with the least role
// that may use each.
func (h *house) routes() []respond.Route {
	return slices.Concat([]respond.Route{
		{Pattern: "GET /{$}", Needs: analyst, Handle: h.home},
		{Pattern: "POST /language", Needs: anyone, Handle: h.setLanguage},
		{Pattern: "GET /reader-link", Needs: analyst, Handle: h.readerLink},
		{Pattern: "GET /favicon.ico", Needs: anyone, Handle: assets.Icon},
		{Pattern: "GET " + assets.Prefix, Needs: anyone, Handle: assets.Serve},
	},
		h.signInRoutes(),
		h.accountRoutes(),
		h.teamRoutes(),
		h.auditRoutes(),
		h.recapRoutes(),
		h.editorRoutes(),
		h.pictureRoutes(),
		h.historyRoutes(),
		h.languageRoutes(),
		h.writerRoutes(),
		h.checkRoutes(),
		h.campaignRoutes(),
		h.blockRoutes(),
		h.readerRoutes(),
		h.serverRoutes(),
		h.postingRoutes(),
		h.settingsRoutes(),
		h.newsRoutes(),
		h.setupRoutes(),
		h.passkeyRoutes(),
		h.providerRoutes(),
		h.editionRoutes(),
	)
}

// clock writes times in the zone of a campaign, of the organisation where it
// names none.
func (h *house) clock(r *http.Request, zone string) pages.Clock {
	if zone == "" {
		if org, err := h.Store.Organisation(r.Context()); err == nil {
			zone = org.Zone
		}
	}
	return pages.In(h.words(r), h.Now(), zone)
}

// readerLink is where the links lead that are one reader's own, in a mail
// that is only being looked at.
func (h *house) readerLink(w http.ResponseWriter, r *http.Request) error {
	return h.page(w, r, "readerlink", h.frame(r, h.words(r).T("problem.reader_link"), ""), nil)
}
