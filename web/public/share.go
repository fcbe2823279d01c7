package public

import (
	"context"
	"html/template"
	"net/http"
	"net/url"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/networks"
	"postrider/templates"
	"postrider/web/pages"
)

type shareKey struct {
	edition int64
	n       int
	network networks.ID
}

// share leads a reader on to a network. Where to is computed from the
// edition's stored input, so that a network that moved is repaired in mails
// already sent. Only GET counts as a share: HEAD is a machine's look.
func (h *house) share(w http.ResponseWriter, r *http.Request) error {
	n, err := takeaway(r.PathValue("n"))
	if err != nil {
		return err
	}
	id, err := ids.Parse[campaigns.Edition](r.PathValue("edition"))
	if err != nil {
		return errNoShare
	}
	net, err := networks.Find(r.PathValue("network"))
	if err != nil {
		return errNoShare
	}
	target, err := h.target(r.Context(), shareKey{int64(id), n, net.ID})
	if err != nil {
		return err
	}
	if r.Method == http.MethodGet {
		h.Shares.Add(int64(id), string(net.ID), n, r.UserAgent(), h.Now())
	}
	w.Header().Set("X-Robots-Tag", "noindex, nofollow")
	if opensInBrowser(target) {
		// The reader's address must not tell the network more than the share does.
		http.Redirect(w, r, target, http.StatusFound)
		return nil
	}
	f := h.frame(r)
	f.Title = "Share on " + net.Name
	return h.door.Page(w, http.StatusOK, "share", f, shareView{Name: net.Name, URL: pages.ShareLink(target)})
}

// shareView is the page for networks whose links open an app: a redirect to
// those is refused by browsers where no app is there.
type shareView struct {
	Name string
	URL  template.URL
}

var errNoShare = errs.NotFoundf("this share link leads nowhere: open the recap and share it from there")

// target is the network's composer for a share, or NotFound.
func (h *house) target(ctx context.Context, k shareKey) (string, error) {
	if t, ok := h.targets.Get(k); ok {
		return t, nil
	}
	input, err := h.input(ctx, campaigns.EditionID(k.edition))
	if err != nil {
		return "", err
	}
	var s templates.Snippet
	if k.n == 0 {
		s, err = templates.SnippetFor(input, k.network)
	} else {
		s, err = templates.TakeawaySnippet(input, k.n, k.network)
	}
	if errs.Is(err, errs.NotFound) || err == nil && s.URL == "" {
		return "", errNoShare
	}
	if err != nil {
		return "", err
	}
	h.targets.Put(k, s.URL)
	return s.URL, nil
}

// input is what a public edition was rendered from.
func (h *house) input(ctx context.Context, id campaigns.EditionID) (templates.Edition, error) {
	if e, ok := h.inputs.Get(int64(id)); ok {
		return e, nil
	}
	e, err := h.Store.Edition(ctx, id.String())
	if errs.Is(err, errs.NotFound) || err == nil && (e.PublicAt.IsZero() || e.State == campaigns.Draft) {
		return templates.Edition{}, errNoShare
	}
	if err != nil {
		return templates.Edition{}, err
	}
	c, err := h.Store.EditionContent(ctx, id)
	if err != nil {
		return templates.Edition{}, err
	}
	h.inputs.Put(int64(id), c.Input)
	return c.Input, nil
}

func opensInBrowser(target string) bool {
	u, err := url.Parse(target)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http" || u.Scheme == "mailto")
}
