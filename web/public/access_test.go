package public

import (
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"postrider/internal/browsertest"
	"postrider/internal/tokens"
)

// TestReadersPagesAreAccessible opens what readers see in English and Arabic, by
// day and by night, on a narrow and a wide screen. POSTRIDER_PICTURES names a
// folder for what they looked like.
func TestReadersPagesAreAccessible(t *testing.T) {
	if testing.Short() {
		t.Skip("the readers' pages were not opened in a browser: -short")
	}
	w, _ := opened(t)
	w.open()
	server := httptest.NewServer(w.handler)
	t.Cleanup(server.Close)
	w.ask(url.Values{"what": {"erase"}})
	erase, _ := w.mailed()
	b := browsertest.Start(t)
	pictures := os.Getenv("POSTRIDER_PICTURES")
	for _, lang := range []string{"en", "ar"} {
		w.speaks(lang)
		p := b.Page(browsertest.Desk)
		for name, path := range map[string]string{
			"erase": erase, "join": "/subscribe?lang=" + lang, "leave": "/u/" + w.token(tokens.Unsubscribe), "choose": "/p/" + w.token(tokens.Preferences),
			"same": "/p/" + w.keys.Token(tokens.Reader, int64(w.reader)), "archive": "/",
		} {
			p.Open(server.URL + path)
			for _, width := range []int64{320, 360, 1280} {
				if width == 360 && pictures == "" {
					continue // for people to look at; what fits into 320 fits here
				}
				for _, dark := range []bool{false, true} {
					p.Look(browsertest.View{Width: width, Height: 800, Dark: dark})
					if dark { // it changes colours alone
						p.Colours()
					} else {
						p.Accessible()
					}
					if pictures != "" && width != 320 {
						p.Picture(filepath.Join(pictures, name+"-"+lang+map[bool]string{true: "-dark"}[dark]+map[bool]string{true: "-wide"}[width == 1280]+".png"))
					}
				}
			}
		}
	}
}
