package admin

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"postrider/organisation"
	"postrider/store/storetest"
	"postrider/subscribers"
)

func TestRetentionIsSetOnItsPage(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Owner)
	days := func(unconfirmed string) url.Values {
		return url.Values{"unconfirmed": {unconfirmed}, "networks": {"20"}, "notices": {"40"}, "returns": {"50"}}
	}
	for _, bad := range []string{"3", "soon", ""} {
		page := text(t, w.post("/settings/retention", days(bad)))
		if !strings.Contains(page, `value="`+bad+`"`) || !strings.Contains(page, `id="e-unconfirmed"`) {
			t.Errorf("%q is lost, or nothing stands beside it", bad)
		}
	}
	if r := w.post("/settings/retention", days("14")); r.StatusCode != 303 {
		t.Fatalf("%d:\n%s", r.StatusCode, text(t, r))
	}
	r, err := w.store.Retention(context.Background())
	if want := (subscribers.Retention{Unconfirmed: 14, Networks: 20, Notices: 40, Returns: 50}); err != nil || r != want {
		t.Errorf("holds is %+v, %v, want %+v", r, err, want)
	}
}

func TestLastImportIsTakenBackOnItsPage(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Editor)
	before := storetest.One[int](t, w.store, `SELECT count(*) FROM subscribers`)
	id := w.imported(t, "first.csv", "one@example.net")
	page := text(t, w.do("GET", "/imports", nil))
	if !strings.Contains(page, "first.csv, imported") || !strings.Contains(page, `value="`+id+`"`) {
		t.Fatalf("the page does not offer to take it back:\n%s", page)
	}
	newer := w.imported(t, "second.csv", "two@example.net")
	if r := w.post("/imports/undo", url.Values{"import": {id}}); r.StatusCode != 409 {
		t.Errorf("a page that is older than the last import answers %d", r.StatusCode)
	}
	for _, id := range []string{newer, id} {
		if r := w.post("/imports/undo", url.Values{"import": {id}}); r.StatusCode != 303 {
			t.Errorf("%d:\n%s", r.StatusCode, text(t, r))
		}
	}
	if n := storetest.One[int](t, w.store, `SELECT count(*) FROM subscribers`); n != before {
		t.Errorf("%d readers, before the imports %d", n, before)
	}
	if r := w.post("/imports/undo", url.Values{"import": {id}}); r.StatusCode != 404 {
		t.Errorf("with nothing left: %d", r.StatusCode)
	}
}

// imported brings one reader in and returns the import's id.
func (w *world) imported(t *testing.T, file, address string) string {
	t.Helper()
	_, err := w.house.Registry.Import(context.Background(), strings.NewReader("email\n"+address+"\n"), subscribers.ImportOptions{Actor: "test", Lists: []string{"news"}, Create: true, Source: file, File: file})
	if err != nil {
		t.Fatal(err)
	}
	all, err := w.house.Registry.Imports(context.Background(), 1)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d imports, %v", len(all), err)
	}
	return all[0].ID.String()
}
