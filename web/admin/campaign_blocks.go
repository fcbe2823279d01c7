package admin

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/internal/words"
	"postrider/recaps"
	"postrider/templates"
	"postrider/web/pages"
	"postrider/web/respond"
)

// blockRoutes are the page on which the look of a campaign's mails is chosen,
// and what stands around its recaps.
func (h *house) blockRoutes() []respond.Route {
	return []respond.Route{
		{Pattern: "GET /campaigns/{id}/blocks", Needs: editor, Handle: h.blocks},
		{Pattern: "POST /campaigns/{id}/blocks", Needs: editor, Handle: h.changeBlocks},
	}
}

type blocksView struct {
	Name, URL string
	F         pages.Form
	Themes    []pages.Option
	Blocks    []blockView
	Kinds     []pages.Option // that can be added
	Recaps    []pages.Option
	Full      bool
}

// blockView is a block's part of the form. N counts from 1.
type blockView struct {
	N                 int
	Kind              templates.BlockKind
	Label, Wrong      string
	Up, Down          int // N of the neighbours; 0: none
	Fixed             bool
	Text, URL, Image  string
	Recap, Dates      string
	TextName, URLName string
}

const maxBlocksShown = 30

func (h *house) blocks(w http.ResponseWriter, r *http.Request) error {
	c, err := h.Store.Campaign(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return h.showBlocks(w, r, http.StatusOK, c, c.Blocks, pages.NewForm(url.Values{"theme": {c.Theme}, "base": {baseOf(c)}}))
}

func (h *house) showBlocks(w http.ResponseWriter, r *http.Request, status int, c campaigns.Campaign, all []templates.Block, f pages.Form) error {
	t := h.words(r)
	v := blocksView{Name: c.Name, URL: campaignURL(c.ID), F: f, Full: len(all) >= maxBlocksShown}
	for _, theme := range templates.Themes() {
		v.Themes = append(v.Themes, pages.Option{Value: theme.Name, Label: themeName(t, theme.Name)})
	}
	for _, k := range templates.BlockKinds() {
		if k != templates.BlockRecaps {
			v.Kinds = append(v.Kinds, pages.Option{Value: string(k), Label: blockName(t, k)})
		}
	}
	found, err := h.Store.FindRecaps(r.Context(), "", "", 0, maxOffered)
	if err != nil {
		return err
	}
	v.Recaps = []pages.Option{{Label: t.T("blocks.choose")}}
	for _, s := range found {
		if s.ID != c.Recap && s.State != recaps.Archived {
			v.Recaps = append(v.Recaps, pages.Option{Value: s.Slug, Label: s.Recap.Title})
		}
	}
	all = withPlace(all)
	for n, b := range all {
		one := blockView{N: n + 1, Kind: b.Kind, Label: blockName(t, b.Kind), Wrong: f.Wrong(fmt.Sprintf("block-%d", n+1)), Up: n, Fixed: b.Kind == templates.BlockRecaps,
			Text: b.Text, URL: b.URL, Image: b.Image, Recap: b.Recap, Dates: templates.WriteDates(b.Dates)}
		if n+1 < len(all) {
			one.Down = n + 2
		}
		if len(b.Dates) == 0 { // not read yet: shown as it was typed
			one.Dates = f.Value(fmt.Sprintf("dates-%d", n+1))
		}
		if b.Recap != "" && !slices.ContainsFunc(v.Recaps, func(o pages.Option) bool { return o.Value == b.Recap }) {
			v.Recaps = append(v.Recaps, pages.Option{Value: b.Recap, Label: b.Recap})
		}
		v.Blocks = append(v.Blocks, one)
	}
	return h.pageWith(w, r, status, "blocks", h.frame(r, t.T("blocks.title"), "/campaigns"), v)
}

// withPlace adds the place of the recaps where no block says it.
func withPlace(all []templates.Block) []templates.Block {
	if slices.ContainsFunc(all, func(b templates.Block) bool { return b.Kind == templates.BlockRecaps }) {
		return all
	}
	return append(slices.Clone(all), templates.Block{Kind: templates.BlockRecaps})
}

func blockName(t *words.Words, k templates.BlockKind) string {
	return map[templates.BlockKind]string{
		templates.BlockGreeting: t.T("blocks.greeting"), templates.BlockText: t.T("blocks.text"), templates.BlockDates: t.T("blocks.dates"), templates.BlockButton: t.T("blocks.button"),
		templates.BlockImage: t.T("blocks.image"), templates.BlockDivider: t.T("blocks.divider"), templates.BlockRecap: t.T("blocks.recap"), templates.BlockRecaps: t.T("blocks.recaps"),
	}[k]
}

func themeName(t *words.Words, name string) string {
	switch name {
	case "":
		return t.T("blocks.theme_default")
	case "letter":
		return t.T("blocks.theme_letter")
	case "cards":
		return t.T("blocks.theme_cards")
	}
	return name
}

// changeBlocks adds, moves or removes a block on the form, or keeps them all.
func (h *house) changeBlocks(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	c, err := h.Store.Campaign(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	f := pages.NewForm(r.PostForm)
	all, dates := readBlocks(r.PostForm, &f)
	if act, n, _ := strings.Cut(r.PostForm.Get("do"), "-"); act != "keep" && act != "look" {
		at, _ := strconv.Atoi(n)
		v := arranged(r.PostForm, all, dates, act, at)
		all, _ = readBlocks(v, &f)
		return h.showBlocks(w, r, http.StatusOK, c, all, pages.NewForm(v))
	}
	base, err := time.Parse(time.RFC3339Nano, r.PostForm.Get("base"))
	if err != nil {
		return &respond.Malformed{Err: err}
	}
	if f.OK() {
		c.Theme, c.Blocks = r.PostForm.Get("theme"), all
		if len(all) == 1 && all[0].Kind == templates.BlockRecaps {
			c.Blocks = nil
		}
		_, err := h.Desk.Change(r.Context(), h.actor(r), c, base)
		switch e, named := asError(err); {
		case err == nil && r.PostForm.Get("do") == "look":
			return h.done(w, r, campaignURL(c.ID)+"/preview", h.words(r).T("campaigns.said_changed"), nil)
		case err == nil:
			return h.done(w, r, campaignURL(c.ID), h.words(r).T("campaigns.said_changed"), nil)
		case named && errs.Is(err, errs.Invalid) && strings.HasPrefix(e.Field, "block "):
			f.Add(strings.Replace(e.Field, "block ", "block-", 1), withoutField(e))
		case errs.Is(err, errs.Invalid), errs.Is(err, errs.Conflict):
			f.Add("", respond.Sentence(err.Error()))
		default:
			return err
		}
	}
	return h.showBlocks(w, r, http.StatusUnprocessableEntity, c, all, f)
}

// readBlocks reads the form's blocks. Dates that cannot be read are a problem of
// theirs and stay as they were typed, by their block's number.
func readBlocks(v url.Values, f *pages.Form) (all []templates.Block, dates []string) {
	count, _ := strconv.Atoi(v.Get("blocks"))
	for n := 1; n <= min(count, maxBlocksShown+1); n++ {
		field := func(name string) string {
			return strings.TrimSpace(strings.ReplaceAll(v.Get(fmt.Sprintf("%s-%d", name, n)), "\r\n", "\n"))
		}
		b := templates.Block{Kind: templates.BlockKind(field("kind")), Text: field("text"), URL: field("url"), Image: field("image"), Recap: field("recap")}
		typed := field("dates")
		if b.Kind == templates.BlockDates && typed != "" {
			var err error
			if b.Dates, err = templates.ParseDates(typed); err != nil {
				f.Add(fmt.Sprintf("block-%d", n), respond.Sentence(err.Error()))
			}
		}
		all, dates = append(all, b), append(dates, typed)
	}
	return all, dates
}

// arranged is the form after a button that adds, moves or removes a block.
func arranged(old url.Values, all []templates.Block, dates []string, act string, at int) url.Values {
	type row struct {
		templates.Block
		dates string
	}
	var rows []row
	for n := range all {
		rows = append(rows, row{all[n], dates[n]})
	}
	at--
	inside := at >= 0 && at < len(rows)
	switch {
	case act == "add" && len(rows) <= maxBlocksShown:
		added := row{Block: templates.Block{Kind: templates.BlockKind(old.Get("add"))}}
		if added.Kind == templates.BlockGreeting {
			rows = slices.Insert(rows, 0, added) // a letter begins with it
		} else {
			rows = append(rows, added)
		}
	case act == "remove" && inside && rows[at].Kind != templates.BlockRecaps:
		rows = slices.Delete(rows, at, at+1)
	case act == "up" && inside && at > 0:
		rows[at-1], rows[at] = rows[at], rows[at-1]
	case act == "down" && inside && at+1 < len(rows):
		rows[at+1], rows[at] = rows[at], rows[at+1]
	}
	v := url.Values{"theme": old["theme"], "base": old["base"], "blocks": {strconv.Itoa(len(rows))}}
	for n, b := range rows {
		for name, value := range map[string]string{"kind": string(b.Kind), "text": b.Text, "url": b.URL, "image": b.Image, "recap": b.Recap, "dates": b.dates} {
			v.Set(fmt.Sprintf("%s-%d", name, n+1), value)
		}
	}
	return v
}
