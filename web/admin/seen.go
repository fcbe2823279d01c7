package admin

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/subscribers"
	"postrider/templates"
	"postrider/web/pages"
	"postrider/web/respond"
)

// seenBy is through whose eyes, and in which light, a mail is looked at.
type seenBy struct {
	As        string // one of awkward, or a reader's id
	Options   []pages.Option
	Search    string // what addresses begin with
	Nobody    bool   // the search found none
	CanSearch bool
	Dark      bool
	NoImages  bool
	Show      string // which form stands open

	values map[string]string
}

const (
	maxFound = 8   // readers of a search
	maxReach = 254 // letters of an address
)

// awkward are readers that nobody is and whose mails go wrong first.
var awkward = []struct {
	name, key string
	values    map[string]string
}{
	{"sample", "editor.as_sample", nil}, // pages.SampleReader
	{"nameless", "editor.as_nameless", map[string]string{"email": "a@example.org", "language": "en"}},
	{"long", "editor.as_long", map[string]string{
		"first_name": "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewissenhaft", "last_name": "Featherstonehaugh-Cholmondeley-Warner-Montagu-Douglas-Scott",
		"name":  "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewissenhaft Featherstonehaugh-Cholmondeley-Warner-Montagu-Douglas-Scott",
		"email": strings.Repeat("wolfeschlegelstein", 3) + "@" + strings.Repeat("a-very-long-name.", 9) + "example.org", "language": "de"}},
	{"rtl", "editor.as_rtl", map[string]string{"first_name": "عبد الرحمن", "last_name": "الطيّب", "name": "عبد الرحمن الطيّب", "email": "abd@example.org", "language": "ar"}},
}

// seenBy reads a request's wishes. Readers are shown to those who may see
// them on their own page.
func (h *house) seenBy(r *http.Request) (seenBy, error) {
	t := h.words(r)
	s := seenBy{As: r.FormValue("as"), Search: strings.TrimSpace(r.FormValue("reader")), Dark: r.FormValue("dark") != "", NoImages: r.FormValue("pictures") == "off",
		Show: r.FormValue("show"), CanSearch: h.mayUse(r, "GET /readers/{id}")}
	for _, a := range awkward {
		s.Options = append(s.Options, pages.Option{Value: a.name, Label: t.T(a.key)})
		if a.name == s.As {
			s.values = a.values
		}
	}
	if !s.CanSearch || len(s.Search) > maxReach {
		s.Search = ""
	}
	if s.Search != "" {
		if err := h.foundReaders(r, &s); err != nil {
			return s, err
		}
	}
	if err := h.chosenReader(r, &s); err != nil {
		return s, err
	}
	if s.values == nil {
		s.values = pages.SampleReader(readerLinkURL)
	}
	if !hasOption(s.Options, s.As) {
		s.As = awkward[0].name
	}
	s.values[templates.SlotUnsubscribeURL], s.values[templates.SlotPreferencesURL] = readerLinkURL, readerLinkURL
	return s, nil
}

// foundReaders offers those whose address begins as was typed; after a new
// search the first of them is looked through.
func (h *house) foundReaders(r *http.Request, s *seenBy) error {
	found, err := h.Registry.Beginning(r.Context(), s.Search, maxFound)
	if err != nil {
		return err
	}
	for _, reader := range found {
		s.Options = append(s.Options, readerOption(reader))
	}
	s.Nobody = len(found) == 0
	if len(found) > 0 && r.FormValue("searched") != s.Search {
		s.As = found[0].ID.String()
	}
	return nil
}

func (h *house) chosenReader(r *http.Request, s *seenBy) error {
	id, err := ids.Parse[subscribers.Subscriber](s.As)
	if err != nil || !s.CanSearch {
		s.values = cloned(s.values)
		return nil
	}
	reader, err := h.Registry.Get(r.Context(), subscribers.ID(id))
	if errs.Is(err, errs.NotFound) {
		return nil // erased since
	}
	if err != nil {
		return err
	}
	s.values = reader.Values()
	if !hasOption(s.Options, s.As) {
		s.Options = append(s.Options, readerOption(reader))
	}
	return nil
}

func readerOption(s subscribers.Subscriber) pages.Option {
	o := pages.Option{Value: s.ID.String(), Label: s.Email}
	if s.Name != "" {
		o.Label = s.Name + ", " + s.Email
	}
	return o
}

func hasOption(all []pages.Option, value string) bool {
	for _, o := range all {
		if o.Value == value {
			return true
		}
	}
	return false
}

func cloned(values map[string]string) map[string]string {
	if values == nil {
		return nil
	}
	out := make(map[string]string, len(values)+2)
	for k, v := range values {
		out[k] = v
	}
	return out
}

// frame is the address of one form of a mail as it is looked at; query is what
// its address has anyway.
func (s seenBy) frame(at, query string) string {
	q, err := url.ParseQuery(strings.TrimPrefix(query, "?"))
	if err != nil {
		q = url.Values{}
	}
	if s.As != awkward[0].name {
		q.Set("as", s.As)
	}
	if s.Dark {
		q.Set("dark", "1")
	}
	if s.NoImages {
		q.Set("pictures", "off")
	}
	if len(q) == 0 {
		return at
	}
	return at + "?" + q.Encode()
}

var (
	darkRule  = regexp.MustCompile(`\(\s*prefers-color-scheme\s*:\s*dark\s*\)`)
	bothGrey  = regexp.MustCompile(`(color-scheme"\s+content="|color-scheme\s*:\s*)light dark`)
	never     = []byte("(max-width:0)")
	always    = []byte("(min-width:0)")
	inLight   = []byte("${1}light")
	inDark    = []byte("${1}dark")
	sourceTop = `<!DOCTYPE html><html lang="en" dir="ltr"><head><meta charset="utf-8"><title>HTML</title><style>:root{color-scheme:light dark}body{margin:12px}pre{margin:0;font:13px/1.5 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere}</style></head><body><pre>`
)

// light makes a document look as in one light, whatever the browser prefers.
func (s seenBy) light(doc []byte) []byte {
	if s.Dark {
		return bothGrey.ReplaceAll(darkRule.ReplaceAll(doc, always), inDark)
	}
	return bothGrey.ReplaceAll(darkRule.ReplaceAll(doc, never), inLight)
}

func (s seenBy) images() respond.Remote {
	if s.NoImages {
		return respond.NoImages
	}
	return respond.RemoteImages
}
