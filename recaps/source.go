package recaps

import (
	"bytes"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

type sourceMatter struct {
	Title         string          `yaml:"title"`
	Slug          string          `yaml:"slug"`
	URL           string          `yaml:"url,omitempty"`
	Lang          string          `yaml:"lang"`
	TranslationOf string          `yaml:"translation_of,omitempty"`
	Organisation  string          `yaml:"organisation,omitempty"`
	Event         sourceEvent     `yaml:"event,omitempty"`
	Image         string          `yaml:"image,omitempty"`
	ImageAlt      string          `yaml:"image_alt,omitempty"`
	Subject       string          `yaml:"subject,omitempty"`
	Preheader     string          `yaml:"preheader,omitempty"`
	Hashtags      []string        `yaml:"hashtags,flow,omitempty"`
	Links         []sourceLink    `yaml:"links,omitempty"`
	People        *[]sourcePerson `yaml:"people,omitempty"` // not nil but empty: nobody, whatever the lead says
}

type sourceEvent struct {
	Name  string `yaml:"name,omitempty"`
	Short string `yaml:"short,omitempty"`
	Place string `yaml:"place,omitempty"`
}

type sourceLink struct {
	Label string `yaml:"label"`
	URL   string `yaml:"url,omitempty"`
}

type sourcePerson struct {
	Name string `yaml:"name"`
	Role string `yaml:"role,omitempty"`
}

// MarkdownSource writes the recap in Postrider's own format: ReadMarkdown of
// it equals r, whatever r was read from. It is what a person gets to edit.
func (r Recap) MarkdownSource() string {
	m := sourceMatter{
		Title: r.Title, Slug: r.Slug, URL: r.URL, Lang: r.Lang, TranslationOf: r.TranslationOf, Organisation: r.Organisation, Event: sourceEvent(r.Event),
		Image: r.Image, ImageAlt: r.ImageAlt, Subject: r.Subject, Preheader: r.Preheader, Hashtags: r.Hashtags,
	}
	for _, l := range r.Links {
		m.Links = append(m.Links, sourceLink(l))
	}
	if people := []sourcePerson{}; len(r.People) > 0 || len(peopleIn(r.Lead)) > 0 {
		for _, p := range r.People {
			people = append(people, sourcePerson(p))
		}
		m.People = &people
	}
	var b bytes.Buffer
	b.WriteString(fence + "\n")
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	_ = e.Encode(m) // strings and lists of them: only the writer can fail
	_ = e.Close()
	b.WriteString(fence + "\n\n")
	last := ""
	for _, t := range r.Lead {
		if isListSource(last) && (isListSource(t.Markdown) || strings.HasPrefix(t.Markdown, " ")) {
			b.WriteString("<!-- -->\n\n") // else it would go on with the list above
		}
		last = t.Markdown
		b.WriteString(t.Markdown + "\n\n")
	}
	b.WriteString("## Key takeaways\n\n")
	for i, t := range r.Takeaways {
		marker := strconv.Itoa(i+1) + ". "
		source := t.Markdown
		if t.Weight > 0 {
			source += " {weight=" + strconv.Itoa(t.Weight) + "}"
		}
		lines := strings.Split(source, "\n")
		for j, l := range lines {
			switch {
			case j == 0:
				b.WriteString(marker)
			case l != "":
				b.WriteString(strings.Repeat(" ", len(marker)))
			}
			b.WriteString(l + "\n")
		}
		if len(lines) > 1 {
			b.WriteByte('\n')
		}
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// isListSource reports whether Markdown begins with a list item.
func isListSource(s string) bool {
	return itemMarker.MatchString(s)
}
