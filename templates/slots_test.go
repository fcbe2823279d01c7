package templates

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"postrider/internal/errs"
)

func TestParseSlots(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		esc        Escape
		values     map[string]string
		want       string
	}{
		{"no tags", "Hello }} there", EscapeNone, nil, "Hello }} there"},
		{"value", "Dear {{first_name|friend}},", EscapeNone, map[string]string{"first_name": "Ada"}, "Dear Ada,"},
		{"fallback", "Dear {{ first_name | dear friend }},", EscapeNone, nil, "Dear dear friend,"},
		{"neither", "Dear {{first_name}}!", EscapeNone, nil, "Dear !"},
		{"html value", "<b> {{x}}", EscapeHTML, map[string]string{"x": `<i>"`}, "&lt;b&gt; &lt;i&gt;&#34;"},
		{"html fallback", "{{x|a & b}}", EscapeHTML, nil, "a &amp; b"},
		{"url", "https://e.org/?a=1&n={{x}}", EscapeURL, map[string]string{"x": "a b&c"}, "https://e.org/?a=1&amp;n=a%20b%26c"},
		{"line break in a value", "Hi {{x}}", EscapeNone, map[string]string{"x": "a\r\nBcc: b"}, "Hi a  Bcc: b"},
		{"condition met", "{{#if city}}in {{city}}{{else}}near you{{/if}}.", EscapeNone, map[string]string{"city": "Lund"}, "in Lund."},
		{"condition not met", "{{#if city}}in {{city}}{{else}}near you{{/if}}.", EscapeNone, nil, "near you."},
		{"condition without else", "a{{#if x}} {{x}}{{/if}}b", EscapeNone, nil, "ab"},
		{"nested", "{{#if a}}{{#if b}}ab{{else}}a{{/if}}{{else}}none{{/if}}", EscapeNone, map[string]string{"a": "1"}, "a"},
		{"system slot", "{{unsubscribe_url}}", EscapeNone, map[string]string{"unsubscribe_url": "https://e.org/u/x"}, "https://e.org/u/x"},
	} {
		pieces, err := ParseSlots(c.text, c.esc)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := string(Part{pieces}.Fill(nil, c.values)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestParseSlotsRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, says string }{
		{`Hé {{env "X"}}`, "character 4 is not a merge tag"},
		{"{{First}}", "is not a merge tag"},
		{"{{9a}}", "is not a merge tag"},
		{"{{}}", "is not a merge tag"},
		{"{{.Name}}", "is not a merge tag"},
		{"{{a.b}}", "is not a merge tag"},
		{"{{#each x}}", "is not a merge tag"},
		{"{{#if }}x{{/if}}", "is not a merge tag"},
		{"{{{a}}}", "is not a merge tag"},
		{"a {{b", "character 3 is not closed"},
		{"{{a|{{b}}}}", "has braces in its fallback"},
		{"{{a|" + strings.Repeat("x", 201) + "}}", "too long"},
		{"{{" + strings.Repeat("a", 41) + "}}", "is not a merge tag"},
		{"{{/if}}", "has no {{#if name}} before it"},
		{"{{else}}", "has no {{#if name}} before it"},
		{"x{{#if a}}y", "character 2 is not closed"},
		{"{{#if a}}1{{else}}2{{else}}3{{/if}}", "second {{else}}"},
		{strings.Repeat("{{#if a}}", 4) + strings.Repeat("{{/if}}", 4), "use fewer"},
		{"{{unsubscribe_url|x}}", "needs no fallback"},
		{"{{#if unsubscribe_url}}x{{/if}}", "remove the condition"},
		{strings.Repeat("{{a}}", 1001), "one too many"},
		{strings.Repeat("x", maxSlotText+1), "too long"},
	} {
		_, err := ParseSlots(c.text, EscapeHTML)
		if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.40q: error %v, want Invalid saying %q", c.text, err, c.says)
		}
	}
}

// Whatever an author writes, a parsed text shows no braces to anybody.
func TestNoTagSurvivesParsing(t *testing.T) {
	t.Parallel()
	word := rapid.SampledFrom([]string{"{", "{{", "}}", "}", "|", "a", "first_name", " ", "#if ", "/if", "else", "x y", "é", "<b>"})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(word, 0, 20).Draw(t, "words"), "")
		pieces, err := ParseSlots(text, EscapeNone)
		if err != nil {
			if !errs.Is(err, errs.Invalid) {
				t.Fatalf("%q: %v is not Invalid", text, err)
			}
			return
		}
		if out := plainOf(pieces); strings.Contains(out, "{{") {
			t.Fatalf("%q shows %q", text, out)
		}
		b, err := json.Marshal(Part{pieces})
		if err != nil {
			t.Fatal(err)
		}
		var back Part
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		if string(back.Fill(nil, nil)) != plainOf(pieces) {
			t.Fatalf("%q changes in JSON: %s", text, b)
		}
	})
}

func TestRich(t *testing.T) {
	t.Parallel()
	mail := dress{styles: map[string]string{"a": "color:#000", "ul": "margin:0"}, class: map[string]string{"a": "ac"}}
	values := map[string]string{"first_name": `A<b>"`, "unsubscribe_url": "https://e.org/u/1?a=1&b=2"}
	for _, c := range []struct {
		name, html string
		d          dress
		want       string
	}{
		{"plain", "<p>One <strong>two</strong></p>\n", dress{}, "<p>One <strong>two</strong></p>\n"},
		{"script", "<p>a<script>alert(1)</script>b</p>", dress{}, "<p>ab</p>"},
		{"handler", `<p onclick="x()">a</p>`, dress{}, "<p>a</p>"},
		{"javascript", `<a href="javascript:alert(1)">a</a>`, dress{}, "a"},
		{"relative", `<a href="/admin">a</a>`, dress{}, "<a>a</a>"},
		{"no scheme", `<a href="//evil.example/">a</a>`, dress{}, "<a>a</a>"},
		{"link", `<a href="https://e.org/?a=1&amp;b=2" title="t" style="x">a</a>`, dress{}, `<a href="https://e.org/?a=1&amp;b=2" rel="noopener noreferrer">a</a>`},
		{"link in a mail", `<a href="mailto:a@e.org">a</a>`, mail, `<a href="mailto:a@e.org" target="_blank" rel="noopener noreferrer" class="ac" style="color:#000">a</a>`},
		{"slot", "<p>Dear {{first_name|you}}</p>", dress{}, "<p>Dear A&lt;b&gt;&#34;</p>"},
		{"slot in a query", `<a href="https://e.org/?n=%7B%7Bfirst_name%7C%7D%7D">x</a>`, dress{}, `<a href="https://e.org/?n=A%3Cb%3E%22" rel="noopener noreferrer">x</a>`},
		{"slot as host", `<a href="https://%7B%7Bfirst_name%7D%7D.org/">x</a>`, dress{}, "x"},
		{"slot inside a host", `<a href="https://e{{first_name}}.org/">x</a>`, dress{}, "x"},
		{"slot as port", `<a href="https://e.org:{{first_name}}/">x</a>`, dress{}, "x"},
		{"slot after a host", `<a href="https://e.org{{first_name}}">x</a>`, dress{}, "x"},
		{"slot as address", `<a href="{{first_name}}">x</a>`, dress{}, "<a>x</a>"},
		{"way out", `<a href="%7B%7Bunsubscribe_url%7D%7D">x</a>`, dress{}, `<a href="https://e.org/u/1?a=1&amp;b=2" rel="noopener noreferrer">x</a>`},
		{"way out on a page", `<a href="{{unsubscribe_url}}">x</a>`, dress{public: true}, "<a>x</a>"},
		{"condition around an element", "<p>{{#if city}}<em>a</em>{{else}}b{{/if}}</p>", dress{}, "<p>b</p>"},
		{"left open", "<p><em>a", dress{}, "<p><em>a</em></p>"},
		{"crossed", "<strong><em>a</strong></em>", dress{}, "<strong><em>a</em></strong>"},
		{"closes ours", "a</td></table></div>", dress{}, "a"},
		{"comment", "a<!-- [if mso]><b> -->c", dress{}, "ac"},
		{"entities", "<p>&lt;script&gt; &amp;lt;</p>", dress{}, "<p>&lt;script&gt; &amp;lt;</p>"},
		{"style of a list", "<ul><li>a</li></ul>", mail, `<ul style="margin:0"><li>a</li></ul>`},
	} {
		pieces, err := rich(c.html, c.d)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := string(Part{pieces}.Fill(nil, values)); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestRichRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ html, says string }{
		{"<p>{{#if a}}x</p><p>{{/if}}</p>", "another paragraph"},
		{"<em>{{#if a}}</em><em>{{/if}}</em>", "another paragraph"},
		{"<p>{{first_name|<em>x</em>}}</p>", "is not closed"},
		{`<a href="https://e.org/%7B%7Benv%20x%7D%7D">x</a>`, "is not a merge tag"},
		{`<a href="https://e.org/?u=%7B%7Bunsubscribe_url%7D%7D">x</a>`, "use it by itself"},
		{strings.Repeat("<br>", 3000), "split it"},
	} {
		if _, err := rich(c.html, dress{}); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.60s: error %v, want Invalid saying %q", c.html, err, c.says)
		}
	}
}

func TestSettleLeavesItsInput(t *testing.T) {
	t.Parallel()
	in, err := ParseSlots("a {{view_url}} b{{#if x}}{{view_url}}{{/if}}", EscapeNone)
	if err != nil {
		t.Fatal(err)
	}
	before, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	out := settle(in, SlotViewURL, "https://e.org/r/x")
	if after, err := json.Marshal(in); err != nil || !reflect.DeepEqual(before, after) {
		t.Errorf("input changed to %s, %v", after, err)
	}
	if got := string(Part{out}.Fill(nil, map[string]string{"x": "1"})); got != "a https://e.org/r/x bhttps://e.org/r/x" {
		t.Errorf("got %q", got)
	}
}

func FuzzRich(f *testing.F) {
	for _, s := range []string{"<p>a {{b|c}}</p>", `<a href="%7B%7Ba%7D%7D">`, "<ul><li>{{#if a}}x{{/if}}", "&#123;{a}}", "<<p>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		pieces, err := rich(source, dress{public: true})
		if err != nil {
			return
		}
		out := plainOf(pieces)
		if strings.Contains(out, "{{") {
			t.Fatalf("%q shows %q", source, out)
		}
		if err := wellFormed([]byte(out)); err != nil {
			t.Fatalf("%q became %q: %v", source, out, err)
		}
	})
}
