package admin

import (
	"strings"
	"testing"

	"postrider/internal/browsertest"
	"postrider/organisation"
)

// narrow is the smallest telephone that pages are made for.
var narrow = browsertest.View{Width: 320, Height: 640}

// TestEveryPageIsAccessible opens each page of the route table in a browser,
// at a desk and on telephones, in the light and in the dark: no rule of
// accessibility broken, nothing wider than the window, no error on the
// console, no request to another host. What it shows is full of what people
// type by mistake or on purpose.
func TestEveryPageIsAccessible(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	w, address := served(t)
	w = w.as(organisation.Owner)
	p := browser.Page(browsertest.Desk)
	p.Cookie(address, w.cookie.Name, w.cookie.Value)
	seen := 0
	for _, route := range w.house.routes() {
		method, pattern, _ := strings.Cut(route.Pattern, " ")
		if method != "GET" || pattern == "/assets/" || pattern == "/favicon.ico" || strings.Contains(pattern, "/frame/") || strings.HasSuffix(pattern, ".csv") || strings.HasSuffix(pattern, ".json") || strings.HasPrefix(pattern, "/logo/") || strings.HasPrefix(pattern, "/pictures/") || strings.HasPrefix(pattern, "/sign-in") {
			continue
		}
		seen++
		p.Look(browsertest.Desk)
		p.Open(address + w.path(pattern))
		if p.Status() != 200 {
			t.Errorf("%s answers %d", pattern, p.Status())
			continue
		}
		p.Everywhere(nil)
		p.Look(narrow)
		p.Fits()
	}
	if seen < 30 {
		t.Errorf("only %d pages were opened", seen)
	}
}
