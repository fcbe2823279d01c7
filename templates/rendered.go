package templates

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"postrider/networks"
)

// Rendered is everything that an edition publishes.
type Rendered struct {
	Mail      Mail                    `json:"mail"`
	Page      []byte                  `json:"page"`
	Takeaways [][]byte                `json:"takeaways"` // page of takeaway n at n-1
	Snippets  map[networks.ID]Snippet `json:"snippets"`
}

// Render makes all of an edition at once. It fails as RenderMail does.
func Render(e Edition) (Rendered, error) {
	i, err := read(e)
	if err != nil {
		return Rendered{}, err
	}
	var r Rendered
	if r.Mail, err = i.mail(); err != nil {
		return Rendered{}, err
	}
	if r.Page, err = i.page(); err != nil {
		return Rendered{}, err
	}
	r.Takeaways = make([][]byte, len(i.points))
	for n := range i.points {
		if r.Takeaways[n], err = i.takeaway(n + 1); err != nil {
			return Rendered{}, err
		}
	}
	if r.Snippets, err = i.snippets(); err != nil {
		return Rendered{}, err
	}
	return r, nil
}

// Hash is 64 lower-case hex digits over all bytes of r: what a reviewer
// approved. The same edition gives the same hash on every machine with the same
// program; a new version of a theme gives another.
func (r Rendered) Hash() string {
	b, err := json.Marshal(r) // maps are written in the order of their keys
	if err != nil {
		panic(err) // strings, numbers and bytes always have JSON
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
