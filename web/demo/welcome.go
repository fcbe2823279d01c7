package demo

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"postrider/internal/errs"
	"postrider/internal/words"
	"postrider/web/pages"
	"postrider/web/respond"
)

const (
	inboxShown = 8   // on the first page
	inboxPage  = 100 // on a page of its own
	renewAfter = 2   // seconds
)

// welcomeView is the first page.
type welcomeView struct {
	Mails    []mailRow
	Count    int // mails caught since the start
	Every    int // seconds between looks
	Campaign string
	Next     string
	Until    string
	Explain  string
	Public   string
	Admin    string
	Sent     bool // somebody has just sent their text
	Box      box
}

type mailRow struct {
	ID                     int64
	URL, To, Subject, When string
}

func (h *house) welcome(w http.ResponseWriter, r *http.Request) error {
	return h.showWelcome(w, r, http.StatusOK, box{})
}

func (h *house) showWelcome(w http.ResponseWriter, r *http.Request, status int, b box) error {
	name, next, zone, explain := h.Campaign(r.Context())
	clock := pages.In(words.English(), h.Now(), zone)
	v := welcomeView{
		Count: int(h.Inbox.Accepted()), Every: renewAfter, Campaign: name, Next: clock.When(next), Until: clock.Until(next), Explain: respond.Sentence(explain),
		Public: h.Public, Admin: h.Admin, Sent: r.URL.Query().Has("sent"), Box: b,
	}
	v.Mails = h.latest(0, inboxShown, clock)
	f := h.frame("Welcome")
	f.Reload = 10
	if b.Text != "" || b.Wrong != "" {
		f.Reload = 0 // a reload would take what was typed
	}
	return h.door.Page(w, status, "welcome", f, v)
}

// latest are the newest mails that came before one, the newest first; zero
// means all.
func (h *house) latest(before int64, n int, clock pages.Clock) []mailRow {
	if before == 0 {
		before = h.Inbox.Accepted() + 1
	}
	mails := h.Inbox.List(max(before-int64(n)-1, 0), n)
	slices.Reverse(mails)
	var rows []mailRow
	for _, m := range mails {
		if m.ID < before {
			rows = append(rows, mailRow{ID: m.ID, URL: mailURL(m.ID), To: bare(m.To), Subject: m.Subject, When: m.At.In(clock.Zone).Format("15:04:05") + " " + clock.Place()})
		}
	}
	return rows
}

// inboxView is all mails, a page at a time.
type inboxView struct {
	Mails []mailRow
	Count int
	Every int
	Older string
}

func (h *house) inbox(w http.ResponseWriter, r *http.Request) error {
	var before int64
	if s := r.URL.Query().Get("before"); s != "" {
		var err error
		if before, err = strconv.ParseInt(s, 10, 64); err != nil || before < 1 {
			return errs.NotFoundf("there is no such page of the inbox: begin at its first")
		}
	}
	_, _, zone, _ := h.Campaign(r.Context())
	v := inboxView{Mails: h.latest(before, inboxPage, pages.In(words.English(), h.Now(), zone)), Count: int(h.Inbox.Accepted())}
	if before == 0 {
		v.Every = renewAfter
	}
	if n := len(v.Mails); n > 0 {
		if last := v.Mails[n-1].ID; len(h.Inbox.List(0, 1)) > 0 && h.Inbox.List(0, 1)[0].ID < last {
			v.Older = "/inbox?before=" + strconv.FormatInt(last, 10)
		}
	}
	return h.door.Page(w, http.StatusOK, "inbox", h.frame("Inbox"), v)
}

// bare takes the brackets off an address that stands alone.
func bare(to string) string {
	if strings.HasPrefix(to, "<") && strings.Count(to, "<") == 1 {
		return strings.Trim(to, "<>")
	}
	return to
}

func mailURL(id int64) string { return "/inbox/" + strconv.FormatInt(id, 10) }

// mailView is one caught mail.
type mailView struct {
	URL, Tab        string
	From, To        string
	Subject, When   string
	Size            int
	HasHTML         bool
	Text, Source    string
	Headers         []headerView
	EnvelopeFrom    string
	Newer, Older    string
	HTMLBytes, Clip int
}

type headerView struct{ Name, Value string }

// gmailClip is where Gmail cuts a mail's HTML.
const gmailClip = 102_400

func (h *house) mail(tab string) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := mailID(r)
		if err != nil {
			return err
		}
		m, err := h.Inbox.Get(id)
		if err != nil {
			return err
		}
		_, _, zone, _ := h.Campaign(r.Context())
		clock := pages.In(words.English(), h.Now(), zone)
		v := mailView{
			URL: mailURL(id), Tab: tab, From: m.From, To: m.To, Subject: m.Subject, When: clock.When(m.At), Size: m.Size, HasHTML: m.HTML != "",
			EnvelopeFrom: m.EnvelopeFrom, HTMLBytes: len(m.HTML), Clip: gmailClip,
		}
		switch tab {
		case "text":
			v.Text = m.Text
		case "source":
			v.Source = string(m.Raw)
		case "headers":
			for _, f := range m.Headers {
				v.Headers = append(v.Headers, headerView(f))
			}
		}
		if _, err := h.Inbox.Get(id + 1); err == nil {
			v.Newer = mailURL(id + 1)
		}
		if _, err := h.Inbox.Get(id - 1); err == nil {
			v.Older = mailURL(id - 1)
		}
		title := m.Subject
		if title == "" {
			title = "A mail without a subject"
		}
		return h.door.Page(w, http.StatusOK, "mail", h.frame(title), v)
	}
}

// mailFrame is the mail's HTML in a sandbox: no scripts, nothing from elsewhere.
func (h *house) mailFrame(w http.ResponseWriter, r *http.Request) error {
	id, err := mailID(r)
	if err != nil {
		return err
	}
	m, err := h.Inbox.Get(id)
	if err != nil {
		return err
	}
	respond.Foreign(w, []byte(m.HTML), respond.OwnImages)
	return nil
}

func mailID(r *http.Request) (int64, error) {
	s := r.PathValue("id")
	id, err := strconv.ParseInt(s, 10, 64)
	if err != nil || id < 1 || strconv.FormatInt(id, 10) != s {
		return 0, errs.NotFoundf("there is no such mail: choose one from the inbox")
	}
	return id, nil
}
