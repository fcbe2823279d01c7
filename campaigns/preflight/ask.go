package preflight

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"postrider/internal/errs"
)

const (
	maxAsked = 100 // links and pictures
	askers   = 8   // at a time
	patience = 40 * time.Second
)

// asked is what came of asking one address.
type asked struct {
	address string
	picture bool
	status  int
	size    int64
	err     error
}

// ask looks whether links and pictures answer, several at a time. Our own
// pages are left out: an edition's page is not public before it is sent.
func (c *checker) ask(ctx context.Context, f Fetcher) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var all []asked
	add := func(address string, picture bool) {
		web := strings.HasPrefix(address, "https://") || strings.HasPrefix(address, "http://")
		own := c.Edition.BaseURL != "" && strings.HasPrefix(address, c.Edition.BaseURL+"/")
		known := slices.ContainsFunc(all, func(a asked) bool { return a.address == address })
		if web && !own && !known && !strings.HasPrefix(address, unsubscribeMark) && len(all) < maxAsked {
			all = append(all, asked{address: address, picture: picture})
		}
	}
	for _, l := range c.doc.links {
		add(l.to, false)
	}
	for _, i := range c.doc.images {
		add(i.from, true)
	}
	turns := make(chan int)
	var wait sync.WaitGroup
	for range askers {
		wait.Go(func() {
			for n := range turns {
				a := &all[n]
				a.status, a.size, a.err = f.Look(ctx, a.address)
			}
		})
	}
	for n := range all {
		turns <- n
	}
	close(turns)
	wait.Wait()
	for _, a := range all {
		c.judge(a)
	}
}

// judge tells of links that are dead. A host that wants a log-in (401), keeps
// programs out (403, 429, 999) or knows no such question (405) is not.
func (c *checker) judge(a asked) {
	what := "the link " + short(a.address)
	if a.picture {
		what = "the picture " + short(a.address)
	}
	switch {
	case errs.Is(a.err, errs.Forbidden):
		c.advise("dead_link", "", what+" is on this machine or a private network, where readers are not: use a public address")
	case a.err != nil:
		c.advise("dead_link", "", fmt.Sprintf("%s does not answer (%v): check it", what, a.err))
	case a.status == 404 || a.status == 410:
		c.advise("dead_link", "", fmt.Sprintf("%s leads to nothing (status %d): mend it", what, a.status))
	case a.status >= 500 && a.status < 600:
		c.advise("dead_link", "", fmt.Sprintf("%s answers with an error (status %d): try it in a browser", what, a.status))
	case a.picture && a.size > heavyPicture:
		c.advise("image_weight", "", fmt.Sprintf("%s has %d KB: readers on a phone wait for it, 200 KB are plenty", what, a.size/1000))
	}
}
