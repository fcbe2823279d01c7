package templates

import (
	"time"

	"postrider/networks"
	"postrider/recaps"
)

// Edition is everything that rendering needs. It is stored beside what was
// rendered from it, so that share links can be computed anew at click time.
type Edition struct {
	ID           string         `json:"id"`        // in /s/{edition}/…; empty in a preview, whose share links then lead to the network directly
	Slug         string         `json:"slug"`      // of the page: {BaseURL}/r/{slug}
	BaseURL      string         `json:"base_url"`  // of this installation, no slash at the end
	Recaps       []recaps.Recap `json:"recaps"`    // at least one; the first gives title, image and language
	Subject      string         `json:"subject"`   // may hold merge tags; empty: the recap's subject, else its title
	Preheader    string         `json:"preheader"` // may hold merge tags; empty: the recap's, else the lead's first sentence
	Organisation Organisation   `json:"organisation"`
	Networks     []networks.ID  `json:"networks"`         // in the order shown; empty: the default ones, and Snippets for all
	Canonical    Canonical      `json:"canonical"`        // where shares and rel=canonical point
	Theme        string         `json:"theme"`            // "" is the default theme
	Blocks       []Block        `json:"blocks,omitempty"` // beside the recaps, in the order shown
	Published    time.Time      `json:"published"`        // shown on the page and in its head; zero: left out
}

// Organisation is the sender as mails and pages show it.
type Organisation struct {
	Name          string `json:"name"`
	PostalAddress string `json:"postal_address"`   // lines separated by \n
	URL           string `json:"url"`              // home page, may be empty
	Accent        string `json:"accent"`           // "#0b5c6b"; corrected to 4.5:1 contrast where it is used
	Logo          string `json:"logo"`             // absolute URL of an image, may be empty
	Font          string `json:"font,omitempty"`   // a family of Fonts; empty, or unknown: the theme's own
	Footer        string `json:"footer,omitempty"` // plain text at the foot, lines separated by \n
	Help          string `json:"help"`             // address or URL shown for questions, may be empty
}

// Canonical says which page is the real one of a recap that has an original elsewhere.
type Canonical string

// The original is the default; a recap without url always points to our page.
const (
	CanonicalOriginal Canonical = "original"
	CanonicalPage     Canonical = "page"
)

// Snippet is the text to share an edition on one network.
type Snippet struct {
	Text    string `json:"text"`
	URL     string `json:"url"` // opens the network's composer with what it honours
	Count   int    `json:"count"`
	Limit   int    `json:"limit"`
	LeftOut []int  `json:"left_out"` // numbers of takeaways that did not fit; never null
}
