package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"postrider/campaigns"
	"postrider/campaigns/preflight"
	"postrider/delivery"
	"postrider/delivery/mailer"
	"postrider/organisation"
	"postrider/recaps"
	"postrider/templates"
)

type recapCmd struct {
	Check        recapCheckCmd        `cmd:"" help:"Read a recap and say what would be published, or what to mend."`
	Show         recapShowCmd         `cmd:"" help:"Show what was understood of a recap."`
	Import       recapImportCmd       `cmd:"" help:"Keep a recap of any source in the library; a changed one is a new revision."`
	Render       recapRenderCmd       `cmd:"" help:"Write the mail, the page and every snippet to a folder."`
	List         recapListCmd         `cmd:"" help:"List the recaps in the library."`
	New          recapNewCmd          `cmd:"" help:"Write a recap to begin from."`
	History      recapHistoryCmd      `cmd:"" help:"List a recap's revisions."`
	Diff         recapDiffCmd         `cmd:"" help:"Show what changed between two revisions."`
	Restore      recapRestoreCmd      `cmd:"" help:"Make an earlier revision the latest again."`
	Translations recapTranslationsCmd `cmd:"" help:"List a recap in all its languages."`
	Approve      recapApproveCmd      `cmd:"" help:"Approve a recap: campaigns may send it."`
	Archive      recapArchiveCmd      `cmd:"" help:"Archive a recap: campaigns send it no more."`
}

// shown is a recap as recap show prints it: the plain words.
type shown struct {
	Title         string          `json:"title"`
	Slug          string          `json:"slug"`
	URL           string          `json:"url"`
	Lang          string          `json:"lang"`
	TranslationOf string          `json:"translation_of,omitempty"`
	Image         string          `json:"image"`
	Lead          []string        `json:"lead"`
	People        []recaps.Person `json:"people"`
	Links         []recaps.Link   `json:"links"`
	Takeaways     []shownPoint    `json:"takeaways"`
	Hashtags      []string        `json:"hashtags"`
	Event         recaps.Event    `json:"event"`
}

type shownPoint struct {
	N      int    `json:"n"`
	Anchor string `json:"anchor"`
	Weight int    `json:"weight,omitempty"`
	Text   string `json:"text"`
}

func show(r recaps.Recap) shown {
	out := shown{
		Title: r.Title, Slug: r.Slug, URL: r.URL, Lang: r.Lang, TranslationOf: r.TranslationOf, Image: r.Image, Event: r.Event,
		Lead: []string{}, People: append([]recaps.Person{}, r.People...), Links: append([]recaps.Link{}, r.Links...),
		Takeaways: []shownPoint{}, Hashtags: append([]string{}, r.Hashtags...),
	}
	for _, p := range r.Lead {
		out.Lead = append(out.Lead, p.Plain)
	}
	for _, t := range r.Takeaways {
		out.Takeaways = append(out.Takeaways, shownPoint{t.N, t.Anchor, t.Weight, t.Plain})
	}
	return out
}

type recapShowCmd struct {
	File     string `arg:"" help:"Markdown, text, page or feed: a file, an http address, - for stdin, or a recap of the library."`
	Markdown bool   `help:"Write it as Markdown with front matter, to edit and read again."`
}

// Run shows what was understood.
func (c *recapShowCmd) Run(s *session) error {
	r, err := s.readRecap(c.File)
	if err != nil {
		return err
	}
	if c.Markdown {
		return s.print(map[string]string{"markdown": r.MarkdownSource()}, func() { s.printf("%s", r.MarkdownSource()) })
	}
	return s.print(show(r), func() { s.showRecap(r) })
}

func (s *session) showRecap(r recaps.Recap) {
	s.printf("%s\n%s\n\n", r.Title, strings.Repeat("=", len([]rune(r.Title))))
	for _, p := range r.Lead {
		s.printf("%s\n\n", p.Plain)
	}
	for _, t := range r.Takeaways {
		weight := ""
		if t.Weight > 0 {
			weight = fmt.Sprintf(", weight %d", t.Weight)
		}
		s.printf("%2d. %s\n    #%s%s\n", t.N, t.Plain, t.Anchor, weight)
	}
	if len(r.People) > 0 {
		s.printf("\nPeople:\n")
	}
	for _, p := range r.People {
		s.printf("  %s, %s\n", p.Name, p.Role)
	}
	if len(r.Links) > 0 {
		s.printf("\nLinks:\n")
	}
	for _, l := range r.Links {
		if l.URL == "" {
			l.URL = "(address unknown)"
		}
		s.printf("  %s: %s\n", l.Label, l.URL)
	}
	if len(r.Hashtags) > 0 {
		s.printf("\nHashtags: #%s\n", strings.Join(r.Hashtags, " #"))
	}
	s.printf("\nSlug %s, language %s\n", r.Slug, r.Lang)
	if r.URL != "" {
		s.printf("Original %s\n", r.URL)
	}
}

type recapCheckCmd struct {
	File  string `arg:"" help:"Markdown, text, page or feed: a file, an http address, - for stdin, or a recap of the library."`
	Links bool   `help:"Also ask whether links and pictures answer."`
}

// Run reads and renders a recap without keeping anything, and looks it over.
// Without an audience and a mail server nothing blocks.
func (c *recapCheckCmd) Run(s *session) error {
	u, err := s.understand(c.File, 0)
	if err != nil {
		return err
	}
	r := u.Recap
	input := previewInput(s, r, s.knownOrganisation())
	input.BaseURL = s.config.baseURL() // without one, our own links are not judged
	rendered, err := templates.Render(input)
	if err != nil {
		return err
	}
	looked, err := s.look(preflight.Input{Edition: input, Mail: rendered.Mail}, c.Links)
	if err != nil {
		return err
	}
	if u.Source != "" {
		preflight.Place(looked.Findings, c.File, u.Source)
	}
	out := struct {
		OK        bool   `json:"ok"`
		Title     string `json:"title"`
		Takeaways int    `json:"takeaways"`
		People    int    `json:"people"`
		Links     int    `json:"links"`
		lookedOver
	}{true, r.Title, len(r.Takeaways), len(r.People), len(r.Links), looked}
	return s.print(out, func() {
		s.printf("%s: %q, %s, %s, %s. It can be published.\n", c.File, r.Title, plural(len(r.Takeaways), "takeaway"),
			plural(len(r.People), "person", "people"), plural(len(r.Links), "link"))
		s.printFindings(looked.Findings)
	})
}

// savedRecap is a library entry as lists and JSON show it.
type savedRecap struct {
	ID        recaps.ID    `json:"id"`
	Slug      string       `json:"slug"`
	State     recaps.State `json:"state"`
	Revision  int          `json:"revision"`
	Title     string       `json:"title"`
	UpdatedAt time.Time    `json:"updated_at"`
}

func briefly(r recaps.Saved) savedRecap {
	return savedRecap{r.ID, r.Slug, r.State, r.Number, r.Recap.Title, r.UpdatedAt}
}

func (s *session) printSaved(r recaps.Saved) error {
	return s.print(briefly(r), func() {
		s.printf("%s  %s  revision %d, %s\n", r.ID, r.Slug, r.Number, r.State)
	})
}

type recapListCmd struct{}

// Run lists the library.
func (c *recapListCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		all := []savedRecap{}
		for after := recaps.ID(0); ; {
			page, err := h.library.List(s.ctx, after, 500)
			if err != nil {
				return err
			}
			for _, r := range page {
				all = append(all, briefly(r))
				after = r.ID
			}
			if len(page) < 500 {
				break
			}
		}
		return s.print(all, func() {
			if len(all) == 0 {
				s.printf("No recap yet. Keep one with: postrider recap import FILE\n")
			}
			for _, r := range all {
				s.printf("%s  %-9s r%-3d %-30s %s\n", r.ID, r.State, r.Revision, r.Slug, r.Title)
			}
		})
	})
}

type recapApproveCmd struct {
	Recap string `arg:"" help:"Recap's id or slug."`
}

// Run approves.
func (c *recapApproveCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		saved, err := h.library.Get(s.ctx, c.Recap)
		if err == nil {
			saved, err = h.library.Approve(s.ctx, "cli", saved.ID)
		}
		if err != nil {
			return err
		}
		return s.printSaved(saved)
	})
}

type recapArchiveCmd struct {
	Recap string `arg:"" help:"Recap's id or slug."`
}

// Run archives.
func (c *recapArchiveCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		saved, err := h.library.Get(s.ctx, c.Recap)
		if err == nil {
			saved, err = h.library.Archive(s.ctx, "cli", saved.ID)
		}
		if err != nil {
			return err
		}
		return s.printSaved(saved)
	})
}

type recapRenderCmd struct {
	File  string `arg:"" help:"Markdown, text, page or feed: a file, an http address, - for stdin, or a recap of the library."`
	Out   string `short:"o" required:"" help:"Folder to write to; it is made where it is missing." placeholder:"FOLDER"`
	Theme string `help:"Look of the mail: letter, cards, or nothing for the default." placeholder:"NAME"`
	From  string `help:"Sender of email.eml." default:"Postrider <news@example.org>" placeholder:"\"NAME <ADDRESS>\""`
}

// Run writes email.html, email.txt, email.eml, page.html and snippets.json, as
// a reader without a name would get them.
func (c *recapRenderCmd) Run(s *session) error {
	r, err := s.readRecap(c.File)
	if err != nil {
		return err
	}
	org := s.knownOrganisation()
	input := previewInput(s, r, org)
	input.Theme = c.Theme
	rendered, err := templates.Render(input)
	if err != nil {
		return err
	}
	eml, values, err := previewMail(rendered.Mail, c.From, input.BaseURL)
	if err != nil {
		return err
	}
	snippets, err := json.MarshalIndent(rendered.Snippets, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return fmt.Errorf("making the folder: %w", err)
	}
	files := map[string][]byte{
		"email.html": rendered.Mail.HTML.Fill(nil, values), "email.txt": rendered.Mail.Text.Fill(nil, values), "email.eml": eml,
		"page.html": rendered.Page, "snippets.json": append(snippets, '\n'),
	}
	names := []string{"email.html", "email.txt", "email.eml", "page.html", "snippets.json"}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(c.Out, name), files[name], 0o644); err != nil {
			return fmt.Errorf("writing what was rendered: %w", err)
		}
	}
	return s.print(map[string]any{"out": c.Out, "files": names}, func() {
		s.printf("%s: %s\n", c.Out, strings.Join(names, ", "))
	})
}

// knownOrganisation is the one in the database where there is a database
// already; rendering alone does not make one.
func (s *session) knownOrganisation() organisation.Organisation {
	if !s.hasDatabase() {
		return organisation.Default()
	}
	org := organisation.Default()
	_ = s.with(func(h *house) error { // a preview works without the sender's name
		found, err := h.office.Get(s.ctx)
		if err == nil {
			org = found
		}
		return err
	})
	return org
}

func previewInput(s *session, r recaps.Recap, org organisation.Organisation) templates.Edition {
	base := s.config.baseURL()
	if base == "" {
		base = "https://localhost"
	}
	desk := campaigns.Desk{BaseURL: base}
	return desk.Input(campaigns.Campaign{Canonical: templates.CanonicalOriginal}, org, []recaps.Saved{{Slug: r.Slug, Recap: r}})
}

// previewMail is the mail as a reader without a name would get it.
func previewMail(m templates.Mail, from, base string) ([]byte, map[string]string, error) {
	e := campaigns.Edition{Sender: from, Slug: "preview", ListNames: []string{"preview"}}
	return delivery.Preview(mailer.New(mailer.Options{}), e, delivery.Content{Mail: m, BaseURL: base, Organisation: organisation.Default()}, "reader@example.org", time.Now())
}

func renderBench(s *session, r recaps.Recap) (templates.Mail, error) {
	return templates.RenderMail(previewInput(s, r, organisation.Default()))
}
