package demo

import (
	"bytes"
	"context"
	"image"
	"io"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"regexp"
	"strings"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/internal/inbox"
	"postrider/internal/tokens"
	"postrider/recaps"
	"postrider/store"
	"postrider/store/storetest"
)

type world struct {
	t         *testing.T
	handler   http.Handler
	house     *house
	published []recaps.Recap
	fail      error
}

const evilMail = "From: Ada <ada@example.org>\r\nTo: \"<script>alert(1)</script>\" <b@example.org>\r\nSubject: =?utf-8?q?=3Cimg_src=3Dx_onerror=3Dalert(1)=3E?=\r\n" +
	"MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><head></head><body><script>alert(1)</script><p>Hello</p></body></html>\r\n"

func build(t *testing.T) *world {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	box, err := inbox.Start(context.Background(), inbox.Config{Listener: l})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	if err := smtp.SendMail(box.Addr(), nil, "a@example.org", []string{"b@example.org"}, []byte(evilMail)); err != nil {
		t.Fatal(err)
	}
	keys, err := tokens.New(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t}
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	w.house = open(Deps{
		Store: storetest.Open(t, storetest.SQLite(t), store.Options{}), Inbox: box, Keys: keys,
		Public: "http://127.0.0.1:8080", Admin: "http://127.0.0.1:8081/?token=t",
		Campaign: func(context.Context) (string, time.Time, string, string) {
			return "Weekly", noon.Add(time.Hour), "Europe/Stockholm", "every Monday at 14:00"
		},
		Publish: func(_ context.Context, r recaps.Recap) (campaigns.EditionID, error) {
			w.published = append(w.published, r)
			return 1, w.fail
		},
		Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler),
	})
	w.handler = w.house.door.Handler(w.house.routes())
	return w
}

func (w *world) do(method, path string, body io.Reader, header ...string) *http.Response {
	w.t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:8025"+path, body)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec.Result()
}

// paste sends the box as a browser does.
func (w *world) paste(path, text, file string) *http.Response {
	w.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	_ = m.WriteField("text", strings.ReplaceAll(text, "\n", "\r\n"))
	part, err := m.CreateFormFile("file", "a.md")
	if err != nil {
		w.t.Fatal(err)
	}
	_, _ = io.WriteString(part, file)
	_ = m.Close()
	return w.do("POST", path, &b, "Content-Type", m.FormDataContentType())
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var dangerous = regexp.MustCompile(`(?i)<script>alert|<img src=x|<[a-z][^>]*\s(on[a-z]+|style)\s*=|ZgotmplZ`)

func TestEveryPageShowsMailsSafely(t *testing.T) {
	t.Parallel()
	w := build(t)
	for _, path := range []string{"/", "/inbox", "/inbox?before=2", "/inbox/1", "/inbox/1/text", "/inbox/1/headers", "/inbox/1/source", "/try", "/reader-link"} {
		r := w.do("GET", path, nil)
		page := text(t, r)
		if r.StatusCode != 200 || dangerous.MatchString(page) {
			t.Errorf("GET %s = %d, holds %q", path, r.StatusCode, dangerous.FindString(page))
		}
		if csp := r.Header.Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") || !strings.HasPrefix(csp, "default-src 'none'") {
			t.Errorf("GET %s: policy %q", path, csp)
		}
	}
	r := w.do("GET", "/inbox/1/frame", nil)
	csp := r.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(csp, "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'") || !strings.Contains(csp, "img-src data: 'self';") {
		t.Errorf("a mail is framed with the policy %q", csp)
	}
	for _, path := range []string{"/inbox/2", "/inbox/0", "/inbox/01", "/inbox/x", "/inbox?before=x", "/try/none/mail", "/nothing"} {
		if got := w.do("GET", path, nil).StatusCode; got != 404 {
			t.Errorf("GET %s = %d, want 404", path, got)
		}
	}
}

func TestPasteBoxShowsAllForms(t *testing.T) {
	t.Parallel()
	w := build(t)
	for name, r := range map[string]*http.Response{
		"typed": w.paste("/try", recaps.Sample().MarkdownSource(), ""),
		"file":  w.paste("/try", "", recaps.Sample().MarkdownSource()),
	} {
		page := text(t, r)
		if r.StatusCode != 200 {
			t.Fatalf("%s: %d\n%s", name, r.StatusCode, page)
		}
		for _, want := range []string{"https://x.com/intent/tweet?", "https://www.facebook.com/sharer/", "of 280 weighted characters", "threema://compose?", "Send it to the demo inbox", recaps.Sample().Title} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: the preview lacks %q", name, want)
			}
		}
		for _, frame := range regexp.MustCompile(`/try/[A-Z0-9]+/(mail|page)`).FindAllString(page, -1) {
			doc := w.do("GET", frame, nil)
			if got := text(t, doc); doc.StatusCode != 200 || !strings.Contains(got, `<base target="_blank">`) || strings.Contains(got, "/s/") {
				t.Errorf("%s: %s = %d", name, frame, doc.StatusCode)
			}
		}
	}
	if len(w.published) != 0 {
		t.Error("a preview was published")
	}
}

func TestPasteBoxKeepsWhatWasTypedBesideTheError(t *testing.T) {
	t.Parallel()
	w := build(t)
	for _, path := range []string{"/try", "/send"} {
		typed := "Only a title </textarea><script>alert(1)</script>"
		r := w.paste(path, typed, "")
		page := text(t, r)
		if r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, "This has to be mended first") {
			t.Errorf("%s: %d\n%s", path, r.StatusCode, page)
		}
		if !strings.Contains(page, "Only a title &lt;/textarea&gt;") || dangerous.MatchString(page) {
			t.Errorf("%s: what was typed is lost or runs", path)
		}
	}
	if r := w.paste("/try", "", strings.Repeat("x", 6<<20)); r.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("six megabytes: %d, want 413", r.StatusCode)
	}
}

func TestSendPublishesAndLeadsToTheInbox(t *testing.T) {
	t.Parallel()
	w := build(t)
	r := w.paste("/send", recaps.Sample().MarkdownSource(), "")
	if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/?sent#inbox" || len(w.published) != 1 || w.published[0].Title != recaps.Sample().Title {
		t.Errorf("%d to %q, published %d", r.StatusCode, r.Header.Get("Location"), len(w.published))
	}
	w.fail = errs.Unavailablef("busy")
	if r := w.paste("/send", recaps.Sample().MarkdownSource(), ""); r.StatusCode != 503 || r.Header.Get("Retry-After") == "" {
		t.Errorf("a busy database: %d", r.StatusCode)
	}
	for _, path := range []string{"/send", "/try"} {
		if r := w.do("POST", path, nil, "Sec-Fetch-Site", "cross-site"); r.StatusCode != http.StatusForbidden {
			t.Errorf("cross-site %s = %d, want 403", path, r.StatusCode)
		}
	}
	if len(w.published) != 2 {
		t.Errorf("published %d times, want 2", len(w.published))
	}
}

func TestSamplePictureIsOursAndSmall(t *testing.T) {
	t.Parallel()
	w := build(t)
	r := w.do("GET", PicturePath, nil)
	config, kind, err := image.DecodeConfig(r.Body)
	if err != nil || kind != "png" || config.Width != 1200 || config.Height != 630 {
		t.Errorf("the picture is a %dx%d %s: %v", config.Width, config.Height, kind, err)
	}
	if r.ContentLength > 100<<10 {
		t.Errorf("the picture has %d bytes, want at most 100 KiB", r.ContentLength)
	}
	if page := text(t, w.do("GET", "/try", nil)); !strings.Contains(page, PicturePath) {
		t.Error("the sample does not show it")
	}
}
