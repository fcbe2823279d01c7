package delivery_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/internal/mailaddr"
)

func relay(change func(*delivery.Relay)) delivery.Relay {
	r := delivery.Relay{Name: "main", Kind: delivery.KindSMTP, Config: delivery.RelayConfig{Host: "mail.example.org", Port: 587}}
	change(&r)
	return r
}

func TestRelayFieldsAreChecked(t *testing.T) {
	t.Parallel()
	for field, changes := range map[string][]func(*delivery.Relay){
		"name": {
			func(r *delivery.Relay) { r.Name = " " }, func(r *delivery.Relay) { r.Name = strings.Repeat("x", 61) },
			func(r *delivery.Relay) { r.Name = "a,b" }, func(r *delivery.Relay) { r.Name = "a\nb" }, func(r *delivery.Relay) { r.Name = "0san6ak7ky4eh" },
		},
		"kind":  {func(r *delivery.Relay) { r.Kind = "sendgird" }, func(r *delivery.Relay) { r.Kind = "" }},
		"state": {func(r *delivery.Relay) { r.State = "gone" }},
		"host": {
			func(r *delivery.Relay) { r.Config.Host = "" }, func(r *delivery.Relay) { r.Config.Host = "mail example.org" },
			func(r *delivery.Relay) { r.Config.Host = "mail.example.org:25" }, func(r *delivery.Relay) { r.Config.Host = "smtp://mail.example.org" },
		},
		"port": {func(r *delivery.Relay) { r.Config.Port = 0 }, func(r *delivery.Relay) { r.Config.Port = 65536 }},
		"tls": {
			func(r *delivery.Relay) { r.Config.TLS = delivery.TLSNone }, func(r *delivery.Relay) { r.Config.TLS = "maybe" },
			func(r *delivery.Relay) { r.Config.TLS, r.Config.Host = delivery.TLSNone, "10.0.0.1" },
		},
		"auth":     {func(r *delivery.Relay) { r.Config.Username, r.Config.Auth = "a", "ntlm" }},
		"username": {func(r *delivery.Relay) { r.Config.Auth = "plain" }, func(r *delivery.Relay) { r.Config.Username = "a\r\nQUIT" }},
		"helo":     {func(r *delivery.Relay) { r.Config.Helo = "two words" }},
		"sender_mode": {
			func(r *delivery.Relay) { r.SenderMode = "other" },
		},
		"bounce_address": {
			func(r *delivery.Relay) { r.SenderMode = delivery.SenderPlus }, func(r *delivery.Relay) { r.BounceAddress = "bounces" },
			func(r *delivery.Relay) { r.BounceAddress = strings.Repeat("b", 35) + "@example.org" }, func(r *delivery.Relay) { r.BounceAddress = "ü@example.org" },
		},
		"connections": {func(r *delivery.Relay) { r.Config.Connections = 201 }},
		"mails_per_connection": {
			func(r *delivery.Relay) { r.MailsPerConnection = -1 },
		},
		"minutes_per_connection": {func(r *delivery.Relay) { r.MinutesPerConnection = 1441 }},
		"pace_per_minute":        {func(r *delivery.Relay) { r.PacePerMinute = -1 }, func(r *delivery.Relay) { r.PacePerMinute = 1_000_001 }},
		"daily_cap":              {func(r *delivery.Relay) { r.DailyCap = -1 }},
		"weight":                 {func(r *delivery.Relay) { r.Weight = 101 }, func(r *delivery.Relay) { r.Weight = -1 }},
		"sender_domains":         {func(r *delivery.Relay) { r.SenderDomains = []string{"example"} }},
		"warmup": {
			func(r *delivery.Relay) { r.Warmup = delivery.Warmup{Limits: []int{5}} },
			func(r *delivery.Relay) { r.Warmup = delivery.Warmup{Limits: []int{0}, From: time.Now()} },
			func(r *delivery.Relay) { r.Warmup = delivery.Warmup{Limits: make([]int, 121), From: time.Now()} },
		},
		"headers": headerChanges("Bcc", "From", "DKIM-Signature", "List-Unsubscribe", "Received", "X-Mailer", "X A", "X:A", "", "Return-Path", "Précis", "X-A\r\nBcc"),
	} {
		for i, change := range changes {
			r := relay(change)
			err := r.Validate()
			var bad *errs.Error
			if !errors.As(err, &bad) || bad.Kind != errs.Invalid || bad.Field != field || bad.Text == "" && bad.Err == nil {
				t.Errorf("%s, case %d: %v", field, i, err)
			}
		}
	}
	values := relay(func(r *delivery.Relay) {
		r.Config.Headers = []delivery.Header{{Name: "X-A", Value: "a\r\nBcc: x@example.org"}}
	})
	if err := values.Validate(); !errs.Is(err, errs.Invalid) {
		t.Errorf("a line break in a header: %v", err)
	}
	twice := relay(func(r *delivery.Relay) {
		r.Config.Headers = []delivery.Header{{Name: "X-A", Value: "1"}, {Name: "x-a", Value: "2"}}
	})
	if err := twice.Validate(); !errs.Is(err, errs.Invalid) {
		t.Errorf("a header twice: %v", err)
	}
}

func headerChanges(names ...string) (out []func(*delivery.Relay)) {
	for _, n := range names {
		out = append(out, func(r *delivery.Relay) { r.Config.Headers = []delivery.Header{{Name: n, Value: "x"}} })
	}
	return out
}

func TestRelayIsBroughtIntoForm(t *testing.T) {
	t.Parallel()
	r := relay(func(r *delivery.Relay) {
		r.Config.Host, r.Config.Auth, r.Config.Username = " Bücher.Example ", "PLAIN", "a"
		r.SenderDomains = []string{"@Example.ORG", "example.org"}
		r.BounceAddress = "Bounces@EXAMPLE.org"
	})
	if err := r.Validate(); err != nil {
		t.Fatal(err)
	}
	if r.Config.Host != "xn--bcher-kva.example" || r.Config.Auth != "plain" || r.State != delivery.RelayActive || r.Config.TLS != delivery.TLSRequired || r.Config.Connections != 2 ||
		r.Weight != 1 || r.SenderMode != delivery.SenderVERP || fmt.Sprint(r.SenderDomains) != "[example.org]" || r.BounceAddress != "Bounces@example.org" {
		t.Errorf("%+v", r)
	}
	for _, host := range []string{"127.0.0.1", "::1", "[::1]", "localhost"} {
		local := relay(func(r *delivery.Relay) { r.Config.Host, r.Config.TLS = host, delivery.TLSNone })
		if err := local.Validate(); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	if !r.Serves("example.org") || r.Serves("example.net") || !relay(func(*delivery.Relay) {}).Serves("example.net") {
		t.Error("the wrong senders are served")
	}
}

func TestPresetsCanBeUsed(t *testing.T) {
	t.Parallel()
	for _, p := range delivery.Presets() {
		r := p.Relay()
		r.Name = "main"
		if p.Host == "" {
			r.Config.Host = "mail.example.org"
		}
		if r.Config.Auth != "" {
			r.Config.Username = "news"
		}
		if p.SenderMode == delivery.SenderPlus {
			r.BounceAddress = "bounces@example.org"
		}
		if err := r.Validate(); err != nil {
			t.Errorf("%s: %v", p.Kind, err)
		}
		if p.Title == "" || len(p.Hints) == 0 {
			t.Errorf("%s says nothing to people", p.Kind)
		}
	}
	if _, err := delivery.Preset("mailgnu"); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), `"mailgun"`) {
		t.Errorf("a kind nearby: %v", err)
	}
}

func TestEnvelopeSenders(t *testing.T) {
	t.Parallel()
	const token = "abcdefghijklmnopqrstuvwxyz234"
	for _, test := range []struct {
		mode         delivery.SenderMode
		bounce, want string
	}{
		{"", "", "b-" + token + "@org.example"},
		{delivery.SenderVERP, "", "b-" + token + "@org.example"},
		{delivery.SenderVERP, "returns@bounce.example", "returns-" + token + "@bounce.example"},
		{delivery.SenderPlus, "bounces@org.example", "bounces+" + token + "@org.example"},
		{delivery.SenderFixed, "bounces@org.example", "bounces@org.example"},
		{delivery.SenderFixed, "", "news@org.example"},
		{delivery.SenderVERP, strings.Repeat("b", 34) + "@org.example", strings.Repeat("b", 34) + "-" + token + "@org.example"},
	} {
		got := delivery.Relay{SenderMode: test.mode, BounceAddress: test.bounce}.Sender(token, "news@org.example")
		if got != test.want {
			t.Errorf("%s %s: %s, want %s", test.mode, test.bounce, got, test.want)
		}
		if _, err := mailaddr.Parse(got); err != nil {
			t.Errorf("%s: %v", got, err)
		}
	}
}

func TestWarmupSaysWhenItEnds(t *testing.T) {
	t.Parallel()
	limits, err := delivery.ParseWarmup("50, 100x2,500")
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(2027, 3, 1, 15, 0, 0, 0, time.UTC)
	r := delivery.Relay{DailyCap: 300, Warmup: delivery.Warmup{From: from, Limits: limits}}
	ends := time.Date(2027, 3, 5, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		hours, limit int
		end          time.Time
	}{{-48, 50, ends}, {0, 50, ends}, {8, 50, ends}, {9, 100, ends}, {33, 100, ends}, {56, 100, ends}, {57, 300, ends}, {80, 300, ends}, {81, 300, time.Time{}}, {9999, 300, time.Time{}}} {
		limit, end := r.DailyLimit(from.Add(time.Duration(test.hours) * time.Hour))
		if limit != test.limit || !end.Equal(test.end) {
			t.Errorf("after %d h: %d until %s, want %d until %s", test.hours, limit, end, test.limit, test.end)
		}
	}
	r.DailyCap = 0
	if limit, _ := r.DailyLimit(from.Add(80 * time.Hour)); limit != 500 {
		t.Errorf("on the last day %d", limit)
	}
	if limit, end := r.DailyLimit(ends); limit != 0 || !end.IsZero() {
		t.Errorf("after it %d until %s", limit, end)
	}
	for _, bad := range []string{"0", "-5", "a", "5x0", "5x121", "x3", "99999999999"} {
		if _, err := delivery.ParseWarmup(bad); !errs.Is(err, errs.Invalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if plan, err := delivery.ParseWarmup("standard"); err != nil || len(plan) < 7 || plan[0] > 100 {
		t.Errorf("the standard plan: %v, %v", plan, err)
	}
}

func TestFamiliesOfMailHosts(t *testing.T) {
	t.Parallel()
	for domain, want := range map[string]string{
		"gmail.com": "google", "googlemail.com": "google", "outlook.com": "microsoft", "hotmail.co.uk": "microsoft", "live.nl": "microsoft", "msn.com": "microsoft",
		"yahoo.com": "yahoo", "yahoo.co.jp": "yahoo", "aol.com": "yahoo", "icloud.com": "apple", "me.com": "apple", "gmx.net": "united-internet", "web.de": "united-internet",
		"mail.ru": "mail.ru", "qq.com": "tencent", "163.com": "netease", "yandex.ru": "yandex", "proton.me": "proton",
		"example.org": "", "gmail.com.example.org": "", "yahoo.example": "", "live.example.com": "", "": "", "notgmail.com": "",
	} {
		if got := delivery.Family(domain); got != want {
			t.Errorf("%s: %q, want %q", domain, got, want)
		}
	}
}

// TestBucketNeverGivesMore plays any order of takes against plain arithmetic.
func TestBucketNeverGivesMore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.IntRange(1, 1_000_000).Draw(t, "rate")
		burst := rapid.IntRange(1, 100_000).Draw(t, "burst")
		start := time.UnixMilli(1_800_000_000_000)
		b, now, total := delivery.FullBucket(burst, start), start, 0
		for range rapid.IntRange(1, 50).Draw(t, "takes") {
			now = now.Add(time.Duration(rapid.Int64Range(-1000, 60_000).Draw(t, "ms")) * time.Millisecond)
			n := rapid.IntRange(0, 200_000).Draw(t, "n")
			after, granted, next := b.Take(rate, burst, n, now)
			total += granted
			if granted < 0 || granted > n || granted > burst {
				t.Fatalf("%d of %d granted, the bucket holds %d", granted, n, burst)
			}
			if granted < n { // at next there is a token, a millisecond before none
				if _, more, _ := after.Take(rate, burst, 1, next); more != 1 || !next.After(after.At) {
					t.Fatalf("no token at %s", next)
				}
				if _, more, _ := after.Take(rate, burst, 1, next.Add(-time.Millisecond)); more != 0 {
					t.Fatalf("a token before %s", next)
				}
			}
			b = after
		}
		if most := int64(burst) + (b.At.UnixMilli()-start.UnixMilli())*int64(rate)/60_000; int64(total) > most {
			t.Fatalf("%d granted, %d possible", total, most)
		}
	})
	_, granted, _ := delivery.FullBucket(5, time.UnixMilli(0)).Take(1_000_000, 1_000_000_000, 10, time.UnixMilli(1<<60))
	if granted != 10 {
		t.Errorf("after an age %d granted", granted)
	}
}

func TestRelaysNeverShowTheirSecrets(t *testing.T) {
	t.Parallel()
	r := relay(func(r *delivery.Relay) { r.Config.Password, r.Config.Username, r.Sealed = "hunter2", "news", "hunter2" })
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	c := delivery.Credentials{Password: "hunter2", OAuth: delivery.OAuth{ClientSecret: "hunter2", RefreshToken: "hunter2"}}
	cb, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	shown := string(b) + string(cb) + fmt.Sprintf("%v %+v %#v %v", c, c, c, r.Config)
	if strings.Contains(shown, "hunter2") || !strings.Contains(string(b), `"has_secret":true`) {
		t.Errorf("%s", shown)
	}
}

func TestSplitServer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		typed string
		host  string
		port  int
	}{
		{" mail.example.org ", "mail.example.org", 587}, {"mail.example.org:2525", "mail.example.org", 2525}, {"127.0.0.1:25", "127.0.0.1", 25},
		{"::1", "::1", 587}, {"[::1]:25", "::1", 25}, {"mail.example.org:smtp", "mail.example.org:smtp", 587}, {":25", ":25", 587},
		{"smtp://mail.example.org", "smtp://mail.example.org", 587}, {"", "", 587},
	} {
		if host, port := delivery.SplitServer(c.typed, 587); host != c.host || port != c.port {
			t.Errorf("%q is %s and %d, want %s and %d", c.typed, host, port, c.host, c.port)
		}
	}
}
