package templates

import (
	"fmt"
	"net/mail"
	"net/url"
	"strings"

	"postrider/networks"
)

// webURL returns s where it is an absolute http or https URL with a host, else
// "". Relative names of images come out as "": a mail cannot show them.
func webURL(s string) string {
	s = strings.TrimSpace(s)
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || !strings.EqualFold(u.Scheme, "http") && !strings.EqualFold(u.Scheme, "https") {
		return ""
	}
	return u.String()
}

// linkURL is webURL that also lets mailto through.
func linkURL(s string) string {
	if u := webURL(s); u != "" {
		return u
	}
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || !strings.EqualFold(u.Scheme, "mailto") || u.Opaque == "" {
		return ""
	}
	return u.String()
}

// helpURL is linkURL that also takes a bare address.
func helpURL(s string) string {
	if u := linkURL(s); u != "" {
		return u
	}
	if a, err := mail.ParseAddress(s); err == nil && a.Address == strings.TrimSpace(s) {
		return "mailto:" + url.PathEscape(a.Address)
	}
	return ""
}

// pageURL is the public page of the edition, "" where the installation's
// address or the slug is not known.
func (i *issue) pageURL() string {
	if i.base == "" || i.slug == "" {
		return ""
	}
	return i.base + "/r/" + i.slug
}

func (i *issue) takeawayURL(n int) string {
	page := i.pageURL()
	if page == "" {
		return ""
	}
	return fmt.Sprintf("%s/%d", page, n)
}

// ShareTarget is the page that shares and rel=canonical of the edition point
// to: the original of its first recap where there is one and the edition does
// not ask for our page, else {BaseURL}/r/{slug}. It is "" in a preview without
// either.
func ShareTarget(e Edition) string {
	i := outline(e)
	return i.shareTarget()
}

// ShareTargetTakeaway is the page that a share of takeaway n points to. That is
// always our own page of the takeaway, {BaseURL}/r/{slug}/{n}, also where the
// edition's shares lead to the original: the original has no anchor for a
// single point and its card would show the whole article. Without a page it is
// the ShareTarget.
func ShareTargetTakeaway(e Edition, n int) string {
	i := outline(e)
	return i.shareTargetTakeaway(n)
}

func (i *issue) shareTarget() string {
	if i.original != "" && i.canonical != CanonicalPage {
		return i.original
	}
	if page := i.pageURL(); page != "" {
		return page
	}
	return i.original
}

func (i *issue) shareTargetTakeaway(n int) string {
	if page := i.takeawayURL(n); page != "" {
		return page
	}
	return i.shareTarget()
}

// shareLink leads a reader to a network: over /s/, which is repaired after
// sending, or straight to the network in a preview. n is 0 for the whole
// edition. "" means that the network cannot be reached this way.
func (i *issue) shareLink(net networks.Network, n int) (string, error) {
	if i.base != "" && i.id != "" {
		if n == 0 {
			return fmt.Sprintf("%s/s/%s/%s", i.base, i.id, net.ID), nil
		}
		return fmt.Sprintf("%s/s/%s/%d/%s", i.base, i.id, n, net.ID), nil
	}
	s, err := i.snippet(net, n)
	return s.URL, err
}
