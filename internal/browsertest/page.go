package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// View is how somebody looks at a page.
type View struct {
	Width, Height int64
	Dark          bool
	NoScript      bool // JavaScript is switched off
}

// The views that every page must do well in.
var (
	Desk  = View{Width: 1280, Height: 900}
	Phone = View{Width: 360, Height: 800}
)

// In returns the same view in the dark.
func (v View) InDark() View {
	v.Dark = true
	return v
}

// Page is a tab with cookies of its own.
type Page struct {
	t    testing.TB
	ctx  context.Context
	view View

	mu     sync.Mutex
	host   string // of the address that was opened last
	faults []string
	status int64 // of the last document
	allow  []string
}

// Page opens an empty tab with cookies of its own.
func (b *Browser) Page(v View) *Page {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	b.t.Cleanup(cancel)
	p := &Page{t: b.t, ctx: ctx, view: v}
	if err := chromedp.Listen(ctx, p.watch); err != nil {
		b.t.Fatalf("opening a tab: %v", err)
	}
	p.do("watching the tab", call(log.Enable, cdp.Empty{}), call(network.Enable, network.EnableParams{}))
	p.Look(v)
	b.t.Cleanup(p.report)
	return p
}

// call makes a step of one command of the browser's protocol.
func call[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, command, params)
		return err
	})
}

// Look changes how the page is looked at.
func (p *Page) Look(v View) {
	p.t.Helper()
	p.view = v
	scheme := "light"
	if v.Dark {
		scheme = "dark"
	}
	p.do("changing the view",
		call(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: v.Width, Height: v.Height, DeviceScaleFactor: 1, Mobile: v.Width < 600}),
		call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: v.NoScript}),
		call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}}))
}

// Allow keeps a fault from failing the test: those whose words contain text.
func (p *Page) Allow(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.allow = append(p.allow, text)
}

// watch sees what the browser says while a page is used.
func (p *Page) watch(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		// A refused form is an answer of 422: the browser logs it as an error.
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork {
			p.faults = append(p.faults, "the console says: "+e.Entry.Text)
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
			p.faults = append(p.faults, "the console says: "+fmt.Sprint(e.Args[0].Value))
		}
	case *runtime.EventExceptionThrown:
		p.faults = append(p.faults, "a script failed: "+describe(e.ExceptionDetails))
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err == nil && strings.HasPrefix(u.Scheme, "http") && p.host != "" && u.Host != p.host {
			p.faults = append(p.faults, "a request went to another host: "+u.Host)
		}
	case *network.EventResponseReceived:
		if e.Type == network.ResourceTypeDocument {
			p.status = e.Response.Status
		}
	}
}

func describe(e *runtime.ExceptionDetails) string {
	if e.Exception != nil && e.Exception.Description != "" {
		return e.Exception.Description
	}
	return e.Text
}

func (p *Page) report() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.faults {
		if !slices.ContainsFunc(p.allow, func(a string) bool { return strings.Contains(f, a) }) {
			p.t.Errorf("in the browser: %s", f)
		}
	}
	p.faults = nil
}

// do runs browser actions in their order. One that does not end in a minute
// fails the test with what it was for and what the page says.
func (p *Page) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ask(p, what, chromedp.Steps(steps...))
}

// ask runs one browser action and returns what it found.
func ask[T any](p *Page, what string, a chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		p.t.Fatalf("%s: %v\n%s", what, err, p.trouble())
	}
	return v
}

// trouble is what a person would see when a step did not work.
func (p *Page) trouble() string {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	where, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		return ""
	}
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body ? document.body.innerText : ""`))
	if err != nil {
		return "the page is " + where
	}
	if len(text) > 3000 {
		text = text[:3000] + "…"
	}
	return "the page is " + where + "\n" + text
}

// Cookie gives the page a cookie for an address.
func (p *Page) Cookie(address, name, value string) {
	p.t.Helper()
	p.do("setting a cookie", call(network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: address}))
}

// Open goes to an address and waits until its page has loaded.
func (p *Page) Open(address string) {
	p.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	p.host = u.Host
	p.mu.Unlock()
	p.do("opening "+u.Path, chromedp.Navigate(address))
}

// Status is the HTTP status of the last page.
func (p *Page) Status() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int(p.status)
}

// Fill replaces what a field holds, as typing does.
func (p *Page) Fill(selector, text string) {
	p.t.Helper()
	field := chromedp.CSS(selector)
	p.do("filling "+selector, chromedp.WaitVisible(field))
	p.Eval(fmt.Sprintf(`void (document.querySelector(%s).value = "")`, quote(selector)), nil)
	p.do("filling "+selector, chromedp.SendKeys(field, text))
}

// Paste puts a text into a field at once and tells the page, as a clipboard or
// a list to choose from does.
func (p *Page) Paste(selector, text string) {
	p.t.Helper()
	p.do("pasting into "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
	p.Eval(fmt.Sprintf(`(() => { const e = document.querySelector(%s); e.focus(); e.value = %s;
		for (const kind of ["input", "change"]) e.dispatchEvent(new Event(kind, {bubbles: true})) })()`, quote(selector), quote(text)), nil)
}

// Choose picks the option of a select that has this value.
func (p *Page) Choose(selector, value string) {
	p.t.Helper()
	p.Paste(selector, value)
}

// Upload gives a file field its file.
func (p *Page) Upload(selector, file string) {
	p.t.Helper()
	abs, err := filepath.Abs(file)
	if err != nil {
		p.t.Fatal(err)
	}
	p.do("uploading into "+selector, chromedp.SetUploadFiles(chromedp.CSS(selector), []string{abs}))
}

// Click clicks what selector finds first.
func (p *Page) Click(selector string) {
	p.t.Helper()
	p.do("clicking "+selector, click(selector)...)
}

func click(selector string) []chromedp.Action[chromedp.Void] {
	it := chromedp.CSS(selector)
	return []chromedp.Action[chromedp.Void]{chromedp.WaitVisible(it), chromedp.ScrollIntoView(it), chromedp.Click(it)}
}

// Follow clicks what selector finds first and waits for the page behind it.
func (p *Page) Follow(selector string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, click(selector)...); err != nil {
		p.t.Fatalf("following %s: %v\n%s", selector, err, p.trouble())
	}
}

// Press sends keys to whatever has the focus: "\t" and "\r" are keys too.
func (p *Page) Press(keys string) {
	p.t.Helper()
	p.do("pressing keys", chromedp.KeyEvent(keys))
}

// WaitFor waits until selector finds something that can be seen.
func (p *Page) WaitFor(selector string) {
	p.t.Helper()
	p.do("waiting for "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
}

// Text is what people read in the first element that selector finds.
func (p *Page) Text(selector string) string {
	p.t.Helper()
	return ask(p, "reading "+selector, chromedp.Text(chromedp.CSS(selector)))
}

// WantText fails the test where selector's text lacks want.
func (p *Page) WantText(selector, want string) {
	p.t.Helper()
	if got := p.Text(selector); !strings.Contains(got, want) {
		p.t.Errorf("%s at %s reads %q; %q should be in it", selector, p.Address(), got, want)
	}
}

// WaitText waits until selector's text contains want. It outlives pages that
// load themselves anew.
func (p *Page) WaitText(selector, want string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		text, err := chromedp.Run(ctx, chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector(%s)?.innerText ?? ""`, quote(selector))))
		if err == nil && strings.Contains(text, want) {
			return
		}
		select {
		case <-ctx.Done():
			p.t.Fatalf("waited in vain for %q in %s, which reads %q\n%s", want, selector, text, p.trouble())
		case <-tick.C:
		}
	}
}

// Address is where the page is.
func (p *Page) Address() string {
	p.t.Helper()
	return ask(p, "reading the address", chromedp.Location())
}

// Has reports whether the page has what selector looks for, seen or not.
func (p *Page) Has(selector string) bool {
	p.t.Helper()
	return ask(p, "looking for "+selector, chromedp.Evaluate[bool](fmt.Sprintf(`document.querySelector(%s) !== null`, quote(selector))))
}

// Eval runs an expression of JavaScript, waits for it where it is a promise,
// and puts its value into out. A nil out leaves the value alone.
func (p *Page) Eval(expression string, out any) {
	p.t.Helper()
	if out == nil {
		ask(p, "running a script", chromedp.Evaluate[chromedp.Void](expression, chromedp.EvalAwaitPromise))
		return
	}
	text := ask(p, "running a script", chromedp.Evaluate[string](`(async () => JSON.stringify(await (`+expression+`)))()`, chromedp.EvalAwaitPromise))
	if err := json.Unmarshal([]byte(text), out); err != nil {
		p.t.Fatalf("reading what a script found: %v", err)
	}
}

// quote writes a string of JavaScript.
func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""` // no string fails
	}
	return string(b)
}

// Picture writes a PNG of the whole page, for people to look at.
func (p *Page) Picture(file string) {
	p.t.Helper()
	png := ask(p, "taking a picture", chromedp.FullScreenshot(100))
	if err := os.WriteFile(file, png, 0o600); err != nil {
		p.t.Fatal(err)
	}
}
