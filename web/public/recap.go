package public

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/words"
	"postrider/web/pages"
	"postrider/web/respond"
)

// recap answers with the stored bytes of the latest public edition's page, or
// of one takeaway's. Before an edition's first lease it does not exist here.
func (h *house) recap(w http.ResponseWriter, r *http.Request) error {
	n, err := takeaway(r.PathValue("n"))
	if err != nil {
		return err
	}
	e, err := h.Store.PublicEdition(r.Context(), r.PathValue("slug"))
	if errs.Is(err, errs.NotFound) {
		return errs.NotFoundf("there is no such page here: it may have another name now, or has not been published yet")
	}
	if err != nil {
		return err
	}
	page, err := h.Store.EditionPage(r.Context(), e.ID, n)
	if errs.Is(err, errs.NotFound) {
		return errs.NotFoundf("this recap has no key takeaway %d: open the whole recap and choose from there", n)
	}
	if err != nil {
		return err
	}
	respond.Published(w, page)
	return unchanged(w, r, "text/html; charset=utf-8", time.Minute, page)
}

// unchanged answers with a document that everybody may keep for a while, and
// only says so to whom has it already.
func unchanged(w http.ResponseWriter, r *http.Request, kind string, keep time.Duration, doc []byte) error {
	sum := sha256.Sum256(doc)
	tag := `"` + hex.EncodeToString(sum[:12]) + `"`
	header := w.Header()
	header.Set("Etag", tag)
	header.Set("Cache-Control", "public, max-age="+strconv.Itoa(int(keep.Seconds())))
	if matches(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	header.Set("Content-Type", kind)
	header.Set("Content-Length", strconv.Itoa(len(doc)))
	_, _ = w.Write(doc) // the reader has gone: nobody is left to be told
	return nil
}

// takeaway reads the number in a path: "" is the whole recap, 0. Only the plain
// form counts, so that a page has one address.
func takeaway(s string) (int, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || strconv.Itoa(n) != s {
		return 0, errs.NotFoundf("there is no such key takeaway: they count from 1")
	}
	return n, nil
}

// matches reads If-None-Match as RFC 9110, 13.1.2 does.
func matches(header, tag string) bool {
	for t := range strings.SplitSeq(header, ",") {
		if t = strings.TrimPrefix(strings.TrimSpace(t), "W/"); t == tag || t == "*" {
			return true
		}
	}
	return false
}

const (
	archivePage  = 20  // recaps on a page
	archiveBatch = 200 // editions read at once when searching
	archiveReads = 10  // batches at most, so that a page costs no more than that
	maxSearch    = 100 // letters
)

// archiveView is the front page.
type archiveView struct {
	Name   string
	Recaps []archiveEntry
	Older  string // URL, empty on the last page
	First  bool
	Search string // what is looked for, empty for everything
}

type archiveEntry struct {
	Title, URL, Day string
}

// archive lists the public recaps, newest first, each once: a recap that went
// out again stands where it went out last. A search looks for all its words in
// the title.
func (h *house) archive(w http.ResponseWriter, r *http.Request) error {
	before, err := cursor(r)
	if err != nil {
		return err
	}
	org := h.organisation(r)
	clock := pages.In(words.English(), h.Now(), org.Zone)
	v := archiveView{Name: org.Name, First: before == 0, Search: shortSearch(r.URL.Query().Get("q"))}
	wanted := strings.Fields(fold(v.Search))
	batchSize := archivePage + 1
	if len(wanted) > 0 {
		batchSize = archiveBatch
	}
	more := false
	for range archiveReads {
		batch, err := h.Store.PublicEditions(r.Context(), before, batchSize)
		if err != nil {
			return err
		}
		for _, e := range batch {
			if more = len(v.Recaps) == archivePage; more {
				break
			}
			before = e.ID
			if holdsAll(fold(e.Title), wanted) {
				v.Recaps = append(v.Recaps, archiveEntry{Title: e.Title, URL: pagePath(e.Slug), Day: clock.Day(e.PublicAt)})
			}
		}
		if more || len(batch) < batchSize {
			break
		}
		more = true // perhaps: the next page will tell
	}
	if more {
		v.Older = "/?" + url.Values{"before": {before.String()}, "q": {v.Search}}.Encode()
		if v.Search == "" {
			v.Older = "/?before=" + before.String()
		}
	}
	f := h.frame(r)
	f.Title = "Recaps"
	return h.door.Page(w, http.StatusOK, "archive", f, v)
}

func pagePath(slug string) string { return "/r/" + url.PathEscape(slug) }

func shortSearch(s string) string {
	if r := []rune(strings.TrimSpace(s)); len(r) > maxSearch {
		return string(r[:maxSearch])
	}
	return strings.TrimSpace(s)
}

// fold makes texts comparable whatever their case and form.
func fold(s string) string { return cases.Fold().String(norm.NFKC.String(s)) }

func holdsAll(text string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// cursor reads ?before=, zero where there is none.
func cursor(r *http.Request) (campaigns.EditionID, error) {
	s := r.URL.Query().Get("before")
	if s == "" {
		return 0, nil
	}
	id, err := ids.Parse[campaigns.Edition](s)
	if err != nil {
		return 0, errs.NotFoundf("there is no such page of the archive: begin at its first")
	}
	return campaigns.EditionID(id), nil
}

func oneLine(s string) string { return strings.Join(strings.Split(s, "\n"), " · ") }
