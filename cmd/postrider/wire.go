package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"postrider/campaigns"
	"postrider/campaigns/crier"
	"postrider/delivery"
	"postrider/delivery/mailer"
	"postrider/events/bounces"
	"postrider/internal/auth"
	"postrider/internal/errs"
	"postrider/internal/oauth"
	"postrider/internal/secrets"
	"postrider/internal/tokens"
	"postrider/organisation"
	"postrider/recaps"
	"postrider/recaps/media"
	"postrider/store"
	"postrider/subscribers"
	"postrider/subscribers/intake"
)

// session is one run of a command.
type session struct {
	ctx    context.Context
	config config
	env    func(string) (string, bool)
	io     stdio
	json   bool
}

// say tells people something beside the result.
func (s *session) say(format string, args ...any) {
	fmt.Fprintf(s.io.err, format+"\n", args...)
}

// print puts the result on stdout: v as JSON where --json asks for it, else
// what text writes.
func (s *session) print(v any, text func()) error {
	if !s.json {
		text()
		return nil
	}
	e := json.NewEncoder(s.io.out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func (s *session) printf(format string, args ...any) { fmt.Fprintf(s.io.out, format, args...) }

func (s *session) logger() *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.config.get("log"))) // checked when it was read
	return slog.New(slog.NewTextHandler(s.io.err, &slog.HandlerOptions{Level: level}))
}

// house is an open installation with its doers.
type house struct {
	store    *store.Store
	keys     tokens.Keys
	library  *recaps.Library
	album    *media.Album
	notebook *recaps.Notebook
	office   *organisation.Office
	porter   *organisation.Porter
	registry *subscribers.Registry
	clerk    *intake.Clerk
	desk     *campaigns.Desk
	book     *delivery.RelayBook
	ring     *delivery.KeyRing
	postbox  *bounces.Postbox
	herald   *delivery.Herald
	crier    *crier.Crier
	lease    time.Duration
	log      *slog.Logger
}

// open opens the database, its key and the doers.
func (s *session) open() (*house, error) {
	db, err := store.Open(s.ctx, s.config.get("db"), store.Options{})
	if err != nil {
		return nil, err
	}
	keys, err := openKeys(s.ctx, db, s.config.keyFile(db.Path()))
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	h := &house{store: db, keys: keys, lease: s.config.lease, log: s.logger()}
	h.library = &recaps.Library{Store: db, Now: time.Now}
	h.album = &media.Album{Store: db, Now: time.Now}
	h.notebook = &recaps.Notebook{Store: db, Now: time.Now}
	h.office = &organisation.Office{Store: db, Now: time.Now}
	h.registry = &subscribers.Registry{Store: db, Now: time.Now, Hash: func(canonical string) []string { return keys.Hashes(tokens.Forgotten, canonical) }}
	h.clerk = intake.New(db, h.registry, uploads(db.Path(), keys), time.Now, h.log)
	if db.Path() != "" {
		h.registry.TempDir = filepath.Dir(db.Path()) // where there is room for the readers there is room to sort them
	}
	sealer, err := newSealer(keys)
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	h.porter = &organisation.Porter{Store: db, Hasher: auth.NewHasher(), Secrets: sealer, Now: time.Now}
	h.book = &delivery.RelayBook{Store: db, Secrets: sealer, Now: time.Now, Tokens: tokenSource}
	h.postbox = &bounces.Postbox{Store: db, Secrets: sealer, Now: time.Now}
	h.crier = &crier.Crier{Store: db, Office: h.office, Caller: s.caller(), Secrets: sealer, URL: s.config.get("admin_url"), Now: db.Now, Log: h.log}
	h.ring = &delivery.KeyRing{Store: db, Secrets: sealer, Now: time.Now, Lookup: net.DefaultResolver.LookupTXT}
	h.desk = &campaigns.Desk{Store: db, Library: h.library, Office: h.office, BaseURL: s.config.baseURL(), Now: time.Now, Fields: db.ReaderFields}
	h.library.Check = h.desk.CheckTags
	if h.herald, err = s.newHerald(h); err != nil {
		_ = db.Close()
		return nil, err
	}
	return h, nil
}

func (h *house) close() { _ = h.store.Close() }

// with runs f on an open installation.
func (s *session) with(f func(*house) error) error {
	h, err := s.open()
	if err != nil {
		return err
	}
	defer h.close()
	return f(h)
}

const fingerprintNote = "key_fingerprint"

// openKeys reads the key file and holds it against the database's
// fingerprint. A missing file is made where the database has none yet.
func openKeys(ctx context.Context, db *store.Store, path string) (tokens.Keys, error) {
	known, err := db.Note(ctx, fingerprintNote)
	if err != nil {
		return tokens.Keys{}, err
	}
	keys, err := tokens.Load(path)
	if errs.Is(err, errs.NotFound) && known == "" {
		keys, err = tokens.Create(path)
		if errs.Is(err, errs.Conflict) {
			keys, err = tokens.Load(path) // made by another process this moment
		}
	}
	if err != nil {
		return tokens.Keys{}, err
	}
	if known == "" {
		if known, err = db.ClaimNote(ctx, fingerprintNote, keys.Fingerprint()); err != nil {
			return tokens.Keys{}, err
		}
	}
	if !keys.Knows(known) {
		return tokens.Keys{}, errs.Conflictf("the key file %s belongs to another database: links in mails already sent would break. Restore the key of this one, or name it with --secret-file", path)
	}
	return keys, nil
}

// courier makes the one that sends from this installation.
func (h *house) courier(relays func(context.Context) ([]delivery.Relay, error)) *delivery.Courier {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return &delivery.Courier{
		Ledger: h.store, Desk: h.desk, Mailer: mailer.New(mailer.Options{}), Relays: relays, Sign: h.ring.Signers, Keys: h.keys,
		Now: h.store.Now, Log: h.log, Node: fmt.Sprintf("%s/%d", host, os.Getpid()), LeaseTTL: h.lease,
	}
}

// uploads is the folder for files of readers: beside a SQLite file, which is
// then all of the installation; else among this machine's temporary ones.
func uploads(sqlite string, keys tokens.Keys) string {
	if sqlite != "" {
		return sqlite + ".uploads"
	}
	return filepath.Join(os.TempDir(), "postrider-uploads-"+keys.Fingerprint()[:12])
}

// newSealer encrypts what the database keeps secret with keys derived from the
// installation's.
func newSealer(keys tokens.Keys) (*secrets.Sealer, error) {
	derived, err := keys.Derive("secrets")
	if err != nil {
		return nil, err
	}
	return secrets.New(derived...)
}

// tokenSource gets access tokens for mail servers that want XOAUTH2.
func tokenSource(o delivery.OAuth) delivery.TokenSource {
	return oauth.New(oauth.Config{TokenURL: o.TokenURL, ClientID: o.ClientID, ClientSecret: o.ClientSecret, RefreshToken: o.RefreshToken, Scope: o.Scope}, time.Now, nil)
}
