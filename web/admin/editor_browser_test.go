package admin

import (
	"net/url"
	"strings"
	"testing"

	"postrider/internal/browsertest"
	"postrider/organisation"
	"postrider/web/assets"
)

func TestWritingInTheBrowser(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	w, address := served(t)
	w = w.as(organisation.Editor)
	p := browser.Page(browsertest.Desk)
	p.Cookie(address, w.cookie.Name, w.cookie.Value)
	p.Open(address + "/recaps/new")
	value := func() (s string) { p.Eval(`document.getElementById("text").value`, &s); return s }
	p.Paste("#text", "word")
	p.Eval(`document.getElementById("text").select()`, nil)
	p.Click("[data-tool=bold]")
	if got := value(); got != "**word**" {
		t.Errorf("bold gives %q", got)
	}
	p.Eval(`document.execCommand("undo")`, nil)
	if got := value(); got != "word" {
		t.Errorf("undone it is %q", got)
	}
	p.Paste("#text", "")
	p.Eval(`(() => { const d = new DataTransfer(); d.setData("text/html", "<h2>What <span>we</span> heard</h2><p style='mso-x:y'>It was <b>loud</b>.</p>"); d.setData("text/plain", "What we heard");
		document.getElementById("text").dispatchEvent(new ClipboardEvent("paste", {clipboardData: d, bubbles: true, cancelable: true})) })()`, nil)
	p.Eval(`new Promise((done) => { const look = () => document.getElementById("text").value.includes("**") ? done(1) : setTimeout(look, 50); look() })`, nil)
	if got := value(); got != "## What we heard\n\nIt was **loud**." {
		t.Errorf("pasted it is %q", got)
	}
	p.Paste("#text", article)
	p.WaitFor("#down-1")
	p.Click("#down-1")
	p.WaitText("#helped", "key takeaway 2 now")
	p.WaitText(".order li", "The second point.")
	if got := value(); got != strings.NewReplacer("first", "second", "second", "first").Replace(article) {
		t.Errorf("moved it is %q", got)
	}
	// A picture is dropped: it waits for its words.
	p.Eval(`(async () => { const c = document.createElement("canvas"); c.width = 300; c.height = 200; c.getContext("2d").fillRect(9, 9, 200, 90);
		const file = new File([await new Promise((done) => c.toBlob(done))], "photo.png", {type: "image/png"}), d = new DataTransfer(); d.items.add(file);
		document.getElementById("text").dispatchEvent(new DragEvent("drop", {dataTransfer: d, bubbles: true, cancelable: true})) })()`, nil)
	p.Click("#place")
	p.WaitText("#picture-wrong", "Say what is to be seen")
	looker(t, p)("editor-picture")
	p.Fill("#alt", "The harbour")
	p.Click("#place")
	p.WaitText("#helped", "The picture is in the text")
	if got := value(); !strings.HasPrefix(got, "# Notes from Oslo\n\n![The harbour](i/") {
		t.Errorf("with a picture it is %q", got)
	}
	p.WaitText(".pane-understood", "-1200.png")
	looker(t, p)("editor-written")
	p.Click("label[for=show-check].checked")
	p.WaitFor(".findings [data-line]")
	looker(t, p)("editor-check")
	p.Eval(`(() => { const w = document.getElementById("weight-2"); w.value = "5"; w.dispatchEvent(new Event("change", {bubbles: true})) })()`, nil)
	p.WaitText("#helped", "Key takeaway 2 weighs 5 now")
	p.WaitFor(`#weight-2[value="5"]`)
	// The first is dragged below the second.
	p.Eval(`(() => { const grip = document.querySelector("[data-drag='1']"), last = document.querySelector(".order li:last-child").getBoundingClientRect();
		grip.setPointerCapture = () => {};
		const at = (type, y) => grip.dispatchEvent(new PointerEvent(type, {bubbles: true, cancelable: true, pointerId: 1, clientX: 5, clientY: y}));
		at("pointerdown", grip.getBoundingClientRect().top); at("pointermove", last.bottom - 2); at("pointerup", last.bottom - 2) })()`, nil)
	p.WaitText("#helped", "key takeaway 2 now")
	if got := value(); !strings.HasSuffix(got, "1. The first point. {weight=5}\n2. The second point.\n") {
		t.Errorf("dragged it is %q", got)
	}
	p.Click(".findings [data-line]")
	var line string
	p.Eval(`document.getElementById("text").value.slice(document.getElementById("text").selectionStart, document.getElementById("text").selectionEnd)`, &line)
	if line == "" || line != strings.TrimSpace(line) {
		t.Errorf("the finding leads to %q", line)
	}
	p.Click("label:has(#show-inbox)")
	looker(t, p)("editor-inbox")
}

// TestAPlainFormKeepsARecap writes, previews and keeps with JavaScript off.
func TestAPlainFormKeepsARecap(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	w, address := served(t)
	w = w.as(organisation.Editor)
	view := browsertest.Phone
	view.NoScript = true
	p := browser.Page(view)
	p.Cookie(address, w.cookie.Name, w.cookie.Value)
	p.Open(address + "/recaps/new")
	p.Paste("#text", article)
	p.Follow(".does [formaction='/recaps/look']:not([name])")
	p.WantText(".order", "The second point.")
	p.Follow("#down-1")
	p.Follow("#sheet .primary")
	p.WantText("main", "Kept as revision 1")
	saved, err := w.house.Library.Get(t.Context(), "notes-from-oslo")
	if err != nil || saved.Recap.Takeaways[0].Plain != "The second point." {
		t.Errorf("kept is %+v, %v", saved.Recap.Takeaways, err)
	}
}

func TestMovingATakeawayWithoutScripts(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Editor)
	page := text(t, w.post("/recaps/move", url.Values{"text": {article}, "move": {"2-up"}}))
	if !strings.Contains(page, "1. The second point.\n2. The first point.") {
		t.Errorf("the text is not moved:\n%s", page)
	}
	if r := w.post("/recaps/move", url.Values{"text": {article}, "move": {"1-up"}}); r.StatusCode != 422 {
		t.Errorf("above the first = %d, want 422", r.StatusCode)
	}
}

func TestTheEditorsScriptsAreSmall(t *testing.T) {
	t.Parallel()
	sum := 0
	for _, name := range []string{"htmx.js", "desk.js", "editor.js"} {
		n := assets.Packed(name)
		if n == 0 {
			t.Errorf("there is no %s", name)
		}
		sum += n
	}
	if sum > 60<<10 {
		t.Errorf("the editor's page loads %d bytes of script", sum)
	}
}
