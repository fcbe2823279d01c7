package admin

import (
	"errors"
	"net/http"
	"net/mail"
	"net/url"
	"slices"
	"strings"

	"postrider/internal/errs"
	"postrider/internal/mailaddr"
	"postrider/internal/words"
	"postrider/networks"
	"postrider/organisation"
	"postrider/templates"
	"postrider/web/pages"
	"postrider/web/respond"
)

func (h *house) settingsRoutes() []respond.Route {
	return []respond.Route{
		{Pattern: "GET /settings", Needs: owner, Handle: h.settings},
		{Pattern: "POST /settings", Needs: owner, Handle: h.keepSettings},
		{Pattern: "POST /settings/logo", Needs: owner, Handle: h.keepLogo, MaxBody: organisation.MaxLogoBytes + 1<<20},
		{Pattern: "POST /settings/logo/remove", Needs: owner, Handle: h.removeLogo},
		{Pattern: "GET /settings/retention", Needs: owner, Handle: h.retention},
		{Pattern: "POST /settings/retention", Needs: owner, Handle: h.keepRetention},
		{Pattern: "GET " + organisation.LogoPath + "{name}", Needs: analyst, Handle: h.logo},
	}
}

// settingsView is the organisation's form. Use is what becomes of its colour.
type settingsView struct {
	F         pages.Form
	Logo      string
	LogoF     pages.Form
	Use       *templates.AccentUse
	Contrast  string
	Zones     []string
	Languages []pages.Option
	Networks  []pages.Option
	Fonts     []pages.Option
	Setup     bool // shown as a step of the first run
	Action    string
}

// commonZones are offered; every other can be typed.
var commonZones = []string{
	"Europe/Stockholm", "Europe/Oslo", "Europe/Copenhagen", "Europe/Helsinki", "Europe/London", "Europe/Dublin", "Europe/Berlin", "Europe/Paris", "Europe/Madrid", "Europe/Rome",
	"Europe/Amsterdam", "Europe/Brussels", "Europe/Vienna", "Europe/Zurich", "Europe/Warsaw", "Europe/Prague", "Europe/Athens", "Europe/Kyiv", "Europe/Istanbul",
	"America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Toronto", "America/Mexico_City", "America/Bogota", "America/Sao_Paulo",
	"America/Argentina/Buenos_Aires", "Africa/Cairo", "Africa/Lagos", "Africa/Nairobi", "Africa/Johannesburg", "Asia/Jerusalem", "Asia/Dubai", "Asia/Kolkata", "Asia/Dhaka",
	"Asia/Bangkok", "Asia/Jakarta", "Asia/Shanghai", "Asia/Singapore", "Asia/Tokyo", "Asia/Seoul", "Australia/Sydney", "Australia/Perth", "Pacific/Auckland", "UTC",
}

func (h *house) settings(w http.ResponseWriter, r *http.Request) error {
	org, err := h.Office.Get(r.Context())
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	v := settingsView{F: pages.NewForm(organisationValues(org))}
	return h.showSettings(w, r, http.StatusOK, v, org)
}

// organisationValues are the organisation's values as its form shows them; the
// sender in two fields.
func organisationValues(o organisation.Organisation) url.Values {
	v := url.Values{"name": {o.Name}, "postal_address": {o.PostalAddress}, "url": {o.URL}, "accent": {o.Accent}, "font": {o.Font}, "footer": {o.Footer}, "help": {o.Help}, "zone": {o.Zone},
		"language": {o.Language}, "reply_to": {o.ReplyTo}}
	if from, err := mailaddr.ParseFrom(o.Sender); err == nil {
		v.Set("sender_name", from.Name)
		v.Set("sender_address", from.Address)
	}
	for _, n := range o.Networks {
		v.Add("network", string(n))
	}
	return v
}

func (h *house) showSettings(w http.ResponseWriter, r *http.Request, status int, v settingsView, org organisation.Organisation) error {
	h.fillSettings(r, &v, org)
	f := h.frame(r, h.words(r).T("frame.settings"), "/settings")
	f.Narrow = true
	return h.pageWith(w, r, status, "settings", f, v)
}

// fillSettings adds what there is to choose from.
func (h *house) fillSettings(r *http.Request, v *settingsView, org organisation.Organisation) {
	t := h.words(r)
	v.Zones, v.Action, v.Logo = commonZones, "/settings", org.Logo
	if use, ok := templates.UseAccent(v.F.Value("accent")); ok {
		v.Use, v.Contrast = &use, t.Decimal(use.Contrast, 1)
	}
	for _, l := range mailLanguages {
		v.Languages = append(v.Languages, pages.Option{Value: l, Label: languageName(t, l)})
	}
	if chosen := v.F.Value("language"); chosen != "" && !slices.Contains(mailLanguages, chosen) {
		v.Languages = append(v.Languages, pages.Option{Value: chosen, Label: chosen})
	}
	v.Fonts = append(v.Fonts, pages.Option{Label: t.T("settings.font_theirs")})
	for _, f := range organisation.Fonts() {
		v.Fonts = append(v.Fonts, pages.Option{Value: f, Label: fontName(t, f)})
	}
	for _, n := range networks.All() {
		v.Networks = append(v.Networks, pages.Option{Value: string(n.ID), Label: n.Name})
	}
}

func fontName(w *words.Words, font string) string {
	return map[string]string{"system": w.T("settings.font_system"), "georgia": w.T("settings.font_georgia"), "palatino": w.T("settings.font_palatino"),
		"trebuchet": w.T("settings.font_trebuchet"), "verdana": w.T("settings.font_verdana")}[font]
}

// mailLanguages are those that have the fixed words of mails and pages.
var mailLanguages = templates.Languages()

var languageKeys = map[string]string{
	"en": "settings.english", "sv": "settings.swedish", "de": "settings.german", "fr": "settings.french", "es": "settings.spanish", "ko": "settings.korean",
	"ar": "settings.arabic",
}

func languageName(w *words.Words, tag string) string {
	if key := languageKeys[tag]; key != "" {
		return w.T(key)
	}
	return tag
}

// readOrganisation puts what the form has into o; fields that it lacks stay.
func readOrganisation(form url.Values, f *pages.Form, o *organisation.Organisation) {
	for _, x := range []struct {
		name  string
		field *string
	}{{"name", &o.Name}, {"postal_address", &o.PostalAddress}, {"url", &o.URL}, {"accent", &o.Accent}, {"font", &o.Font}, {"footer", &o.Footer}, {"help", &o.Help}, {"zone", &o.Zone},
		{"language", &o.Language}, {"reply_to", &o.ReplyTo}} {
		if form.Has(x.name) {
			*x.field = f.Value(x.name)
		}
	}
	if form.Has("sender_address") {
		o.Sender = ""
		if address := strings.TrimSpace(f.Value("sender_address")); address != "" {
			o.Sender = (&mail.Address{Name: strings.TrimSpace(f.Value("sender_name")), Address: address}).String()
		}
	}
	if form.Has("networks_shown") {
		o.Networks = nil
		for _, n := range form["network"] {
			o.Networks = append(o.Networks, networks.ID(n))
		}
	}
}

// wrongOrganisation puts an error beside its field; the sender has two.
func wrongOrganisation(f *pages.Form, err error, w *words.Words) bool {
	var bad *errs.Error
	if errors.As(err, &bad) && bad.Field == "sender" {
		f.Add("sender_address", w.T("settings.want_sender"))
		return true
	}
	return f.AddError(err)
}

func (h *house) keepSettings(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	org, err := h.Office.Get(r.Context())
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	f := pages.NewForm(r.PostForm)
	readOrganisation(r.PostForm, &f, &org)
	if _, err := h.Office.Set(r.Context(), h.actor(r), org); err != nil {
		if !wrongOrganisation(&f, err, h.words(r)) {
			return err
		}
		return h.showSettings(w, r, http.StatusUnprocessableEntity, settingsView{F: f}, org)
	}
	return h.done(w, r, "/settings", h.words(r).T("settings.kept"), nil)
}

func (h *house) keepLogo(w http.ResponseWriter, r *http.Request) error {
	file, _, err := r.FormFile("logo")
	if err != nil && r.MultipartForm == nil {
		return &respond.Malformed{Err: err}
	}
	f := pages.NewForm(url.Values{})
	if err == nil {
		defer file.Close()
		if _, err = h.Office.SetLogo(r.Context(), h.actor(r), file); err == nil {
			return h.done(w, r, "/settings", h.words(r).T("settings.logo_kept"), nil)
		}
	} else {
		err = &errs.Error{Kind: errs.Invalid, Field: "logo", Text: h.words(r).T("settings.choose_file")}
	}
	switch {
	case errs.Is(err, errs.Conflict):
		f.Add("logo", h.words(r).T("settings.name_first"))
	case !f.AddError(err):
		return err
	}
	org, err := h.Office.Get(r.Context())
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	return h.showSettings(w, r, http.StatusUnprocessableEntity, settingsView{F: pages.NewForm(organisationValues(org)), LogoF: f}, org)
}

func (h *house) removeLogo(w http.ResponseWriter, r *http.Request) error {
	org, err := h.Office.Get(r.Context())
	if err != nil {
		return err
	}
	org.Logo = ""
	if _, err := h.Office.Set(r.Context(), h.actor(r), org); err != nil {
		return err
	}
	return h.done(w, r, "/settings", h.words(r).T("settings.logo_gone"), nil)
}

// logo shows an uploaded logo also where only the administration is reached.
func (h *house) logo(w http.ResponseWriter, r *http.Request) error {
	l, err := h.Store.Logo(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	respond.Picture(w, r, l.Kind, l.Body)
	return nil
}
