package admin

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"postrider/internal/auth/provider"
	"postrider/internal/errs"
	"postrider/internal/secrets"
	"postrider/organisation"
	"postrider/web/pages"
	"postrider/web/respond"
)

// providerRoutes let people in by an account that they have elsewhere, and say
// where that is.
func (h *house) providerRoutes() []respond.Route {
	return []respond.Route{
		{Pattern: "POST /sign-in/provider", Needs: anyone, Handle: h.toProvider, MaxBody: keptBody},
		{Pattern: "GET " + providerBack, Needs: anyone, Handle: h.fromProvider, Timeout: providerPatience},
		{Pattern: "GET /team/provider", Needs: owner, Handle: h.providerPage},
		{Pattern: "POST /team/provider", Needs: owner, Handle: h.setProvider, Timeout: providerPatience},
		{Pattern: "POST /team/provider/remove", Needs: owner, Handle: h.removeProvider},
	}
}

// providerPatience is how long three answers of a provider may take.
const providerPatience = 30 * time.Second

const providerBack = "/sign-in/provider/back"

// away is what waits while somebody is at the provider.
type away struct {
	State string `json:"state"`
	Back  string `json:"back"`
	Kept  string `json:"kept,omitempty"`
}

// discover asks a provider where its pages are.
func (h *house) discover(r *http.Request, x organisation.Provider, secret secrets.Secret) (*provider.Provider, error) {
	return provider.Discover(r.Context(), provider.Config{Issuer: x.Issuer, ClientID: x.ClientID, Secret: secret, Back: h.URL + providerBack, Now: h.Now, Trust: h.trust})
}

// provider is the one that is set, ready to be asked.
func (h *house) provider(r *http.Request) (organisation.Provider, *provider.Provider, error) {
	x, err := h.Porter.Provider(r.Context())
	if err != nil {
		return x, nil, err
	}
	secret, err := h.Porter.ProviderSecret(x)
	if err != nil {
		return x, nil, err
	}
	p, err := h.discover(r, x, secret)
	return x, p, err
}

// toProvider leads to the provider. The page that does so is one of ours: a
// form's own redirect is held to this site by its policy.
func (h *house) toProvider(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	v := h.typed(r)
	x, p, err := h.provider(r)
	if errs.Is(err, errs.NotFound) || errs.Is(err, errs.Invalid) || errs.Is(err, errs.Conflict) {
		v.Said = h.words(r).T("signin.provider_away")
		return h.signInWith(w, r, http.StatusServiceUnavailable, v)
	}
	if err != nil {
		return err
	}
	going, err := p.Begin()
	if err != nil {
		return err
	}
	a := away{State: going.State, Back: v.Back}
	if _, err := h.boxes.Open("form", v.Kept, h.Now()); err == nil { // one of ours, not whatever somebody sends
		a.Kept = v.Kept
	}
	data, err := json.Marshal(a)
	if err != nil {
		return err
	}
	secret, err := h.Porter.StartStep(r.Context(), organisation.ProviderStep, 0, string(data))
	if err != nil {
		return err
	}
	h.setStep(w, r, secret)
	w.Header().Set("Refresh", "0; url="+going.URL)
	return h.door.Page(w, http.StatusOK, "signin-away", h.outside(r, h.words(r).T("signin.provider", x.Label)), pages.Link{Label: x.Label, URL: going.URL})
}

// fromProvider is where the provider leads back to.
func (h *house) fromProvider(w http.ResponseWriter, r *http.Request) error {
	begun, err := h.Porter.TakeStep(r.Context(), organisation.ProviderStep, h.step(r))
	if errs.Is(err, errs.NotFound) { // another browser, too late, or for the second time
		http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	var a away
	if err := json.Unmarshal([]byte(begun.Data), &a); err != nil {
		return err
	}
	v := signInView{Back: ownOr(a.Back, "/"), Kept: a.Kept}
	refuse := func(key string, status int) error {
		v.Said = h.words(r).T(key)
		return h.signInWith(w, r, status, v)
	}
	x, p, err := h.provider(r)
	if errs.Is(err, errs.NotFound) || errs.Is(err, errs.Invalid) || errs.Is(err, errs.Conflict) {
		return refuse("signin.provider_away", http.StatusServiceUnavailable)
	}
	if err != nil {
		return err
	}
	who, err := p.Finish(r.Context(), a.State, r.URL.Query())
	switch {
	case errs.Is(err, errs.Forbidden):
		return refuse("signin.provider_refused", http.StatusForbidden)
	case errs.Is(err, errs.Unavailable):
		return refuse("signin.provider_away", http.StatusServiceUnavailable)
	case err != nil:
		return err
	}
	got, err := h.Porter.WithIdentity(r.Context(), x, organisation.Identity{Issuer: who.Issuer, Subject: who.Subject, Email: who.Email, Name: who.Name, Verified: who.Verified}, h.visit(r))
	if errs.Is(err, errs.Forbidden) {
		return refuse("signin.provider_stranger", http.StatusForbidden)
	}
	if err != nil {
		return err
	}
	return h.arrive(w, r, got.Session, v)
}

// providerView is the page of the provider's settings.
type providerView struct {
	Form  pages.Form
	Set   bool
	Back  string // what the provider wants to know of us
	Roles []pages.Option
}

func (h *house) providerPage(w http.ResponseWriter, r *http.Request) error {
	x, err := h.Porter.Provider(r.Context())
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	return h.providerWith(w, r, http.StatusOK, pages.NewForm(map[string][]string{"label": {x.Label}, "issuer": {x.Issuer}, "client_id": {x.ClientID},
		"domains": {strings.Join(x.Domains, "\n")}, "role": {string(x.Role)}}))
}

func (h *house) providerWith(w http.ResponseWriter, r *http.Request, status int, f pages.Form) error {
	_, err := h.Porter.Provider(r.Context())
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	lang := h.words(r)
	roles := append([]pages.Option{{Label: lang.T("team.provider_nobody")}}, roleOptions(lang)...)
	v := providerView{Form: f, Set: err == nil, Back: h.URL + providerBack, Roles: roles}
	return h.pageWith(w, r, status, "provider", h.frame(r, lang.T("team.provider"), "/team"), v)
}

var providerProblems = map[string]string{"issuer": "team.provider_bad_issuer", "client_id": "team.provider_bad_client", "secret": "team.provider_bad_secret",
	"domains": "team.provider_bad_domains", "label": "team.provider_bad_label", "role": "team.provider_bad_role"}

func (h *house) setProvider(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	form := pages.NewForm(r.PostForm)
	x := organisation.Provider{Label: r.PostForm.Get("label"), Issuer: r.PostForm.Get("issuer"), ClientID: r.PostForm.Get("client_id"),
		Domains: strings.Fields(strings.ReplaceAll(r.PostForm.Get("domains"), ",", " ")), Role: organisation.Role(r.PostForm.Get("role"))}
	secret := secrets.Secret(strings.TrimSpace(r.PostForm.Get("secret")))
	err := x.Validate()
	if err == nil {
		// Asked before it is kept: a provider that does not answer lets nobody in.
		_, err = h.discover(r, x, secret)
	}
	if err == nil {
		_, err = h.Porter.SetProvider(r.Context(), h.actor(r), x, secret)
	}
	if errs.Is(err, errs.Invalid) {
		var probe pages.Form
		probe.AddError(err)
		field := probe.Problems()[0].Name
		form.Add(field, h.words(r).T(providerProblems[field]))
		return h.providerWith(w, r, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	return h.done(w, r, "/team/provider", h.words(r).T("team.provider_set", x.Label), nil)
}

func (h *house) removeProvider(w http.ResponseWriter, r *http.Request) error {
	err := h.Porter.RemoveProvider(r.Context(), h.actor(r))
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	return h.done(w, r, "/team", h.words(r).T("team.provider_removed"), nil)
}
