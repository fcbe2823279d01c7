package admin

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/internal/words"
	"postrider/networks"
	"postrider/recaps"
	"postrider/scheduler/schedule"
	"postrider/subscribers"
	"postrider/templates"
	"postrider/web/pages"
	"postrider/web/respond"
)

// campaignForm is the page on which a campaign is made or changed.
type campaignForm struct {
	ID, Base, Action, Back, Heading  string
	F                                pages.Form
	Sources, Approvals, Canonicals   []pages.Option
	Recaps, Whens, Weekdays, Monthly []pages.Option
	Lists, Segments, Networks        []pages.Option
	Zones                            []string
	Dates                            *datesView
	Audience                         *audienceView
	Theirs                           []settingRow // what somebody else changed meanwhile
}

// settingRow is one setting in two versions.
type settingRow struct{ Label, Theirs, Yours string }

const maxOffered = 100 // recaps and lists to choose from

func (h *house) newCampaign(w http.ResponseWriter, r *http.Request) error {
	org, err := h.Store.Organisation(r.Context())
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	v := url.Values{"source": {"fixed"}, "approval": {"once"}, "canonical": {"original"}, "when": {"hand"}, "time": {"09:00"}, "weekday": {"tue"}, "monthly": {"first tue"},
		"zone": {org.Zone}, "from": {org.Sender}, "reply_to": {org.ReplyTo}}
	if ref := r.URL.Query().Get("recap"); ref != "" {
		saved, err := h.Library.Get(r.Context(), ref)
		if err != nil {
			return err
		}
		v.Set("recap", saved.ID.String())
		v.Set("name", saved.Recap.Title)
	}
	if all, err := h.Registry.Lists(r.Context(), "", 2); err == nil && len(all) == 1 {
		v["list"] = []string{all[0].Name}
	}
	return h.showCampaignForm(w, r, http.StatusOK, campaignForm{F: pages.NewForm(v)}, v)
}

func (h *house) editCampaign(w http.ResponseWriter, r *http.Request) error {
	c, err := h.Store.Campaign(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := campaignValues(c)
	return h.showCampaignForm(w, r, http.StatusOK, campaignForm{ID: c.ID.String(), F: pages.NewForm(v)}, v)
}

// campaignValues are a campaign as its form shows it.
func campaignValues(c campaigns.Campaign) url.Values {
	v := url.Values{"name": {c.Name}, "source": {string(c.Source)}, "approval": {string(c.Approval)}, "canonical": {string(c.Canonical)}, "zone": {c.Zone},
		"from": {c.Sender}, "reply_to": {c.ReplyTo}, "subject": {c.Subject}, "preheader": {c.Preheader}, "list": c.ListNames,
		"segment": {c.Segment}, "base": {baseOf(c)}, "time": {"09:00"}, "weekday": {"tue"}, "monthly": {"first tue"}}
	if c.Recap != 0 {
		v.Set("recap", c.Recap.String())
	}
	for _, n := range c.Networks {
		v.Add("network", string(n))
	}
	presetOf(c.Schedule, v)
	return v
}

// baseOf is the version that a change begins with.
func baseOf(c campaigns.Campaign) string { return c.UpdatedAt.UTC().Format(time.RFC3339Nano) }

var (
	onceForm    = regexp.MustCompile(`^once (\d{4}-\d\d-\d\d)T(\d\d:\d\d)$`)
	dailyForm   = regexp.MustCompile(`^daily (\d\d:\d\d)$`)
	weeklyForm  = regexp.MustCompile(`^weekly ([a-z]{3}) (\d\d:\d\d)$`)
	monthlyForm = regexp.MustCompile(`^monthly ((?:first|last) (?:[a-z]{3}|day|working-day)|1|15) (\d\d:\d\d)$`)
)

// presetOf fills the simple fields from a schedule's text, or the text's own.
func presetOf(text string, v url.Values) {
	v.Set("text", text)
	if m := onceForm.FindStringSubmatch(text); m != nil {
		v.Set("when", "once")
		v.Set("date", m[1])
		v.Set("time", m[2])
	} else if m := dailyForm.FindStringSubmatch(text); m != nil {
		v.Set("when", "daily")
		v.Set("time", m[1])
	} else if m := weeklyForm.FindStringSubmatch(text); m != nil {
		v.Set("when", "weekly")
		v.Set("weekday", m[1])
		v.Set("time", m[2])
	} else if m := monthlyForm.FindStringSubmatch(text); m != nil && slices.Contains(monthlies, m[1]) {
		v.Set("when", "monthly")
		v.Set("monthly", m[1])
		v.Set("time", m[2])
	} else if text != "" {
		v.Set("when", "text")
	} else {
		v.Set("when", "hand")
	}
}

// scheduleText is the text that the simple fields stand for.
func scheduleText(v url.Values) string {
	field := func(name string) string { return strings.TrimSpace(v.Get(name)) }
	switch v.Get("when") {
	case "once":
		return "once " + field("date") + "T" + field("time")
	case "daily":
		return "daily " + field("time")
	case "weekly":
		return "weekly " + field("weekday") + " " + field("time")
	case "monthly":
		return "monthly " + field("monthly") + " " + field("time")
	case "text":
		return field("text")
	}
	return ""
}

var monthlies = []string{"first day", "last day", "first working-day", "last working-day", "first mon", "first tue", "first wed", "first thu", "first fri", "last fri", "1", "15"}

// options fills what there is to choose from.
func (h *house) options(ctx context.Context, t *words.Words, v *campaignForm) error {
	option := func(values ...string) (out []pages.Option) {
		for i := 0; i < len(values); i += 2 {
			out = append(out, pages.Option{Value: values[i], Label: t.T(values[i+1])})
		}
		return out
	}
	v.Sources = []pages.Option{{Value: "fixed", Label: t.T("campaigns.source_fixed"), Hint: t.T("campaigns.source_fixed_hint")}, {Value: "collect", Label: t.T("campaigns.source_collect"), Hint: t.T("campaigns.source_collect_hint")}}
	v.Approvals = []pages.Option{{Value: "once", Label: t.T("campaigns.approval_once"), Hint: t.T("campaigns.approval_once_hint")}, {Value: "each", Label: t.T("campaigns.approval_each"), Hint: t.T("campaigns.approval_each_hint")}}
	v.Canonicals = option("original", "campaigns.canonical_original", "page", "campaigns.canonical_page")
	v.Whens = option("hand", "campaigns.when_hand", "once", "campaigns.when_once", "daily", "campaigns.when_daily", "weekly", "campaigns.when_weekly", "monthly", "campaigns.when_monthly", "text", "campaigns.when_text")
	days := strings.Fields(t.T("time.days"))
	for i, d := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		v.Weekdays = append(v.Weekdays, pages.Option{Value: d, Label: days[(i+1)%7]})
	}
	for _, m := range monthlies {
		which, what, two := strings.Cut(m, " ")
		label := t.T("campaigns.month_day", m)
		if two {
			what = map[string]string{"day": t.T("campaigns.month_any"), "working-day": t.T("campaigns.month_working"), "mon": days[1], "tue": days[2], "wed": days[3], "thu": days[4], "fri": days[5]}[what]
			label = t.T(map[string]string{"first": "campaigns.month_first", "last": "campaigns.month_last"}[which], what)
		}
		v.Monthly = append(v.Monthly, pages.Option{Value: m, Label: label})
	}
	v.Zones = schedule.Zones()
	for _, n := range networks.All() {
		v.Networks = append(v.Networks, pages.Option{Value: string(n.ID), Label: n.Name})
	}
	lists, err := h.Registry.Lists(ctx, "", maxOffered)
	if err != nil {
		return err
	}
	for _, l := range lists {
		label := l.Title
		if label == "" {
			label = l.Name
		}
		v.Lists = append(v.Lists, pages.Option{Value: l.Name, Label: label, Hint: t.T("campaigns.list_readers", l.Active)})
	}
	segments, err := h.Registry.Segments(ctx, "", maxOffered)
	if err != nil {
		return err
	}
	v.Segments = []pages.Option{{Label: t.T("campaigns.segment_none")}}
	for _, g := range segments {
		v.Segments = append(v.Segments, pages.Option{Value: g.Name, Label: g.Name})
	}
	if name := v.F.Value("segment"); name != "" && !slices.ContainsFunc(segments, func(g subscribers.Segment) bool { return g.Name == name }) {
		v.Segments = append(v.Segments, pages.Option{Value: name, Label: name})
	}
	return h.offerRecaps(ctx, t, v)
}

// offerRecaps are the newest recaps that can be sent, and the one that is set.
func (h *house) offerRecaps(ctx context.Context, t *words.Words, v *campaignForm) error {
	all, err := h.Store.FindRecaps(ctx, "", "", 0, maxOffered)
	if err != nil {
		return err
	}
	if id, err := recaps.ParseID(v.F.Value("recap")); err == nil && !slices.ContainsFunc(all, func(s recaps.Saved) bool { return s.ID == id }) {
		if s, err := h.Library.Get(ctx, id.String()); err == nil {
			all = append(all, s)
		}
	}
	v.Recaps = []pages.Option{{Label: t.T("campaigns.choose")}}
	for _, s := range all {
		if s.State != recaps.Archived || s.ID.String() == v.F.Value("recap") {
			v.Recaps = append(v.Recaps, pages.Option{Value: s.ID.String(), Label: s.Recap.Title + " (" + recapMark(t, s.State).Word + ")"})
		}
	}
	return nil
}

func (h *house) showCampaignForm(w http.ResponseWriter, r *http.Request, status int, v campaignForm, values url.Values) error {
	t := h.words(r)
	v.Action, v.Back, v.Heading = "/campaigns", "/campaigns", t.T("campaigns.new")
	if v.ID != "" {
		v.Action, v.Back, v.Heading = "/campaigns/"+v.ID, "/campaigns/"+v.ID, t.T("campaigns.change")
	}
	if err := h.options(r.Context(), t, &v); err != nil {
		return err
	}
	if err := h.foresee(r, &v, values); err != nil {
		return err
	}
	return h.pageWith(w, r, status, "campaignform", h.frame(r, v.Heading, "/campaigns"), v)
}

// foresee shows what the settings would mean: the next dates, and who gets it.
func (h *house) foresee(r *http.Request, v *campaignForm, values url.Values) error {
	if text := scheduleText(values); text != "" {
		c := campaigns.Campaign{Schedule: text, Zone: values.Get("zone")}
		if old, err := h.Store.Campaign(r.Context(), v.ID); v.ID != "" && err == nil {
			c.DaysOff, c.OnDayOff = old.DaysOff, old.OnDayOff
		}
		dates, err := h.dates(r, c)
		switch {
		case err == nil:
			v.Dates = &dates
		case !errs.Is(err, errs.Invalid):
			return err
		case r.Method == http.MethodPost && v.F.OK():
			v.F.AddError(inForm(err, values))
		}
	}
	if len(values["list"]) == 0 {
		return nil
	}
	a, err := h.audienceOf(r, values["list"], values.Get("segment"))
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	v.Audience = &a
	return err
}

// readCampaign reads the form. Problems stand beside their fields.
func readCampaign(r *http.Request) (campaigns.Campaign, url.Values, error) {
	if err := r.ParseForm(); err != nil {
		return campaigns.Campaign{}, nil, &respond.Malformed{Err: err}
	}
	v := r.PostForm
	field := func(name string) string { return strings.TrimSpace(v.Get(name)) }
	c := campaigns.Campaign{Name: field("name"), Source: campaigns.Source(field("source")), Approval: campaigns.Approval(field("approval")), ListNames: v["list"], Segment: field("segment"),
		Sender: field("from"), ReplyTo: field("reply_to"), Subject: field("subject"), Preheader: field("preheader"), Canonical: templates.Canonical(field("canonical")),
		Zone: field("zone"), Schedule: scheduleText(v)}
	for _, n := range v["network"] {
		c.Networks = append(c.Networks, networks.ID(n))
	}
	if c.Source == campaigns.Fixed && field("recap") != "" {
		id, err := recaps.ParseID(field("recap"))
		if err != nil {
			return c, v, &errs.Error{Kind: errs.Invalid, Field: "recap", Text: "choose a recap from the list"}
		}
		c.Recap = id
	}
	return c, v, nil
}

// inForm names the field of the form that an error's field is shown as.
func inForm(err error, v url.Values) error {
	e, ok := asError(err)
	if !ok {
		return err
	}
	at := *e
	switch e.Field {
	case "reply-to":
		at.Field = "reply_to"
	case "schedule", "--schedule":
		at.Field = map[string]string{"once": "date", "text": "text"}[v.Get("when")]
		if at.Field == "" {
			at.Field = "time"
		}
	case "":
		at.Field = "when"
	}
	if at.Text == "" && at.Err != nil {
		at.Text, at.Err = at.Err.Error(), nil
	}
	return &at
}

// lookAtCampaign shows the form again, with what it would mean; nothing is kept.
func (h *house) lookAtCampaign(w http.ResponseWriter, r *http.Request) error {
	_, v, err := readCampaign(r)
	if err != nil && !errs.Is(err, errs.Invalid) {
		return err
	}
	return h.showCampaignForm(w, r, http.StatusOK, campaignForm{ID: v.Get("id"), F: pages.NewForm(v)}, v)
}
