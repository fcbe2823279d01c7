package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"postrider/internal/errs"
	"postrider/internal/tokens"
)

// answersAsUs asks the public URL who it is. Links in mails lead there for
// years: one that leads to nobody, or to another installation, cannot be
// called back.
func answersAsUs(ctx context.Context, base string, keys tokens.Keys) error {
	bad := func(kind errs.Kind, format string, args ...any) error {
		return &errs.Error{Kind: kind, Field: "--url", Text: fmt.Sprintf(format, args...)}
	}
	if !isHTTPS(base) {
		return bad(errs.Invalid, "mail to readers elsewhere needs links that they can open: give the https address of this installation's public pages, as in --url https://news.org.example, and run postrider serve there")
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	where := base + "/.well-known/postrider"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, where, nil)
	if err != nil {
		return bad(errs.Invalid, "%q cannot be asked: %v", where, err)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(request)
	if err != nil {
		return bad(errs.Unavailable, "nothing answers at %s (%v): start postrider serve behind it, then try again", where, err)
	}
	defer answer.Body.Close()
	var told struct {
		Postrider string `json:"postrider"`
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, 4096))
	if err != nil || answer.StatusCode != http.StatusOK || json.Unmarshal(body, &told) != nil || told.Postrider == "" {
		return bad(errs.Unavailable, "%s is not a Postrider (status %d): let the address lead to postrider serve --listen", where, answer.StatusCode)
	}
	if !keys.Knows(told.Postrider) {
		return bad(errs.Conflict, "%s is another installation with another key: links in these mails would not work there", where)
	}
	return nil
}
