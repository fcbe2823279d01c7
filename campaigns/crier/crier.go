// Package crier tells the team what it should know: that an issue is held or
// waits for approval, that a date was skipped, that mails no longer get through.
// It reads the audit log, in which every change stands, and sends each piece of
// news once: as mail, to a webhook or to ntfy. It changes no campaign. Trouble
// with the mail server is never entrusted to the mail server.
package crier

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"mime"
	"net/mail"
	"regexp"
	"slices"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/notice"
	"postrider/internal/secrets"
	"postrider/internal/words"
	"postrider/organisation"
)

// Kind of news.
type Kind string

// What the team is told.
const (
	KindHeld     Kind = "held"        // an issue or a date waits for a person
	KindApproval Kind = "approval"    // an issue waits for approval
	KindSkipped  Kind = "skipped"     // a date went by without an issue
	KindSent     Kind = "sent"        // an issue is sent
	KindDeferred Kind = "deferred"    // a provider puts everything off
	KindServer   Kind = "mail_server" // the mail server takes nothing
	KindTest     Kind = "test"        // a person tries whether news arrive
)

// Kinds are those that can be switched off.
func Kinds() []Kind {
	return []Kind{KindHeld, KindApproval, KindSkipped, KindSent, KindDeferred, KindServer}
}

// News is one piece of news, in words.
type News struct {
	Key   string // the same however often it is found
	Kind  Kind
	Title string
	Body  string
	Path  string // of its page in the administration
	At    time.Time
}

// Told is news as they were sent.
type Told struct {
	News
	Mails   int
	Call    string // none, queued, called or given_up
	Trouble string // why the last call failed
}

// Call is one that is due.
type Call struct {
	ID       int64
	Attempts int
	News     News
}

// Happening is a line of the audit log with what it is about.
type Happening struct {
	audit.Record
	Title    string // the issue's, or the campaign's
	Number   int    // of the issue
	State    string // of the issue or date, now
	Cause    string // that holds the issue
	Reason   string
	Wall     string // of the date
	Accepted int    // figures of an issue that is sent
	Audience int
	Refused  int
	Unknown  int
}

// Deferral is a provider that has put off all mails of an issue so far.
type Deferral struct {
	Edition int64
	Title   string
	Domain  string
	Waiting int
}

// Store keeps channels and news.
type Store interface {
	// Channels is NotFound while none are set.
	Channels(ctx context.Context) (Channels, error)
	SetChannels(ctx context.Context, c Channels, e audit.Entry) error
	// Happenings are the lines of the audit log behind after and not later than
	// until that may be news, oldest first. The zero Record begins at until.
	Happenings(ctx context.Context, after audit.Record, until time.Time, limit int) ([]Happening, error)
	// NewsCursor is up to where the log was read.
	NewsCursor(ctx context.Context) (audit.Record, error)
	SetNewsCursor(ctx context.Context, to audit.Record) error
	// Deferrals are the providers that have put off at least atLeast readers of
	// an issue and accepted none.
	Deferrals(ctx context.Context, atLeast int) ([]Deferral, error)
	// Tell keeps news with their mails, and the call where one is wanted. It is
	// a Conflict where news of this key have been told.
	Tell(ctx context.Context, n News, mails []notice.Notice, call bool) error
	// ClaimCalls takes calls that are due and puts each off until then, so that
	// nobody else makes them meanwhile.
	ClaimCalls(ctx context.Context, now, then time.Time, n int) ([]Call, error)
	// NoteCall keeps how a call ended; a zero again ends it.
	NoteCall(ctx context.Context, id int64, trouble string, again time.Time, done bool) error
	// LatestNews are the newest, newest first.
	LatestNews(ctx context.Context, n int) ([]Told, error)
}

// Caller makes requests to addresses that people named.
type Caller interface {
	Call(ctx context.Context, method, address string, header map[string]string, body []byte) (status int, err error)
}

// Office knows the organisation and its team.
type Office interface {
	Get(ctx context.Context) (organisation.Organisation, error)
	Operators(ctx context.Context) ([]organisation.Operator, error)
}

// Crier finds news and sends them. One of any number of processes sends each.
type Crier struct {
	Store   Store
	Office  Office
	Caller  Caller
	Secrets *secrets.Sealer
	URL     string // of the administration, no slash at the end
	Now     func() time.Time
	Log     *slog.Logger

	deferralsAt time.Time // when providers were looked at
	pingedAt    time.Time
}

// Timing.
const (
	lookEvery      = 3 * time.Second
	settled        = 2 * time.Second // a line this old has no elder one to come
	deferralsEvery = 5 * time.Minute
	pingEvery      = 5 * time.Minute
	callPatience   = time.Minute
	giveUpAfter    = 24 * time.Hour
	batch          = 200
	manyDeferred   = 20
)

// retries are the pauses between calls; the last holds on.
var retries = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}

// Run tells news until ctx ends.
func (h *Crier) Run(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := h.Tick(ctx); err != nil && ctx.Err() == nil {
			h.Log.Error("telling the team", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Tick finds what is new, makes the calls that are due, and pings whoever
// watches over this installation. What fails is tried again at the next.
func (h *Crier) Tick(ctx context.Context) error {
	c, err := h.Channels(ctx)
	if err != nil {
		return err
	}
	if err := h.find(ctx, c); err != nil {
		return err
	}
	if now := h.Now(); now.Sub(h.deferralsAt) >= deferralsEvery {
		h.deferralsAt = now
		if err := h.findDeferrals(ctx, c); err != nil {
			return err
		}
	}
	if err := h.call(ctx, c); err != nil {
		return err
	}
	if now := h.Now(); c.Ping != "" && now.Sub(h.pingedAt) >= pingEvery {
		h.pingedAt = now
		h.ping(ctx, c)
	}
	return nil
}

func (h *Crier) find(ctx context.Context, c Channels) error {
	cursor, err := h.Store.NewsCursor(ctx)
	if err != nil {
		return err
	}
	until := h.Now().Add(-settled)
	found, err := h.Store.Happenings(ctx, cursor, until, batch)
	if err != nil {
		return err
	}
	w := h.words(ctx)
	for _, f := range found {
		if n, ok := read(w, f); ok {
			if err := h.tell(ctx, c, n); err != nil {
				return err
			}
		}
		cursor = f.Record
	}
	if len(found) == 0 && until.Sub(cursor.At) < time.Minute {
		return nil // spare the database a write
	}
	if len(found) < batch && until.After(cursor.At) {
		cursor = audit.Record{Entry: audit.Entry{At: until}, ID: 1<<63 - 1}
	}
	return h.Store.SetNewsCursor(ctx, cursor)
}

func (h *Crier) findDeferrals(ctx context.Context, c Channels) error {
	found, err := h.Store.Deferrals(ctx, manyDeferred)
	if err != nil {
		return err
	}
	w := h.words(ctx)
	for _, d := range found {
		n := News{Key: fmt.Sprintf("deferred:%d:%s", d.Edition, d.Domain), Kind: KindDeferred, Title: w.T("news.deferred_title", d.Domain, d.Title),
			Body: w.T("news.deferred_text", d.Waiting, d.Domain), Path: "/editions/" + editionID(d.Edition), At: h.Now()}
		if err := h.tell(ctx, c, n); err != nil {
			return err
		}
	}
	return nil
}

// words are those of the organisation's language.
func (h *Crier) words(ctx context.Context) *words.Words {
	if org, err := h.Office.Get(ctx); err == nil {
		return words.For(org.Language)
	}
	return words.English()
}

// tell keeps one piece of news for each channel that may carry it.
func (h *Crier) tell(ctx context.Context, c Channels, n News) error {
	if !c.Wants(n.Kind) && n.Kind != KindTest {
		return nil
	}
	var mails []notice.Notice
	if n.Kind != KindServer { // the server that is broken does not carry its own bad news
		var err error
		if mails, err = h.mails(ctx, c, n); err != nil {
			return err
		}
	}
	err := h.Store.Tell(ctx, n, mails, c.HookKind != HookNone)
	if errs.Is(err, errs.Conflict) {
		return nil // told already
	}
	return err
}

// mails are those that carry the news; none while there is no sender.
func (h *Crier) mails(ctx context.Context, c Channels, n News) ([]notice.Notice, error) {
	org, err := h.Office.Get(ctx)
	if errs.Is(err, errs.NotFound) || err == nil && org.Sender == "" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	to := slices.Clone(c.Mails)
	if c.Owners {
		team, err := h.Office.Operators(ctx)
		if err != nil {
			return nil, err
		}
		for _, o := range team {
			if o.Role == organisation.Owner && !slices.Contains(to, o.Email) {
				to = append(to, o.Email)
			}
		}
	}
	var out []notice.Notice
	for _, address := range to {
		out = append(out, notice.Notice{Kind: notice.Alert, To: mail.Address{Address: address}, From: org.Sender, Subject: n.Title, Text: n.Body + "\n\n" + h.URL + n.Path + "\n"})
	}
	return out, nil
}

// call makes the calls that are due.
func (h *Crier) call(ctx context.Context, c Channels) error {
	if c.HookKind == HookNone {
		return nil
	}
	now := h.Now()
	due, err := h.Store.ClaimCalls(ctx, now, now.Add(callPatience), 10)
	if err != nil {
		return err
	}
	for _, d := range due {
		trouble, again := "", time.Time{}
		if err := h.callOnce(ctx, c, d.News); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			trouble = err.Error()
			if now.Sub(d.News.At) < giveUpAfter {
				again = h.Now().Add(retries[min(d.Attempts, len(retries)-1)])
			}
			h.Log.Warn("the team's webhook does not answer", "attempt", d.Attempts+1)
		}
		if err := h.Store.NoteCall(ctx, d.ID, trouble, again, trouble == ""); err != nil {
			return err
		}
	}
	return nil
}

// address is what a webhook gets of one that stands in a reason.
var address = regexp.MustCompile(`\S+@\S+`)

func (h *Crier) callOnce(ctx context.Context, c Channels, n News) error {
	to, err := h.Secrets.Open(hookPlace, c.Hook)
	if err != nil {
		return err
	}
	body := address.ReplaceAllString(n.Body, "[address]")
	page := h.URL + n.Path
	header := map[string]string{"Content-Type": "text/plain; charset=utf-8", "Title": mime.BEncoding.Encode("utf-8", n.Title), "Click": page}
	out := []byte(body)
	if c.HookKind == HookJSON {
		header = map[string]string{"Content-Type": "application/json"}
		if out, err = json.Marshal(map[string]any{"id": n.Key, "kind": n.Kind, "title": n.Title, "text": body, "url": page, "at": n.At.UTC()}); err != nil {
			return err
		}
	}
	status, err := h.Caller.Call(ctx, "POST", to.Reveal(), header, out)
	if err == nil && (status < 200 || status > 299) {
		err = errs.Unavailablef("it answers with status %d", status)
	}
	return err
}

// ping tells whoever watches over this installation that it lives.
func (h *Crier) ping(ctx context.Context, c Channels) {
	to, err := h.Secrets.Open(pingPlace, c.Ping)
	if err == nil {
		_, err = h.Caller.Call(ctx, "GET", to.Reveal(), nil, nil)
	}
	if err != nil && ctx.Err() == nil {
		h.Log.Warn("the address that is to hear from us does not answer", "err", err)
	}
}

// Test sends a piece of news on every channel at once, and says how many mails
// are on the way. A webhook that does not answer is an error; the mails go all
// the same.
func (h *Crier) Test(ctx context.Context, actor string) (int, error) {
	c, err := h.Channels(ctx)
	if err != nil {
		return 0, err
	}
	w, now := h.words(ctx), h.Now()
	n := News{Key: "test:" + ids.New[News]().String(), Kind: KindTest, Title: w.T("news.test_title"), Body: w.T("news.test_text", organisation.ActorName(actor)), Path: "/settings/news", At: now}
	mails, err := h.mails(ctx, c, n)
	if err == nil {
		err = h.Store.Tell(ctx, n, mails, false)
	}
	if err == nil && c.HookKind != HookNone {
		if err = h.callOnce(ctx, c, n); err != nil {
			err = errs.Unavailablef("the webhook at %s does not take news: %w", c.HookHost, err)
		}
	}
	return len(mails), err
}

func invalid(field, format string, args ...any) error {
	return &errs.Error{Kind: errs.Invalid, Field: field, Text: fmt.Sprintf(format, args...)}
}
