package admin

import (
	"testing"

	"postrider/internal/browsertest"
	"postrider/organisation"
)

// TestASegmentInABrowser builds a question out of rows: the number follows
// while it is typed, and the page is kept.
func TestASegmentInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("not tested: building a segment in a browser takes a while")
	}
	w, address := served(t)
	w = w.as(organisation.Owner)
	p := browsertest.Start(t).Page(browsertest.Desk)
	p.Cookie(address, w.cookie.Name, w.cookie.Value)
	look := looker(t, p)
	p.Open(address + "/segments/edit")
	p.Fill("#f-name", "Adas and bos")
	p.Choose(`[name="g0.0.value"]`, "weekly")
	p.WaitText("#counted", "3")
	p.Follow(`button[value="group"]`)
	p.Choose(`[name="g1.0.what"]`, "email")
	p.Choose(`[name="g1.0.op"]`, "begins")
	p.Choose(`[name="g1.0.value"]`, "ada")
	p.WaitText("#counted", "1")
	p.Follow(`button[value="row 1"]`)
	look("segment")
	p.Follow(`button[value="drop 1 1"]`)
	p.Follow(`button[formaction="/segments/edit"]`)
	p.WantText("table", "list = weekly and email begins ada")
	look("segments")
}
