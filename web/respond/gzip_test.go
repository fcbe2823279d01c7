package respond

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

var long = strings.Repeat("<p>All that was said, and by whom.</p>\n", 200)

// answer asks for a route that says body as kind.
func answer(t *testing.T, kind, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	h := door(&bytes.Buffer{}, Route{Pattern: "GET /x", Handle: func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Etag", `"abc"`)
		_, err := io.WriteString(w, body)
		return err
	}})
	r := httptest.NewRequest("GET", "/x", nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

func unpacked(t *testing.T, r io.Reader) string {
	t.Helper()
	z, err := gzip.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTextTravelsPacked(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"text/html; charset=utf-8", "application/json", "text/csv; charset=utf-8", "application/atom+xml; charset=utf-8"} {
		rec := answer(t, kind, long, "Accept-Encoding", "br, gzip")
		h := rec.Header()
		if h.Get("Content-Encoding") != "gzip" || h.Get("Vary") != "Accept-Encoding" || h.Get("Etag") != `W/"abc"` || rec.Body.Len() > len(long)/10 {
			t.Errorf("%s: %d of %d bytes with %v", kind, rec.Body.Len(), len(long), h)
			continue
		}
		if unpacked(t, rec.Body) != long {
			t.Errorf("%s is not what was said", kind)
		}
	}
}

func TestSomeAnswersTravelPlain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind, body string
		header     []string
		vary       string
	}{
		"not asked for":        {"text/html", long, nil, "Accept-Encoding"},
		"refused":              {"text/html", long, []string{"Accept-Encoding", "gzip;q=0, *;q=0"}, "Accept-Encoding"},
		"a part":               {"text/html", long, []string{"Accept-Encoding", "gzip", "Range", "bytes=0-9"}, "Accept-Encoding"},
		"short":                {"text/html", "<p>No.</p>", []string{"Accept-Encoding", "gzip"}, "Accept-Encoding"},
		"a picture":            {"image/png", long, []string{"Accept-Encoding", "gzip"}, ""},
		"begun by another":     {"text/html", long, []string{"Accept-Encoding", "gzip", "Sec-Fetch-Site", "cross-site", "Cookie", "session=x"}, "Accept-Encoding"},
		"begun by a neighbour": {"text/html", long, []string{"Accept-Encoding", "gzip", "Sec-Fetch-Site", "same-site", "Cookie", "session=x"}, "Accept-Encoding"},
	} {
		rec := answer(t, c.kind, c.body, c.header...)
		if h := rec.Header(); h.Get("Content-Encoding") != "" || h.Get("Vary") != c.vary || h.Get("Etag") != `"abc"` || rec.Body.String() != c.body {
			t.Errorf("%s: %v", name, h)
		}
	}
	if rec := answer(t, "text/html", long, "Accept-Encoding", "gzip", "Sec-Fetch-Site", "cross-site"); rec.Header().Get("Content-Encoding") != "gzip" {
		t.Error("whoever follows a link in a mail and is unknown here gets the page plain")
	}
}

// A problem, an answer without a body, and one that says nothing keep their status.
func TestPackingKeepsStatuses(t *testing.T) {
	t.Parallel()
	h := door(&bytes.Buffer{},
		Route{Pattern: "GET /same", Handle: func(w http.ResponseWriter, _ *http.Request) error {
			w.Header().Set("Etag", `"abc"`)
			w.WriteHeader(http.StatusNotModified)
			return nil
		}},
		Route{Pattern: "GET /panics", Handle: func(http.ResponseWriter, *http.Request) error { panic("canary") }},
		Route{Pattern: "GET /silent", Handle: func(http.ResponseWriter, *http.Request) error { return nil }})
	for path, status := range map[string]int{"/same": 304, "/panics": 500, "/silent": 200, "/nowhere": 404} {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Accept-Encoding", "gzip")
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code != status {
			t.Errorf("%s: %d, want %d", path, rec.Code, status)
		}
		// The page of a problem is small.
		if page := status == 500 || status == 404; rec.Header().Get("Content-Encoding") != "" || page != strings.Contains(rec.Body.String(), "</html>") {
			t.Errorf("%s: %v\n%s", path, rec.Header(), rec.Body)
		}
	}
}

// A long answer in parts arrives while it is being written.
func TestPackedPartsArrive(t *testing.T) {
	t.Parallel()
	read := make(chan struct{})
	server := httptest.NewServer(door(&bytes.Buffer{}, Route{Pattern: "GET /x", Handle: func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		_, _ = io.WriteString(w, "first\n")
		if err := http.NewResponseController(w).Flush(); err != nil {
			return err
		}
		select {
		case <-read:
		case <-r.Context().Done():
		}
		_, err := io.WriteString(w, "second\n")
		return err
	}}))
	defer server.Close()
	r, err := server.Client().Get(server.URL + "/x") // asks for gzip and unpacks by itself
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	part := make([]byte, 6)
	if _, err := io.ReadFull(r.Body, part); err != nil || string(part) != "first\n" || !r.Uncompressed {
		t.Fatalf("%q, %v, packed: %v", part, err, r.Uncompressed)
	}
	close(read)
	if rest, err := io.ReadAll(r.Body); err != nil || string(rest) != "second\n" {
		t.Errorf("%q, %v", rest, err)
	}
}
