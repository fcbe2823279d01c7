package templates

import (
	"strings"
	"testing"

	"postrider/internal/errs"
	"postrider/recaps"
)

func tagged(lead, takeaway string) Edition {
	return Edition{BaseURL: "https://n.example", Slug: "t", Recaps: []recaps.Recap{{
		Title: "T", Slug: "t", Lang: "sv", Lead: []recaps.Text{{Plain: lead, HTML: "<p>" + lead + "</p>"}},
		Takeaways: []recaps.Takeaway{{N: 1, Anchor: "a", Text: recaps.Text{Plain: takeaway, HTML: "<p>" + takeaway + "</p>"}}},
	}}}
}

func TestUnknownTagsNameTheirPlaceAndTheNearestName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lead, takeaway, says string
	}{
		{"Hé {{frist_name}}", "x", "lead paragraph 1: {{frist_name}} at character 4: no reader has a field \"frist_name\": did you mean first_name?"},
		{"x", "In {{#if citty}}a{{/if}}", "takeaway 1: {{#if citty}} at character 4: no reader has a field \"citty\": did you mean city?"},
		{"{{unsubscribe_ur|x}}", "x", "did you mean unsubscribe_url?"},
		{"{{zzzzzzzzzzzz}}", "x", "add the field to a reader first, or use one of [email first_name language name city]"},
		{"{{first_name", "x", "lead paragraph 1: {{first_name at character 1 is not closed"},
	} {
		uses, err := Tags(tagged(c.lead, c.takeaway))
		if err == nil {
			err = CheckTags(uses, []string{"city"})
		}
		if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v, want %q", c.lead+c.takeaway, err, c.says)
		}
	}
	uses, err := Tags(tagged("{{#if city}}in {{city}}{{else}}{{city}}{{/if}} {{name}} {{first_name|you}} {{view_url}} {{date 2027-05-03}}", "x"))
	if err != nil || CheckTags(uses, []string{"city"}) != nil {
		t.Fatalf("good tags: %v, %v", uses, err)
	}
	var empty []string
	for _, u := range uses {
		if u.Empty {
			empty = append(empty, u.Name)
		}
	}
	if strings.Join(empty, " ") != "city name" {
		t.Errorf("empty where the reader has no value: %v, want the city of the else and name", empty)
	}
}

func TestDatesAreWrittenInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	m, err := RenderMail(tagged("Den {{date 2027-05-03}}, dörrar {{date 2027-05-03 18:30}}.", "x"))
	if err != nil {
		t.Fatal(err)
	}
	for lang, want := range map[string]string{
		"": "Den 3 maj 2027, dörrar 3 maj 2027, 18:30.", "de-AT": "Den 3. Mai 2027, dörrar 3. Mai 2027, 18:30.", "en": "Den 3 May 2027,",
		"ko": "Den 2027년 5월 3일,", "ar": "Den 3 مايو 2027", "es": "Den 3 de mayo de 2027", "xx": "Den 3 maj 2027",
	} {
		values := map[string]string{"language": lang}
		text, html := string(m.Text.Fill(nil, values)), string(m.HTML.Fill(nil, values))
		if !strings.Contains(strings.Join(strings.Fields(text), " "), want) || !strings.Contains(html, want) {
			t.Errorf("%q: %q is not in both parts:\n%s", lang, want, text)
		}
	}
	page, err := Render(tagged("Den {{date 2027-05-03}}.", "x"))
	if err != nil || !strings.Contains(string(page.Page), "Den 3 maj 2027.") {
		t.Errorf("the page has not the date in its own language: %v", err)
	}
	for _, wrong := range []string{"{{date tomorrow}}", "{{date 2027-02-30}}", "{{date 2027-05-03 25:00}}", "{{date 3/5/2027}}"} {
		if _, err := ParseSlots(wrong, EscapeNone); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "write {{date 2027-05-03}}") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

func TestMailsThatGrowTooLargeAreRefused(t *testing.T) {
	t.Parallel()
	e := tagged("x", "x")
	for range 6 {
		e.Recaps[0].Lead = append(e.Recaps[0].Lead, tagged(strings.Repeat("word ", 40_000), "x").Recaps[0].Lead...)
	}
	if _, err := RenderMail(e); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "keep it below 1024 KB") {
		t.Errorf("a mail of 1.2 MB: %v", err)
	}
}
