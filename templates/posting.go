package templates

import (
	"strings"

	"postrider/networks"
)

// Posting is an edition, or one of its takeaways, as it is posted to a network.
type Posting struct {
	Text        string   // the snippet, with the address where the network wants it inside the text
	Address     string   // what is shared, absolute
	Title       string   // of the link's card
	Description string   // of the link's card, at most 200 letters
	Language    string   // BCP 47
	Hashtags    []string // that the network takes, without '#'
	CardAlt     string   // says what the drawn card shows
}

// PostingFor returns what is posted of an edition, or of takeaway n from 1. An
// unknown network or number is NotFound.
func PostingFor(e Edition, n int, id networks.ID) (Posting, error) {
	net, err := networks.Find(string(id))
	if err != nil {
		return Posting{}, err
	}
	i, err := read(e)
	if err != nil {
		return Posting{}, err
	}
	s, err := i.snippet(net, n)
	if err != nil {
		return Posting{}, err
	}
	c := i.card(n)
	p := Posting{
		Text: s.Text, Address: i.shareTarget(), Title: i.stories[0].recap.Title, Description: shorten(i.summary(), maxDescription),
		Language: i.lang, Hashtags: net.Hashtags(i.hashtags()), CardAlt: shorten(strings.Join(nonEmpty(c.Kicker, c.Text), ": "), maxAlt),
	}
	if n > 0 {
		p.Address, p.Description = i.shareTargetTakeaway(n), shorten(i.points[n-1].plain, maxDescription)
	}
	return p, nil
}
