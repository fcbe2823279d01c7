package admin

import (
	"bytes"
	"compress/gzip"
	"io"
	"regexp"
	"strings"
	"testing"

	"postrider/web/assets"
)

// loads finds what a page loads by itself: style sheets, scripts, pictures and
// frames.
var loads = regexp.MustCompile(`<(?:link rel="(?:stylesheet|icon)"[^>]* href|script src|img[^>]* src|iframe[^>]* src)="([^"]*)"`)

// TestPagesAreLight: no page, with all that it loads and its pictures left out,
// is more than 100 KB on the wire, a page with an editor 300 KB, and none loads
// anything from another host.
func TestPagesAreLight(t *testing.T) {
	t.Parallel()
	const page, editor = 100 << 10, 300 << 10
	w := build(t).signIn()
	seen := 0
	for _, route := range w.house.routes() {
		method, pattern, _ := strings.Cut(route.Pattern, " ")
		if method != "GET" || pattern == assets.Prefix {
			continue
		}
		r := w.do("GET", w.path(pattern), nil, "Accept-Encoding", "gzip")
		wire, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") || strings.Contains(pattern, "/frame/") {
			continue
		}
		seen++
		body := string(wire)
		if r.Header.Get("Content-Encoding") == "gzip" {
			body = unpacked(t, wire)
		} else if len(wire) > 1<<10 {
			t.Errorf("%s travels plain", pattern)
		}
		sum, limit := len(wire), page
		for _, m := range loads.FindAllStringSubmatch(body, -1) {
			switch {
			case strings.HasPrefix(m[1], assets.Prefix):
				name := regexp.MustCompile(`\.[0-9a-f]{12}\.`).ReplaceAllString(strings.TrimPrefix(m[1], assets.Prefix), ".")
				n := assets.Packed(name)
				if n == 0 {
					t.Errorf("%s loads %s, which does not exist", pattern, m[1])
				}
				sum += n
				if name == "editor.js" {
					limit = editor
				}
			case !strings.HasPrefix(m[1], "/") || strings.HasPrefix(m[1], "//"):
				t.Errorf("%s loads %s from elsewhere", pattern, m[1])
			}
		}
		if sum > limit {
			t.Errorf("%s is %d bytes with all that it loads, want at most %d", pattern, sum, limit)
		}
	}
	if seen < 20 {
		t.Errorf("weighed %d pages only", seen)
	}
}

func unpacked(t *testing.T, wire []byte) string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(wire))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
