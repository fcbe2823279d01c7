package preflight

import (
	"context"
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
	f := Finding{}
	what := short(a.address)
	switch {
	case errs.Is(a.err, errs.Forbidden):
		f = found("dead_link", "", a.key("check.link_private", "check.picture_private"), what)
	case a.err != nil:
		f = found("dead_link", "", a.key("check.link_silent", "check.picture_silent"), what, a.err)
	case a.status == 404 || a.status == 410:
		f = found("dead_link", "", a.key("check.link_gone", "check.picture_gone"), what, a.status)
	case a.status >= 500 && a.status < 600:
		f = found("dead_link", "", a.key("check.link_broken", "check.picture_broken"), what, a.status)
	case a.picture && a.size > heavyPicture:
		f = found("image_weight", "", "check.image_weight", what, a.size/1000)
	default:
		return
	}
	f.about = a.address
	c.advise(f)
}

func (a asked) key(link, picture string) string {
	if a.picture {
		return picture
	}
	return link
}
