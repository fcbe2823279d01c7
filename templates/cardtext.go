package templates

import (
	"strconv"
	"strings"

	"postrider/internal/errs"
)

// CardText is what the picture beside a shared link says. templates/cards draws
// it.
type CardText struct {
	Organisation string
	Kicker       string
	Text         string // a title, or a whole takeaway
	Number       int    // of the takeaway, 0 for the recap
	Lang         string
	RTL          bool
	Accent       string // "#rrggbb", readable on white
}

// Card returns the words of the picture of takeaway n, of the recap's own for
// 0. A number that does not exist is NotFound.
func Card(e Edition, n int) (CardText, error) {
	i, err := read(e)
	if err != nil {
		return CardText{}, err
	}
	if n < 0 || n > len(i.points) {
		return CardText{}, errs.NotFoundf("there is no takeaway %d: the edition has %d", n, len(i.points))
	}
	return i.card(n), nil
}

func (i *issue) card(n int) CardText {
	s := i.storyOf(n)
	onLight, _ := palettes(i.edition.Organisation.Accent)
	c := CardText{
		Organisation: oneSpace(i.edition.Organisation.Name), Kicker: s.kicker(), Text: s.recap.Title, Number: n,
		Lang: i.lang, RTL: i.dir == "rtl", Accent: onLight.Accent,
	}
	if n > 0 {
		c.Text, c.Kicker = i.points[n-1].plain, s.recap.Title
	}
	return c
}

// preview is the picture that a page's head names.
type preview struct {
	URL           string
	Width, Height int
	Type          string // empty where the picture is not ours, and its size not known
	Alt           string
}

// The form of the pictures that templates/cards draws.
const (
	cardWidth  = 1200
	cardHeight = 630
	cardType   = "image/jpeg"
)

// preview is the card of takeaway n or of the recap. An edition without an id,
// which is only being looked at, has none: its pages name the recap's picture.
func (i *issue) preview(n int) *preview {
	s := &i.stories[0]
	if n > 0 {
		s = i.storyOf(n)
	}
	if i.id == "" || i.base == "" {
		if s.image == "" {
			return nil
		}
		return &preview{URL: s.image, Alt: s.recap.ImageAlt}
	}
	address := i.base + "/og/" + i.id
	if n > 0 {
		address += "/" + strconv.Itoa(n)
	}
	c := i.card(n)
	alt := strings.Join(nonEmpty(c.Kicker, c.Text), ": ")
	return &preview{URL: address + ".jpg", Width: cardWidth, Height: cardHeight, Type: cardType, Alt: shorten(alt, maxAlt)}
}

// maxAlt is how much of a card its alternative text repeats; the rest stands on
// the page.
const maxAlt = 300
