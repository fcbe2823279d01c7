package crier

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/mailaddr"
	"postrider/internal/secrets"
)

// HookKind says how the address that is called wants to be told.
type HookKind string

// HookJSON gets an object, HookNtfy a text with a title, as ntfy.sh takes it.
const (
	HookNone HookKind = ""
	HookJSON HookKind = "json"
	HookNtfy HookKind = "ntfy"
)

// Channels are the ways on which news reach the team.
type Channels struct {
	Owners    bool      `json:"owners"` // mail to every owner
	Mails     []string  `json:"mails"`  // and to these addresses
	HookKind  HookKind  `json:"hook_kind,omitempty"`
	HookHost  string    `json:"hook_host,omitempty"` // of its address, which is never shown
	PingHost  string    `json:"ping_host,omitempty"`
	Quiet     []Kind    `json:"quiet"` // kinds that nobody is told about
	UpdatedAt time.Time `json:"updated_at,omitzero"`

	Hook string `json:"-"` // sealed
	Ping string `json:"-"` // sealed
}

// Default is what holds until somebody says otherwise: owners get a mail when
// something needs them.
func Default() Channels { return Channels{Owners: true, Quiet: []Kind{KindSent}} }

// Wants reports whether the team is told about news of this kind.
func (c Channels) Wants(k Kind) bool { return !slices.Contains(c.Quiet, k) }

// Blind reports whether trouble with the mail server would reach nobody.
func (c Channels) Blind() bool { return c.HookKind == HookNone }

// Wish is how the channels are to be. A nil address stays as it is, an empty
// one is removed.
type Wish struct {
	Owners   bool
	Mails    []string
	Quiet    []Kind
	HookKind HookKind
	Hook     *secrets.Secret
	Ping     *secrets.Secret
}

// What addresses are sealed for.
const (
	hookPlace = "news hook"
	pingPlace = "news ping"
)

const maxMails = 50

// Channels are the ways that are set, or Default.
func (h *Crier) Channels(ctx context.Context) (Channels, error) {
	c, err := h.Store.Channels(ctx)
	if errs.Is(err, errs.NotFound) {
		return Default(), nil
	}
	return c, err
}

// Set keeps other channels. A field that cannot be used is Invalid.
func (h *Crier) Set(ctx context.Context, actor string, w Wish) (Channels, error) {
	old, err := h.Channels(ctx)
	if err != nil {
		return old, err
	}
	c := Channels{Owners: w.Owners, Quiet: w.Quiet, HookKind: w.HookKind, HookHost: old.HookHost, Hook: old.Hook, PingHost: old.PingHost, Ping: old.Ping, UpdatedAt: h.Now()}
	for _, m := range w.Mails {
		a, err := mailaddr.Parse(strings.TrimSpace(m))
		if err != nil {
			return c, &errs.Error{Kind: errs.Invalid, Field: "mails", Err: err}
		}
		if !slices.Contains(c.Mails, a.String()) {
			c.Mails = append(c.Mails, a.String())
		}
	}
	if len(c.Mails) > maxMails {
		return c, invalid("mails", "at most %d addresses are told: these are %d", maxMails, len(c.Mails))
	}
	for _, k := range w.Quiet {
		if !slices.Contains(Kinds(), k) {
			return c, invalid("quiet", "there is no news of the kind %q", k)
		}
	}
	if err := h.seal(&c.Hook, &c.HookHost, "hook", hookPlace, w.Hook); err != nil {
		return c, err
	}
	if err := h.seal(&c.Ping, &c.PingHost, "ping", pingPlace, w.Ping); err != nil {
		return c, err
	}
	switch {
	case c.HookKind != HookNone && c.HookKind != HookJSON && c.HookKind != HookNtfy:
		return c, invalid("hook_kind", "want json or ntfy, not %q", c.HookKind)
	case c.HookKind != HookNone && c.Hook == "":
		return c, invalid("hook", "name the address that is called")
	case c.HookKind == HookNone:
		c.Hook, c.HookHost = "", ""
	}
	return c, h.Store.SetChannels(ctx, c, audit.Entry{At: c.UpdatedAt, Actor: actor, Action: "changed", Kind: "news", Detail: "where news go"})
}

func (h *Crier) seal(sealed, host *string, field, place string, address *secrets.Secret) error {
	if address == nil {
		return nil
	}
	text := strings.TrimSpace(address.Reveal())
	if *sealed, *host = "", ""; text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || len(text) > 2000 {
		return invalid(field, "it is not an address: write it as https://example.org/…")
	}
	*host = u.Host
	*sealed, err = h.Secrets.Seal(place, secrets.Secret(text))
	return err
}
