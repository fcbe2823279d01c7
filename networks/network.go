// Package networks knows what each social network allows: its limit and how it
// counts, which parts of a share it honours, how many hashtags suit it, and
// the URL that opens its composer. It is pure: no clock, no socket, no state.
package networks

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
