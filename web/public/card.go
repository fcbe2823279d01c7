package public

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/templates"
	"postrider/templates/cards"
)

type cardKey struct {
	edition campaigns.EditionID
	n       int
}

var errNoCard = errs.NotFoundf("there is no such picture here: see the page that it belongs to")

// card answers with the picture of a public edition or of one of its takeaways.
// An edition never changes, so neither does its picture: everybody on the way
// may keep it.
func (h *house) card(w http.ResponseWriter, r *http.Request) error {
	k, err := readCardKey(r.PathValue("edition"), r.PathValue("n"))
	if err != nil {
		return err
	}
	picture, err := h.drawn(r.Context(), k)
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "image/jpeg")
	header.Set("Content-Length", strconv.Itoa(len(picture)))
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(picture) // the reader has gone: nobody is left to be told
	return nil
}

// readCardKey reads "3Yk….jpg", or "3Yk…" and "4.jpg".
func readCardKey(edition, n string) (cardKey, error) {
	last := &edition
	if n != "" {
		last = &n
	}
	name, isPicture := strings.CutSuffix(*last, ".jpg")
	*last = name
	if !isPicture {
		return cardKey{}, errNoCard
	}
	id, err := ids.Parse[campaigns.Edition](edition)
	if err != nil {
		return cardKey{}, errNoCard
	}
	number, err := takeaway(n)
	if err != nil {
		return cardKey{}, errNoCard
	}
	return cardKey{campaigns.EditionID(id), number}, nil
}

// drawn returns a card, from memory where it can. One is drawn at a time: a
// thousand servers that ask at once for a new link cost one drawing.
func (h *house) drawn(ctx context.Context, k cardKey) ([]byte, error) {
	if b, ok := h.cards.Get(k); ok {
		return b, nil
	}
	select {
	case h.drawing <- struct{}{}:
		defer func() { <-h.drawing }()
	case <-ctx.Done():
		return nil, errs.Unavailablef("the picture is not drawn yet: ask again in a moment")
	}
	if b, ok := h.cards.Get(k); ok {
		return b, nil
	}
	input, err := h.input(ctx, k.edition)
	if errs.Is(err, errs.NotFound) {
		return nil, errNoCard
	}
	if err != nil {
		return nil, err
	}
	text, err := templates.Card(input, k.n)
	if errs.Is(err, errs.NotFound) {
		return nil, errNoCard
	}
	if err != nil {
		return nil, err
	}
	b, err := cards.Draw(cards.Card{
		Organisation: text.Organisation, Kicker: text.Kicker, Text: text.Text, Number: text.Number, Lang: text.Lang, RTL: text.RTL, Accent: text.Accent,
	})
	if err != nil {
		return nil, err
	}
	h.cards.Put(k, b)
	return b, nil
}
