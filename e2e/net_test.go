package e2e_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"postrider/internal/smtptest"
)

// smtpServer is a mail server that does what a script says. Connections that a
// killed sender leaves behind are no fault.
func smtpServer(t testing.TB, script string) *smtptest.Server {
	t.Helper()
	return smtptest.Start(t, script, smtptest.AllowFaults())
}

// untilAccepted waits until a server has taken n mails.
func untilAccepted(t testing.TB, s *smtptest.Server, n int, within time.Duration) {
	t.Helper()
	eventually(t, within, func() string {
		if got := len(s.Accepted()); got < n {
			return fmt.Sprintf("the mail server has taken %d mails, want %d", got, n)
		}
		return ""
	})
}

// dialWrong is empty when somebody listens.
func dialWrong(address string) string {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return err.Error()
	}
	_ = c.Close()
	return ""
}

// page is an answer over HTTP.
type page struct {
	status int
	header http.Header
	body   string
}

// browser follows no redirect and keeps no cookie, so that tests see both.
var browser = &http.Client{
	Timeout:       patience,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func request(t testing.TB, r *http.Request) page {
	t.Helper()
	answer, err := browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return page{answer.StatusCode, answer.Header, string(b)}
}

// get asks for a page.
func get(t testing.TB, address string) page {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return request(t, r)
}

// getOK wants it.
func getOK(t testing.TB, address string) string {
	t.Helper()
	p := get(t, address)
	if p.status != http.StatusOK {
		t.Fatalf("GET %s: status %d\n%s", address, p.status, p.body)
	}
	return p.body
}

// post sends a body of a kind, as from a page of the same site.
func post(t testing.TB, address, kind, body string) page {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	return request(t, r)
}

func postForm(t testing.TB, address string, values url.Values) page {
	t.Helper()
	return post(t, address, "application/x-www-form-urlencoded", values.Encode())
}
