package templates

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"postrider/internal/errs"
	"postrider/recaps"
)

// BlockKind says what a block is.
type BlockKind string

// The kinds of blocks. BlockRecaps is the place of the edition's own recaps;
// where no block says it, they come last.
const (
	BlockGreeting BlockKind = "greeting" // a line to the reader; in mails only
	BlockText     BlockKind = "text"     // Markdown
	BlockDates    BlockKind = "dates"
	BlockButton   BlockKind = "button"
	BlockImage    BlockKind = "image"
	BlockDivider  BlockKind = "divider"
	BlockRecap    BlockKind = "recap"
	BlockRecaps   BlockKind = "recaps"
)

// BlockKinds are all kinds in the order in which they are offered.
func BlockKinds() []BlockKind {
	return []BlockKind{BlockGreeting, BlockText, BlockDates, BlockButton, BlockImage, BlockRecap, BlockDivider, BlockRecaps}
}

// Block is a piece of an edition beside its recaps. Which fields count depends
// on its kind.
type Block struct {
	Kind  BlockKind   `json:"kind"`
	Text  string      `json:"text,omitempty"`  // greeting, text, button: may hold merge tags; dates: the heading; image: what is to be seen
	URL   string      `json:"url,omitempty"`   // button, image: where it leads
	Image string      `json:"image,omitempty"` // http, https, or a kept picture
	Recap string      `json:"recap,omitempty"` // slug of one of the edition's recaps, which then stands here
	Dates []BlockDate `json:"dates,omitempty"`
}

// BlockDate is a line of dates.
type BlockDate struct {
	At   string `json:"at"` // "2027-05-03" or "2027-05-03 18:00"
	Text string `json:"text"`
	URL  string `json:"url,omitempty"`
}

// Bounds of an edition's blocks.
const (
	maxBlocks     = 30
	maxBlockText  = 16 << 10 // bytes
	maxBlockLine  = 200      // characters of a greeting, a button, a heading, a date
	maxBlockDates = 40
)

// CheckBlocks refuses what cannot be shown: Invalid, with "block 3" as its
// field, counted from 1.
func CheckBlocks(blocks []Block) error {
	if len(blocks) > maxBlocks {
		return &errs.Error{Kind: errs.Invalid, Field: "blocks", Text: fmt.Sprintf("these are %d blocks: use at most %d", len(blocks), maxBlocks)}
	}
	places := map[BlockKind]int{}
	for n, b := range blocks {
		if err := b.check(); err != nil {
			return inBlock(n, err)
		}
		if places[b.Kind]++; b.Kind == BlockRecaps && places[b.Kind] > 1 {
			return inBlock(n, errs.Invalidf("is the second place for the recaps: keep one"))
		}
	}
	return nil
}

func inBlock(n int, err error) error {
	return &errs.Error{Kind: errs.Invalid, Field: fmt.Sprintf("block %d", n+1), Err: err}
}

func (b Block) check() error {
	switch b.Kind {
	case BlockGreeting:
		return checkBlockLine("the greeting", b.Text, true)
	case BlockText:
		return checkBlockText(b.Text)
	case BlockDates:
		return b.checkDates()
	case BlockButton:
		if linkURL(b.URL) == "" {
			return errs.Invalidf("the button leads nowhere: give an https or mailto address, not %q", b.URL)
		}
		return checkBlockLine("the button", b.Text, true)
	case BlockImage:
		if _, _, kept := recaps.KeptPicture(b.Image); !kept && webURL(b.Image) == "" {
			return errs.Invalidf("the picture %q is none: add it with postrider media add, or give an https address", b.Image)
		}
		if b.URL != "" && linkURL(b.URL) == "" {
			return errs.Invalidf("the picture leads to %q: give an https address, or nothing", b.URL)
		}
		return checkBlockLine("the picture's text", b.Text, false)
	case BlockRecap:
		if b.Recap == "" {
			return errs.Invalidf("name the recap to show by its slug")
		}
		return nil
	case BlockDivider, BlockRecaps:
		return nil
	}
	return errs.Invalidf("%q is no kind of block: use one of %s", b.Kind, kindNames())
}

func kindNames() string {
	var out []string
	for _, k := range BlockKinds() {
		out = append(out, string(k))
	}
	return strings.Join(out, ", ")
}

func checkBlockLine(what, text string, needed bool) error {
	switch {
	case needed && oneSpace(text) == "":
		return errs.Invalidf("%s has no words: write some", what)
	case utf8.RuneCountInString(text) > maxBlockLine:
		return errs.Invalidf("%s is too long: keep it below %d characters", what, maxBlockLine)
	case !needed && strings.Contains(text, "{{"):
		return errs.Invalidf("%s holds {{: merge tags work in a greeting, a text and a button", what)
	}
	_, err := ParseSlots(text, EscapeNone)
	return err
}

func checkBlockText(markdown string) error {
	switch {
	case strings.TrimSpace(markdown) == "":
		return errs.Invalidf("the text is empty: write some, or remove the block")
	case len(markdown) > maxBlockText:
		return errs.Invalidf("the text is too long: keep it below %d KB", maxBlockText>>10)
	}
	p, err := readBlockText(markdown, "en")
	if err == nil {
		_, err = p.rich(dress{})
	}
	return err
}

func (b Block) checkDates() error {
	if err := checkBlockLine("the heading", b.Text, false); err != nil {
		return err
	}
	if len(b.Dates) == 0 || len(b.Dates) > maxBlockDates {
		return errs.Invalidf("give 1 to %d dates, one a line, as in: 2027-05-03 18:00 | Opening", maxBlockDates)
	}
	for _, d := range b.Dates {
		if _, _, ok := parseDate(d.At); !ok {
			return errs.Invalidf("%q is no date: write 2027-05-03 or 2027-05-03 18:00", d.At)
		}
		if err := checkBlockLine("the date "+d.At, d.Text, false); err != nil {
			return err
		}
		if d.URL != "" && linkURL(d.URL) == "" {
			return errs.Invalidf("the date %s leads to %q: give an https address, or nothing", d.At, d.URL)
		}
	}
	return nil
}

// headings are shown as strong paragraphs: an author's heading must not compete
// with the mail's own.
var headings = func() *strings.Replacer {
	var pairs []string
	for _, h := range []string{"h1", "h2", "h3", "h4", "h5", "h6"} {
		pairs = append(pairs, "<"+h+">", "<p><strong>", "</"+h+">", "</strong></p>")
	}
	return strings.NewReplacer(pairs...)
}()

// readBlockText makes a passage of Markdown that stands alone.
func readBlockText(markdown, lang string) (passage, error) {
	t, err := recaps.ReadFragment(markdown)
	if err != nil {
		return passage{}, err
	}
	p := passage{lang: lang, html: headings.Replace(t.HTML)}
	for _, s := range paragraphsOf(p.html) {
		pieces, err := ParseSlots(s.text, EscapeNone)
		if err != nil {
			return passage{}, err
		}
		p.plain += plainOf(pieces) + " "
	}
	p.plain, p.links = oneSpace(p.plain), anchorsOf(p.html)
	return p, nil
}

// part is a place in the order of an edition: a block, or one of its recaps.
type part struct {
	block *Block
	story int // of issue.stories, where block is nil
	text  passage
}

// arrange puts blocks and recaps in their order: the recaps that no block
// places stand where BlockRecaps says, else at the end.
func (i *issue) arrange() error {
	if err := CheckBlocks(i.edition.Blocks); err != nil {
		return err
	}
	named := map[int]bool{}
	for n, b := range i.edition.Blocks {
		if b.Kind != BlockRecap {
			continue
		}
		at := i.recapCalled(b.Recap)
		if at < 0 {
			return inBlock(n, errs.Invalidf("there is no recap %q in this edition", b.Recap))
		}
		named[at] = true
	}
	rest := func() {
		for n := range i.edition.Recaps {
			if !named[n] {
				i.parts = append(i.parts, part{story: n})
			}
		}
	}
	placed := false
	shown := map[int]bool{}
	for n := range i.edition.Blocks {
		b := &i.edition.Blocks[n]
		p := part{block: b}
		switch b.Kind {
		case BlockRecaps:
			placed = true
			rest()
			continue
		case BlockRecap:
			at := i.recapCalled(b.Recap)
			if !shown[at] { // once is enough
				i.parts = append(i.parts, part{story: at})
			}
			shown[at] = true
			continue
		case BlockText:
			var err error
			if p.text, err = readBlockText(b.Text, i.lang); err != nil {
				return inBlock(n, err)
			}
			p.text.field = fmt.Sprintf("block %d", n+1)
		}
		i.parts = append(i.parts, p)
	}
	if !placed {
		rest()
	}
	return nil
}

func (i *issue) recapCalled(slug string) int {
	for n, r := range i.edition.Recaps {
		if r.Slug == slug {
			return n
		}
	}
	return -1
}

// picture returns the addresses of a block's image: for a page, and for a mail.
func (i *issue) picture(b *Block) (wide, narrow string) {
	if w, n, kept := recaps.KeptPicture(b.Image); kept {
		if i.base == "" {
			return "", ""
		}
		return i.base + "/" + w, i.base + "/" + n
	}
	u := webURL(b.Image)
	return u, u
}

// slots are the pieces of a block's line for one place; CheckBlocks has read it.
func (i *issue) blockLine(text string, esc Escape) []Piece {
	pieces, err := ParseSlots(oneSpace(text), esc)
	if err != nil {
		return nil
	}
	return settle(inLanguageOf(i.lang, pieces), SlotViewURL, i.viewURL())
}

// when is a date in the reader's language.
func (i *issue) when(d BlockDate, esc Escape) []Piece {
	return []Piece{{Slot: slotLanguage, Date: d.At, Fallback: i.lang, Escape: esc}}
}
