package templates

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"postrider/internal/errs"
	"postrider/networks"
)

// Snippets returns the text to share the edition for each of its networks; for
// an edition that names none, for every network there is. A snippet is the
// title and as many whole takeaways as the network's own count allows, in
// order: one that does not fit is left out and the next is tried. Nothing is
// ever cut. Where no takeaway fits, hashtags give way first; where the title
// does not fit, the event's name or the address alone remains. Networks whose
// text is a title get the title.
//
// Snippet.URL opens the network's composer with the ShareTarget. It is "" where
// the network cannot be reached by a link: there is nothing to share yet, or it
// wants an image and the recap has none.
func Snippets(e Edition) (map[networks.ID]Snippet, error) {
	i, err := read(e)
	if err != nil {
		return nil, err
	}
	return i.snippets()
}

func (i *issue) snippets() (map[networks.ID]Snippet, error) {
	nets := i.nets
	if len(i.edition.Networks) == 0 {
		nets = networks.All()
	}
	out := make(map[networks.ID]Snippet, len(nets))
	for _, net := range nets {
		s, err := i.snippet(net, 0)
		if err != nil {
			return nil, err
		}
		out[net.ID] = s
	}
	return out, nil
}

// SnippetFor is Snippets for one network, also one that the edition does not
// show. An unknown id is NotFound.
func SnippetFor(e Edition, id networks.ID) (Snippet, error) {
	return snippetOf(e, 0, id)
}

// TakeawaySnippet is the text to share takeaway n (from 1) of an edition on one
// network: the takeaway, or as many of its first sentences as fit, each whole.
// Where not even the first fits, it is the recap's title. LeftOut holds n where
// something of the takeaway is missing. A number or network that does not exist
// is NotFound.
func TakeawaySnippet(e Edition, n int, id networks.ID) (Snippet, error) {
	if n < 1 {
		return Snippet{}, errs.NotFoundf("there is no takeaway %d: they count from 1", n)
	}
	return snippetOf(e, n, id)
}

func snippetOf(e Edition, n int, id networks.ID) (Snippet, error) {
	net, err := networks.Find(string(id))
	if err != nil {
		return Snippet{}, err
	}
	i, err := read(e)
	if err != nil {
		return Snippet{}, err
	}
	return i.snippet(net, n)
}

// snippet packs for one network; n is 0 for the whole edition.
func (i *issue) snippet(net networks.Network, n int) (Snippet, error) {
	if n > len(i.points) {
		return Snippet{}, errs.NotFoundf("there is no takeaway %d: the edition has %d", n, len(i.points))
	}
	p := packer{net: net, tags: net.Hashtags(i.hashtags())}
	title := i.stories[0].recap.Title
	var s Snippet
	if n == 0 {
		p.url = i.shareTarget()
		s = p.edition(title, i.eventName(), i.points)
	} else {
		p.url = i.shareTargetTakeaway(n)
		s = p.takeaway(title, i.points[n-1])
	}
	share := networks.Share{Text: s.Text, Title: title, URL: p.url, Hashtags: p.used, Image: i.stories[0].image}
	if p.url == "" || net.NeedsImage && share.Image == "" {
		return s, nil
	}
	if net.OneLine {
		share.Title = "" // else a title that did not fit would stand in for the text
	}
	link, err := net.ShareURL(share)
	if err != nil {
		return Snippet{}, fmt.Errorf("sharing on %s: %w", net.ID, err)
	}
	s.URL = link
	return s, nil
}

func (i *issue) hashtags() []string {
	var all []string
	for _, s := range i.stories {
		all = append(all, s.recap.Hashtags...)
	}
	return all
}

func (i *issue) eventName() string {
	e := i.stories[0].recap.Event
	if e.Name != "" {
		return e.Name
	}
	return e.Short
}

// packer fits whole texts into one network's limit.
type packer struct {
	net  networks.Network
	url  string
	tags []string // what suits the network
	used []string // what the last text kept
}

// fits composes and measures. On success the text is what will be shared.
func (p *packer) fits(lines []string, tags []string) (string, networks.Count, bool) {
	text := p.net.Compose(lines, p.url, tags)
	c := p.net.Measure(text)
	return text, c, c.Fits
}

func (p *packer) edition(title, event string, points []point) Snippet {
	s := Snippet{Limit: p.net.Limit, LeftOut: []int{}}
	chosen := []int{}
	if !p.net.OneLine {
		chosen, p.used = p.pack(title, points)
	}
	for n := range points {
		if !slices.Contains(chosen, n) {
			s.LeftOut = append(s.LeftOut, points[n].N)
		}
	}
	if len(chosen) > 0 {
		text, c, _ := p.fits(layOut(title, points, chosen), p.used)
		s.Text, s.Count = text, c.Count
		return s
	}
	p.fallBack(&s, title, event)
	return s
}

// pack returns the indexes of the takeaways that fit together, with the most
// hashtags that leave room for one at all.
func (p *packer) pack(title string, points []point) (chosen []int, used []string) {
	all := make([]int, len(points))
	for n := range points {
		all[n] = n
	}
	// Most networks take everything: one count instead of one for each.
	if _, _, ok := p.fits(layOut(title, points, all), p.tags); ok {
		return all, p.tags
	}
	order := byWeight(points)
	for _, tags := range p.tagChoices() {
		for _, n := range order {
			try := append(slices.Clone(chosen), n)
			slices.Sort(try) // shown in the recap's order, whatever their weight
			if _, _, ok := p.fits(layOut(title, points, try), tags); ok {
				chosen = try
			}
		}
		if len(chosen) > 0 {
			return chosen, tags
		}
	}
	return nil, nil
}

// byWeight returns the indexes of points, those with the greatest weight first,
// equal ones in their order.
func byWeight(points []point) []int {
	order := make([]int, len(points))
	for n := range points {
		order[n] = n
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(points[b].weight, points[a].weight) })
	return order
}

// layOut writes the title and takeaways as paragraphs; several are numbered as
// in the recap, so that a gap shows.
func layOut(title string, points []point, chosen []int) []string {
	lines := []string{title}
	for _, n := range chosen {
		text := points[n].plain
		if len(chosen) > 1 {
			text = fmt.Sprintf("%d. %s", points[n].N, text)
		}
		lines = append(lines, "", text)
	}
	return lines
}

// tagChoices is all hashtags, then fewer and fewer. Those that stand outside the
// text never have to give way.
func (p *packer) tagChoices() [][]string {
	if p.net.TagStyle != networks.TagsInText && p.net.TagStyle != networks.TagsOwnLine {
		return [][]string{p.tags}
	}
	choices := make([][]string, 0, len(p.tags)+1)
	for n := len(p.tags); n >= 0; n-- {
		choices = append(choices, p.tags[:n])
	}
	return choices
}

// fallBack fills s with the first of the lines that fits, else the address.
func (p *packer) fallBack(s *Snippet, lines ...string) {
	for _, line := range lines {
		if line == "" {
			continue
		}
		for _, tags := range p.tagChoices() {
			if text, c, ok := p.fits([]string{line}, tags); ok {
				p.used, s.Text, s.Count = tags, text, c.Count
				return
			}
		}
	}
	p.used = nil
	// Not Compose: on a network whose text is a title there is then no text.
	if p.net.URLInText {
		s.Text = p.url
	}
	s.Count = p.net.Measure(s.Text).Count
}

func (p *packer) takeaway(title string, pt point) Snippet {
	s := Snippet{Limit: p.net.Limit, LeftOut: []int{}}
	whole := sentences(pt.plain)
	for n := len(whole); n > 0; n-- {
		line := strings.Join(whole[:n], " ")
		for _, tags := range p.tagChoices() {
			text, c, ok := p.fits([]string{line}, tags)
			if !ok {
				continue
			}
			p.used, s.Text, s.Count = tags, text, c.Count
			if n < len(whole) {
				s.LeftOut = append(s.LeftOut, pt.N)
			}
			return s
		}
	}
	s.LeftOut = append(s.LeftOut, pt.N)
	p.fallBack(&s, title)
	return s
}
