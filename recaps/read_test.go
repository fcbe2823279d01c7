package recaps

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"postrider/internal/errs"
)

// article is the real input that Postrider was asked for; it is not part of
// the project.
func articleFile(t *testing.T, name string) Recap {
	t.Helper()
	path := filepath.Join("..", "..", "shared", "recaps", name)
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("%s is not here: the real article was not read", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	r, err := Read(path, b)
	if err != nil {
		t.Fatalf("reading %s: %v", path, err)
	}
	return r
}

func TestEveryFormOfTheArticleTellsTheSame(t *testing.T) {
	t.Parallel()
	md, txt, page := articleFile(t, "whrcf.md"), articleFile(t, "whrcf.txt"), articleFile(t, "whrcf.html")
	for name, r := range map[string]Recap{"md": md, "txt": txt, "html": page} {
		if r.Title != "WHRCF Key Takeaways" || r.Slug != "whrcf-key-takeaways" || r.Lang[:2] != "en" {
			t.Errorf("%s: title %q, slug %q, lang %q", name, r.Title, r.Slug, r.Lang)
		}
		if len(r.Lead) != 2 || len(r.People) != 5 || len(r.Takeaways) != 8 || len(r.Links) != 1 {
			t.Fatalf("%s: %d lead, %d people, %d takeaways, %d links; want 2, 5, 8, 1: %+v",
				name, len(r.Lead), len(r.People), len(r.Takeaways), len(r.Links), r)
		}
		if r.ImageAlt != "WHRCF participants" {
			t.Errorf("%s: image alt %q", name, r.ImageAlt)
		}
		if !strings.Contains(strings.ToLower(r.Links[0].Label), "morten kjaerum") || strings.Contains(r.Links[0].Label, "Click") {
			t.Errorf("%s: link label %q", name, r.Links[0].Label)
		}
		for i, p := range r.People {
			want := []string{"Morten Kjaerum", "Sabastian Saragih", "Sofie Viborg", "Bahar Özden Çoşgun", "Zuzana Zalanova"}[i]
			if p.Name != want || p.Role == "" {
				t.Errorf("%s: person %d is %+v, want %s with a role", name, i, p, want)
			}
		}
	}
	for i := range md.Lead { // one form has no-break spaces in its source
		if md.Lead[i].Plain != txt.Lead[i].Plain || page.Lead[i].Plain != txt.Lead[i].Plain {
			t.Errorf("paragraph %d differs:\n%q\n%q\n%q", i+1, md.Lead[i].Plain, txt.Lead[i].Plain, page.Lead[i].Plain)
		}
	}
	for i := range md.Takeaways {
		if a, b := md.Takeaways[i], txt.Takeaways[i]; a.Plain != b.Plain || a.Anchor != b.Anchor || a.N != b.N || a.N != i+1 {
			t.Errorf("takeaway %d differs:\n%+v\n%+v", i+1, a, b)
		}
		if a, b := md.Takeaways[i], page.Takeaways[i]; a.Plain != b.Plain || a.Anchor != b.Anchor || b.N != i+1 {
			t.Errorf("takeaway %d of the page differs:\n%+v\n%+v", i+1, a, b)
		}
	}
	if md.Links[0].URL != "https://rwi.example/opening-speech-whrcf/" || page.Links[0].URL != md.Links[0].URL || txt.Links[0].URL != "" {
		t.Errorf("links %+v and %+v", md.Links, txt.Links)
	}
	for i, want := range []string{"RWI’s Director", "Programme Officer for RWI’s Regional Asia Programme", "RWI’s Academic Assistant",
		"Programme Officer for RWI’s Turkey Programme", "Programme Officer for RWI’s Europe Office"} {
		if txt.People[i].Role != want {
			t.Errorf("role of %s is %q, want %q", txt.People[i].Name, txt.People[i].Role, want)
		}
	}
}

func TestReadChoosesTheReader(t *testing.T) {
	t.Parallel()
	const body = "A day\n\nIt was a fine day for all of us.\n\n1. *Sun* helps.\n2. Shade too.\n"
	for _, c := range []struct{ name, file, src, plain string }{
		{"plain text keeps stars", "a.txt", body, "*Sun* helps."},
		{"front matter is Markdown", "a.txt", "---\ntitle: A day\n---\n" + body, "Sun helps."},
		{"headings are Markdown", "a.txt", "# " + body, "Sun helps."},
		{"links are Markdown", "", "title\n\n# A day\n\n[x](https://x.example)\n\n1. *Sun* helps.", "Sun helps."},
		{"extension .md", "a.MD", "# " + body, "Sun helps."},
		{"extension .markdown", "a.markdown", "# " + body, "Sun helps."},
	} {
		r, err := Read(c.file, []byte(c.src))
		if err != nil || r.Title != "A day" || r.Takeaways[0].Plain != c.plain {
			t.Errorf("%s: %v, %+v", c.name, err, r)
		}
	}
}

func TestReadAcceptsEveryEncodingOfText(t *testing.T) {
	t.Parallel()
	const src = "# Tag für Tag 🌞\n\n1. Größe zählt nicht.\n2. Übung schon.\n"
	want, err := ReadMarkdown("x.md", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	units := utf16.Encode([]rune(src))
	little, big := []byte{0xFF, 0xFE}, []byte{0xFE, 0xFF}
	for _, u := range units {
		little = append(little, byte(u), byte(u>>8))
		big = append(big, byte(u>>8), byte(u))
	}
	for name, b := range map[string][]byte{
		"byte order mark":      []byte("\uFEFF" + src),
		"Windows line ends":    []byte(strings.ReplaceAll(src, "\n", "\r\n")),
		"old Mac line ends":    []byte(strings.ReplaceAll(src, "\n", "\r")),
		"UTF-16 little-endian": little,
		"UTF-16 big-endian":    big,
	} {
		if got, err := Read("x.md", b); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %+v", name, err, got)
		}
	}
}

func TestRefusalsNamePlaceAndRemedy(t *testing.T) {
	t.Parallel()
	const list = "1. one\n2. two\n"
	matter := func(line string) string { return "---\ntitle: T\n" + line + "\n---\n\n" + list }
	for _, c := range []struct {
		name, src string
		line      int
		field     string
		text      string // a part that names the remedy
	}{
		{"empty", "", 1, "", "write a title"},
		{"blank", " \n\t\n", 1, "", "write a title"},
		{"binary", "# T\n\x00\x01", 2, "", ".md or .txt"},
		{"Latin-1", "# T\n\n1. Gr\xf6\xdfe\n", 3, "", "encoding UTF-8"},
		{"web page", "<!DOCTYPE html><html><body>x</body></html>", 1, "", "copy the article's text"},
		{"too large", strings.Repeat("x", MaxBytes+1), 1, "", "2 MiB"},
		{"no title", list, 1, "title", "title: in the front matter"},
		{"title too long", "\n# " + strings.Repeat("t", 301) + "\n\n" + list, 2, "title", "shorten it to 300"},
		{"no takeaways", "# T\n\nJust words.\n", 1, "takeaways", "number them 1. 2. 3."},
		{"unclosed front matter", "---\ntitle: T\n\n" + list, 1, "", "three hyphens"},
		{"not YAML", "---\ntitle: T\nurl: a: b\n---\n" + list, 3, "", "put quotes"},
		{"unknown key", matter("hashtag: [A]"), 3, "hashtag", "write hashtags"},
		{"unknown key far away", matter("qqqqqqqq: 1"), 3, "qqqqqqqq", "use one of title, slug"},
		{"unknown key below", matter("event:\n  nam: X"), 4, "event.nam", "write name"},
		{"key twice", matter("title: U"), 3, "title", "keep one"},
		{"title is a list", "---\ntitle: [a, b]\n---\n" + list, 2, "title", "title: words"},
		{"hashtags is text", matter("hashtags: A"), 3, "hashtags", "write [HumanRights"},
		{"links hold text", matter("links: [x]"), 3, "links[1]", "key: value"},
		{"people is a mapping", matter("people: {name: X}"), 3, "people", "must be a list"},
		{"person without name", matter("people:\n  - role: R"), 4, "people[1]", "write name:"},
		{"event is text", matter("event: Forum"), 3, "event", "key: value"},
		{"alias", matter("slug: &a x\nlang: *a"), 4, "lang", "must be text"},
		{"front matter is a list", "---\n- a\n---\n" + list, 2, "", "key: value"},
		{"bad hashtag", matter("hashtags: [two words]"), 3, "hashtags[1]", "without # and spaces"},
		{"bad slug", matter("slug: Not a slug"), 3, "slug", "a-z, 0-9"},
		{"bad language", matter("lang: klingonisch"), 3, "lang", "en, sv or pt-BR"},
		{"url without scheme", matter("url: rwi.example/x"), 3, "url", "https://"},
		{"url of a file", matter("url: file:///etc/passwd"), 3, "url", "http, https"},
		{"url without host", matter("url: https:///x"), 3, "url", "whole address"},
		{"url with password", matter("url: https://a:b@x.example/"), 3, "url", "before @"},
		{"script in a link", matter("links:\n  - label: x\n    url: javascript:alert(1)"), 5, "links[1].url", "http, https, mailto"},
		{"image outside", matter("image: ../../etc/passwd"), 3, "image", "photo.jpg"},
		{"image as data", matter("image: 'data:image/png;base64,AA'"), 3, "image", "http, https"},
		{"script in the text", "# T\n\nSee [x](javascript:alert(1)).\n\n" + list, 3, "link", "http, https, mailto"},
		{"script by entity", "# T\n\n1. [x](java&#115;cript:alert(1))\n", 3, "link", "http, https, mailto"},
		{"script in an autolink", "# T\n\n1. one\n2. <javascript:alert(1)>\n", 4, "link", "http, https, mailto"},
		{"script by reference", "# T\n\n1. [x][y]\n\n[y]: vbscript:x\n", 3, "link", "http, https, mailto"},
		{"checkbox that is a link", "# T\n\n1. [x](javascript:alert(1))\n", 3, "link", "http, https, mailto"},
		{"password in text", "# T\n\n1. at https://a:b@x.example/ now\n", 3, "link", "before @"},
		{"second image as a file", "# T\n\n![a](a.png)\n\n![b](b.png)\n\n" + list, 5, "image", "https://"},
		{"relative link", "# T\n\n1. [x](/page)\n", 3, "link", "https://"},
		{"file within text", "# T\n\n1. ![x](x.png)\n", 3, "image", "https://"},
		{"empty takeaway", "# T\n\n1. one\n2.\n3. three\n", 4, "takeaways[2]", "remove its number"},
		{"too many takeaways", "# T\n\n" + strings.Repeat("1. x\n", 201), 3, "takeaways", "at most 200"},
		{"prose below", "# T\n\n" + list + "\nAnd that was it.\n", 6, "", "move it above"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, err := Read("in.md", []byte(c.src))
			var e *errs.Error
			if !errors.As(err, &e) {
				t.Fatalf("read %+v, %v; want a refusal", r, err)
			}
			if e.Kind != errs.Invalid || e.File != "in.md" || e.Line != c.line || e.Field != c.field || !strings.Contains(e.Text, c.text) {
				t.Errorf("%v (line %d, field %q); want line %d, field %q, text %q", e, e.Line, e.Field, c.line, c.field, c.text)
			}
		})
	}
}

func TestReadFromIsBounded(t *testing.T) {
	t.Parallel()
	endless := io.MultiReader(strings.NewReader("# T\n\n1. one\n"), neverEnding('x'))
	if _, err := ReadFrom("big.md", endless); !errs.Is(err, errs.Invalid) {
		t.Errorf("endless input: %v, want Invalid", err)
	}
	broken := errors.New("cable cut")
	if _, err := ReadFrom("x.md", iotest.ErrReader(broken)); !errors.Is(err, broken) || errs.Is(err, errs.Invalid) {
		t.Errorf("failing reader: %v, want its own error", err)
	}
	if r, err := ReadFrom("x.md", bytes.NewReader([]byte("# T\n\n1. one\n"))); err != nil || r.Title != "T" {
		t.Errorf("read %+v, %v", r, err)
	}
}

type neverEnding byte

func (n neverEnding) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(n)
	}
	return len(p), nil
}

func BenchmarkRead(b *testing.B) {
	for _, name := range []string{"harbour.md", "orchard.txt"} {
		src, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Read(name, src); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
