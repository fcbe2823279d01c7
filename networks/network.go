// Package networks knows what each social network allows: its limit and how it
// counts, which parts of a share it honours, how many hashtags suit it, and
// the URL that opens its composer. It is pure: no clock, no socket, no state.
//
// It does not publish and does not choose what to say: templates packs whole
// takeaways with Compose and Measure, delivery/poster posts.
package networks

import (
	"slices"

	"postrider/internal/errs"
)

// ID is the network's name in URLs, JSON and on the command line.
type ID string

// Share is what a reader passes on.
type Share struct {
	Text     string   // the finished snippet, holds URL where the network wants it inside the text
	Title    string   // one line
	URL      string   // absolute
	Hashtags []string // without '#', already cut to the network's number
	Image    string   // absolute URL, may be empty
}

// Count is a text measured by a network's own rule.
type Count struct {
	Count int  `json:"count"`
	Limit int  `json:"limit"`
	Fits  bool `json:"fits"`
}

// TagStyle is where a network wants its hashtags.
type TagStyle string

const (
	// TagsNone: hashtags mean nothing there.
	TagsNone TagStyle = "none"
	// TagsInText: behind the last words, on the same line.
	TagsInText TagStyle = "text"
	// TagsOwnLine: on a last line of their own, CamelCase for screen readers.
	TagsOwnLine TagStyle = "line"
	// TagsField: a separate part of the share link; never in the text.
	TagsField TagStyle = "field"
	// TagsTopic: exactly one topic, a separate part of the share link.
	TagsTopic TagStyle = "topic"
)

// Network is one row of the table: facts, and the two functions that differ
// from network to network. Rows are values; changing a copy changes nothing.
type Network struct {
	ID    ID     `json:"id"`
	Name  string `json:"name"`            // as the network writes itself
	Limit int    `json:"limit"`           // of the composed text, in Unit
	Unit  string `json:"unit"`            // for people: "characters", "graphemes"
	Bytes int    `json:"bytes,omitempty"` // second limit on the same text in UTF-8 bytes, 0 for none

	URLInText  bool     `json:"url_in_text"`  // the composed text holds the address
	TextInLink bool     `json:"text_in_link"` // the share link carries the text; else people copy it
	OneLine    bool     `json:"one_line"`     // the text is a title
	NeedsImage bool     `json:"needs_image"`  // no share link without Share.Image
	MaxTags    int      `json:"max_tags"`
	TagStyle   TagStyle `json:"tag_style"`
	InMail     bool     `json:"in_mail"`             // the link survives in a mail: http, https or mailto
	Default    bool     `json:"default"`             // offered where a campaign names no networks
	Estimated  bool     `json:"estimated,omitempty"` // Limit is our own choice: the network publishes none

	count counter
	link  linker
}

// counter measures a text in the network's unit.
type counter func(text string) int

// linker builds the share link from a Share whose texts are valid UTF-8 with
// "\n" line breaks and whose URL is checked.
type linker func(n Network, s Share) string

// All returns every network, the defaults first. The slice is the caller's.
func All() []Network { return slices.Clone(table) }

// Find returns the network with this id. An unknown id is NotFound; its text
// names the nearest id where one is near.
func Find(id string) (Network, error) {
	known := make([]string, len(table))
	for i, n := range table {
		if string(n.ID) == id {
			return n, nil
		}
		known[i] = string(n.ID)
	}
	if near := errs.Nearest(id, known); near != "" {
		return Network{}, errs.NotFoundf("there is no network %q: did you mean %q?", id, near)
	}
	return Network{}, errs.NotFoundf("there is no network %q: see postrider network list", id)
}

// Measure counts text exactly as the network does. Invalid UTF-8 counts as
// U+FFFD. Where the network has a second limit in bytes, Fits asks for both.
func (n Network) Measure(text string) Count {
	text = valid(text)
	c := Count{Limit: n.Limit}
	if n.count != nil {
		c.Count = n.count(text)
	}
	c.Fits = c.Count <= n.Limit && (n.Bytes == 0 || len(text) <= n.Bytes)
	return c
}
