package main

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/internal/fetch"
	"postrider/internal/secrets"
	"postrider/web/respond"
)

// Facts are the facts of a process. They come from flags, then the
// environment (POSTRIDER_DB…, secrets also as POSTRIDER_SMTP_FILE), then
// postrider.toml, then the defaults. Every command takes them.
type Facts struct {
	DB          *string `name:"db" group:"This process" placeholder:"URL" help:"Database: sqlite:FILE or postgres://… (default sqlite:postrider.db)."`
	Listen      *string `group:"This process" placeholder:"ADDRESS" help:"Where the public pages listen (default 127.0.0.1:8080)."`
	AdminListen *string `group:"This process" placeholder:"ADDRESS" help:"Where the administration listens (default 127.0.0.1:8081)."`
	AdminURL    *string `name:"admin-url" group:"This process" placeholder:"URL" help:"How the team reaches the administration, https://desk.org.example (default: where it listens)."`
	Proxies     *string `name:"trusted-proxies" group:"This process" placeholder:"NETWORKS" help:"Proxies in front of us whose X-Forwarded-For and X-Forwarded-Proto count, 127.0.0.1,10.0.0.0/8."`
	URL         *string `name:"url" group:"This process" placeholder:"URL" help:"How readers reach the public pages, https://news.org.example."`
	SMTP        *string `name:"smtp" group:"This process" placeholder:"URL" help:"Mail server: smtp://user@host:port?conns=8 or smtps://…"`
	SecretFile  *string `group:"This process" placeholder:"FILE" help:"Key file (default: beside a SQLite file, FILE.key)."`
	FetchAllow  *string `group:"This process" placeholder:"HOSTS" help:"Your own hosts that recaps may be fetched from although they are on a private network: HOST or HOST:PORT, with commas between."`
	Log         *string `group:"This process" placeholder:"LEVEL" help:"debug, info, warn or error (default info)."`
}

// setting is one fact with where it came from.
type setting struct {
	name   string // as in postrider.toml; the flag has - for _
	value  string
	origin string
	secret bool
}

// config is all settings of a process.
type config struct {
	settings []setting
	lease    time.Duration // 0: the courier's own; drills shorten it with POSTRIDER_TEST_LEASE
}

func (c config) get(name string) string {
	for _, s := range c.settings {
		if s.name == name {
			return s.value
		}
	}
	panic("postrider: no setting " + name)
}

func (c config) given(name string) bool {
	for _, s := range c.settings {
		if s.name == name {
			return s.origin != "default"
		}
	}
	return false
}

// set overrides a setting that nobody gave.
func (c *config) set(name, value, origin string) {
	for i := range c.settings {
		if c.settings[i].name == name {
			c.settings[i].value, c.settings[i].origin = value, origin
		}
	}
}

func resolve(f Facts, env func(string) (string, bool)) (config, error) {
	file, fileName, err := readFile(env)
	if err != nil {
		return config{}, err
	}
	var c config
	for _, s := range []struct {
		name, fallback string
		flag           *string
		secret         bool
	}{
		{"db", "sqlite:postrider.db", f.DB, true},
		{"listen", "127.0.0.1:8080", f.Listen, false},
		{"admin_listen", "127.0.0.1:8081", f.AdminListen, false},
		{"admin_url", "", f.AdminURL, false},
		{"trusted_proxies", "", f.Proxies, false},
		{"url", "", f.URL, false},
		{"smtp", "", f.SMTP, true},
		{"secret_file", "", f.SecretFile, false},
		{"fetch_allow", "", f.FetchAllow, false},
		{"log", "info", f.Log, false},
	} {
		out := setting{name: s.name, value: s.fallback, origin: "default", secret: s.secret}
		variable := "POSTRIDER_" + strings.ToUpper(s.name)
		if v, ok := file[s.name]; ok {
			out.value, out.origin = v, fileName
			delete(file, s.name)
		}
		if path, ok := env(variable + "_FILE"); ok && s.secret {
			b, err := os.ReadFile(path)
			if err != nil {
				return config{}, fmt.Errorf("reading %s_FILE: %w", variable, err)
			}
			out.value, out.origin = strings.TrimSpace(string(b)), variable+"_FILE"
		}
		if v, ok := env(variable); ok {
			out.value, out.origin = v, variable
		}
		if s.flag != nil {
			out.value, out.origin = *s.flag, "--"+strings.ReplaceAll(s.name, "_", "-")
		}
		c.settings = append(c.settings, out)
	}
	for name := range file {
		known := make([]string, len(c.settings))
		for i, s := range c.settings {
			known[i] = s.name
		}
		text := "no such setting; there are " + strings.Join(known, ", ")
		if near := errs.Nearest(name, known); near != "" {
			text = fmt.Sprintf("no such setting; did you mean %q?", near)
		}
		return config{}, &errs.Error{Kind: errs.Invalid, File: fileName, Field: name, Text: text}
	}
	if v, ok := env("POSTRIDER_TEST_LEASE"); ok {
		if c.lease, err = time.ParseDuration(v); err != nil || c.lease < time.Second {
			return config{}, &errs.Error{Kind: errs.Invalid, Field: "POSTRIDER_TEST_LEASE", Text: "want a duration of 1s or more"}
		}
	}
	return c, c.check()
}

func readFile(env func(string) (string, bool)) (map[string]string, string, error) {
	name, given := env("POSTRIDER_CONFIG")
	if !given {
		name = "postrider.toml"
	}
	b, err := os.ReadFile(name)
	if os.IsNotExist(err) && !given {
		return nil, name, nil
	}
	if err != nil {
		return nil, name, fmt.Errorf("reading the configuration: %w", err)
	}
	values := map[string]string{}
	if err := toml.Unmarshal(b, &values); err != nil {
		var at *toml.DecodeError
		line := 0
		if e, ok := err.(*toml.DecodeError); ok {
			at = e
			line, _ = at.Position()
		}
		return nil, name, &errs.Error{Kind: errs.Invalid, File: name, Line: line, Text: "settings are lines such as listen = \"127.0.0.1:8080\"", Err: err}
	}
	return values, name, nil
}

func (c config) check() error {
	bad := func(name, text string) error {
		return &errs.Error{Kind: errs.Invalid, Field: "--" + strings.ReplaceAll(name, "_", "-"), Text: text}
	}
	for _, name := range []string{"listen", "admin_listen"} {
		if _, _, err := net.SplitHostPort(c.get(name)); err != nil {
			return bad(name, "want HOST:PORT, as in 127.0.0.1:8080")
		}
	}
	if v := c.get("url"); v != "" {
		u, err := url.Parse(v)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
			return bad("url", "want the address of the public pages, as in https://news.org.example")
		}
	}
	if v := c.get("admin_url"); v != "" {
		u, err := url.Parse(v)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			return bad("admin_url", "want the address of the administration without a path, as in https://desk.org.example")
		}
	}
	if _, err := respond.ParseProxies(c.get("trusted_proxies")); err != nil {
		return &errs.Error{Kind: errs.Invalid, Field: "--trusted-proxies", Err: err}
	}
	if _, err := c.fetcher(); err != nil {
		return err
	}
	switch c.get("log") {
	case "debug", "info", "warn", "error":
	default:
		return bad("log", "want debug, info, warn or error")
	}
	return nil
}

// fetcher is the client for addresses that people name.
func (c config) fetcher() (*fetch.Client, error) {
	return fetch.New(strings.Split(c.get("fetch_allow"), ","))
}

// baseURL is the given --url without a slash at the end.
func (c config) baseURL() string { return strings.TrimRight(c.get("url"), "/") }

// proxies reads --trusted-proxies, which was checked when it was read.
func (c config) proxies() respond.Proxies {
	p, _ := respond.ParseProxies(c.get("trusted_proxies"))
	return p
}

// relay reads --smtp. It is Invalid where none is given.
func (c config) relay() (delivery.RelayConfig, error) {
	bad := func(format string, args ...any) (delivery.RelayConfig, error) {
		return delivery.RelayConfig{}, &errs.Error{Kind: errs.Invalid, Field: "--smtp", Text: fmt.Sprintf(format, args...)}
	}
	raw := c.get("smtp")
	if raw == "" {
		return bad("name the mail server, as in --smtp smtp://user@mail.org.example:587 (the password in POSTRIDER_SMTP_FILE)")
	}
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return bad("want smtp://user@host:port or smtps://user@host:port")
	}
	r := delivery.RelayConfig{Name: u.Hostname(), Host: u.Hostname(), Connections: 2, Username: u.User.Username()}
	password, _ := u.User.Password()
	r.Password = secrets.Secret(password)
	switch u.Scheme {
	case "smtp":
		r.TLS, r.Port = delivery.TLSRequired, 587
		if loopback(r.Host) {
			r.TLS, r.Port = delivery.TLSNone, 25
		}
	case "smtps":
		r.TLS, r.Port = delivery.TLSImplicit, 465
	default:
		return bad("want smtp:// or smtps://, not %s://", u.Scheme)
	}
	if p := u.Port(); p != "" {
		if r.Port, err = strconv.Atoi(p); err != nil || r.Port < 1 || r.Port > 65535 {
			return bad("the port %q is not a number from 1 to 65535", p)
		}
	}
	for key, values := range u.Query() {
		v := values[0]
		switch key {
		case "conns":
			if r.Connections, err = strconv.Atoi(v); err != nil || r.Connections < 1 || r.Connections > 200 {
				return bad("conns=%s: want a number of connections from 1 to 200", v)
			}
		case "helo":
			r.Helo = v
		case "auth":
			r.Auth = v
		case "pipelining":
			r.NoPipelining = v == "off"
		default:
			return bad("there is no option %q: known are conns, helo, auth and pipelining=off", key)
		}
	}
	return r, nil
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// keyFile is where the key is: given, or beside a SQLite file.
func (c config) keyFile(sqlitePath string) string {
	if f := c.get("secret_file"); f != "" {
		return f
	}
	if sqlitePath != "" {
		return sqlitePath + ".key"
	}
	return filepath.Clean("postrider.key")
}

// redact takes passwords out of a setting.
func (s setting) redact() string {
	if !s.secret || s.value == "" {
		return s.value
	}
	if strings.HasPrefix(s.value, "sqlite:") {
		return s.value
	}
	u, err := url.Parse(s.value)
	if err != nil || u.Host == "" && u.Opaque != "" { // user:password@host without its smtp://
		return "(secret)"
	}
	q := u.Query()
	for name := range q {
		if strings.Contains(name, "pass") { // password, sslpassword, passfile
			q.Set(name, "xxxxx")
			u.RawQuery = q.Encode()
		}
	}
	return u.Redacted()
}
