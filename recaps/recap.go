// Package recaps holds the content before any layout: a recap is an article
// whose takeaways are data. It reads recaps from files and keeps them in the
// Library; it decides nothing about how they look or who gets them.
package recaps

import (
	"bytes"
	"encoding/json"
)

// Recap is one article. Its zero value is not a recap: readers return one with
// at least a title and one takeaway, and with slices that are never nil.
type Recap struct {
	Title         string     `json:"title"`
	Slug          string     `json:"slug"`                     // [a-z0-9-], 1–80 letters, unique in an installation
	URL           string     `json:"url"`                      // the original elsewhere, http(s), or empty
	Lang          string     `json:"lang"`                     // BCP 47, "en" when the source does not say
	TranslationOf string     `json:"translation_of,omitempty"` // slug of the recap that says the same in its first language
	Organisation  string     `json:"organisation,omitempty"`   // as the source names it, may be empty
	Event         Event      `json:"event"`
	Image         string     `json:"image"`               // file name or URL as the source gives it, may be empty
	ImageAlt      string     `json:"image_alt,omitempty"` // empty means decorative
	Subject       string     `json:"subject,omitempty"`   // of the mail; the title where empty
	Preheader     string     `json:"preheader,omitempty"` // of the mail; the first sentence of the lead where empty
	Hashtags      []string   `json:"hashtags"`            // without '#', most important first
	Lead          []Text     `json:"lead"`                // opening paragraphs
	People        []Person   `json:"people"`
	Links         []Link     `json:"links"`
	Takeaways     []Takeaway `json:"takeaways"`
}

// Event is what the recap reports from.
type Event struct {
	Name  string `json:"name"`
	Short string `json:"short"`
	Place string `json:"place"`
}

// Person took part. Role is worded as the source words it, without an article
// in front; it may be empty.
type Person struct {
	Name string `json:"name"`
	Role string `json:"role"`
}

// Link is something to follow beside the recap. URL is http, https or mailto;
// it is empty where the source names the thing but not its address (plain
// text). Label is never empty.
type Link struct {
	Label string `json:"label"`
	URL   string `json:"url"`
}

// Text is one paragraph or one takeaway. Plain has no markup and no line
// breaks; Markdown is the source of the same words and means the same alone
// (references are resolved); HTML is what goldmark made of it: block elements,
// so at least one <p>, raw HTML of the author left out, every link and image
// http, https or mailto, but not sanitised for a mail (templates does that).
type Text struct {
	Plain    string `json:"text"`
	Markdown string `json:"markdown"`
	HTML     string `json:"html"`
}

// Takeaway is one numbered point.
type Takeaway struct {
	N      int    `json:"n"`                // from 1, in the source's order
	Anchor string `json:"anchor"`           // [a-z0-9-], unique within the recap, made from the first words
	Weight int    `json:"weight,omitempty"` // 1–999, the higher the sooner in a snippet that cannot hold all; 0: by its number
	Text
}

// Equal reports whether both recaps say the same in every field. A nil slice
// equals an empty one.
func (r Recap) Equal(o Recap) bool {
	a, errA := json.Marshal(r.filled())
	b, errB := json.Marshal(o.filled())
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// filled returns r with empty slices for nil ones, so that JSON never says null.
func (r Recap) filled() Recap {
	if r.Hashtags == nil {
		r.Hashtags = []string{}
	}
	if r.Lead == nil {
		r.Lead = []Text{}
	}
	if r.People == nil {
		r.People = []Person{}
	}
	if r.Links == nil {
		r.Links = []Link{}
	}
	if r.Takeaways == nil {
		r.Takeaways = []Takeaway{}
	}
	return r
}
