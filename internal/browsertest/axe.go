package browsertest

import (
	_ "embed" // for axe.min.js
	"fmt"
	"strings"
)

// axeSource is axe-core, which knows the rules of WCAG. docs/dependencies.md
// says where it comes from.
//
//go:embed axe.min.js
var axeSource string

type violation struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML   string   `json:"html"`
		Target []string `json:"target"`
		Why    string   `json:"failureSummary"`
	} `json:"nodes"`
}

// Accessible fails the test for each rule of accessibility that the page
// breaks in its view, WCAG 2.2 AA and axe's best practices, and for a page that
// scrolls sideways.
func (p *Page) Accessible() {
	p.t.Helper()
	p.holdAgainst(`{resultTypes: ["violations"], iframes: false}`)
	p.Fits()
}

// Everywhere holds the page that is open against all rules at a desk and on a
// telephone, and its colours in the dark as well: darkness changes nothing but
// colours, and the other rules take the most time. seen, where it is not nil,
// is called in each view.
func (p *Page) Everywhere(seen func(View)) {
	p.t.Helper()
	for _, v := range []View{Desk, Phone} {
		p.Look(v)
		p.Accessible()
		if seen != nil {
			seen(v)
		}
		p.Look(v.InDark())
		p.Colours()
		if seen != nil {
			seen(v.InDark())
		}
	}
}

// Colours is Accessible for the rules about colours alone.
func (p *Page) Colours() {
	p.t.Helper()
	p.holdAgainst(`{resultTypes: ["violations"], iframes: false, runOnly: {type: "rule", values: ["color-contrast", "link-in-text-block"]}}`)
}

func (p *Page) holdAgainst(options string) {
	p.t.Helper()
	if p.view.NoScript {
		p.t.Fatal("browsertest: rules are checked by a script, which this view forbids")
	}
	var present bool
	p.Eval(`typeof axe === "object"`, &present)
	if !present {
		p.Eval(axeSource+";0", nil)
	}
	var found []violation
	p.Eval(`axe.run(document, `+options+`).then(r => r.violations.map(v => ({id: v.id, help: v.help,
		nodes: v.nodes.map(n => ({html: n.html, target: n.target.map(String), failureSummary: n.failureSummary}))})))`, &found)
	for _, v := range found {
		var b strings.Builder
		for _, n := range v.Nodes {
			fmt.Fprintf(&b, "\n  %s\n    %s\n    %s", strings.Join(n.Target, " "), n.HTML, strings.ReplaceAll(n.Why, "\n", " "))
		}
		p.t.Errorf("%s (%d px, dark %t) breaks the rule %s: %s%s", p.Address(), p.view.Width, p.view.Dark, v.ID, v.Help, b.String())
	}
}

// Fits fails the test for a page that is wider than its window.
func (p *Page) Fits() {
	p.t.Helper()
	var wide struct {
		Width, Window int
		Who           string
	}
	p.Eval(`(() => { const w = document.documentElement.clientWidth;
		const who = [...document.querySelectorAll("body *")].find(e => e.getBoundingClientRect().right > w + 1 && !e.closest("[data-scrolls]"));
		return {Width: document.documentElement.scrollWidth, Window: w, Who: who ? who.outerHTML.slice(0, 200) : ""} })()`, &wide)
	if wide.Width > wide.Window {
		p.t.Errorf("%s is %d px wide in a window of %d px; perhaps because of %s", p.Address(), wide.Width, wide.Window, wide.Who)
	}
}
