package networks

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"postrider/internal/errs"
)

// ShareURL returns the address that opens the network's composer with s filled
// in. A space is %20, never "+"; a line break %0A, in mailto and sms %0D%0A.
//
// s.URL must be absolute http or https and s.Image, where given, too; a
// network that cannot do without an image wants one: else the error is
// Invalid. Where URLInText is set and s.Text lacks s.URL, it is put on a last
// line; what the text holds is not sent a second time in a field of its own.
// Networks whose text is a title take s.Title where s.Text is empty.
func (n Network) ShareURL(s Share) (string, error) {
	if n.link == nil {
		return "", errs.NotFoundf("there is no network %q: see postrider network list", n.ID)
	}
	if !isWebAddress(s.URL) {
		return "", errs.Invalidf("sharing on %s: %q is no address to share: begin it with https://", n.Name, s.URL)
	}
	if s.Image != "" && !isWebAddress(s.Image) {
		return "", errs.Invalidf("sharing on %s: the image %q has no public address: begin it with https://", n.Name, s.Image)
	}
	if n.NeedsImage && s.Image == "" {
		return "", errs.Invalidf("sharing on %s: it takes only links with an image: give the recap one", n.Name)
	}
	s.Text, s.Title = clean(s.Text), oneLine(clean(s.Title))
	if n.OneLine {
		s.Text = oneLine(s.Text)
		if s.Text == "" {
			s.Text = s.Title
		}
	}
	if n.URLInText && !holdsURL(s.Text, s.URL) {
		s.Text = joinNonEmpty("\n\n", s.Text, s.URL)
	}
	return n.link(n, s), nil
}

func isWebAddress(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" &&
		!strings.ContainsAny(address, " \t\r\n")
}

// query appends the pairs of names and values to base, leaving out empty values.
func query(base string, pairs ...string) string {
	var b strings.Builder
	b.WriteString(base)
	separator := "?"
	if strings.Contains(base, "?") {
		separator = "&"
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		b.WriteString(separator + pairs[i] + "=" + escape(pairs[i+1]))
		separator = "&"
	}
	return b.String()
}

// escape percent-encodes everything but letters, digits and "-_.~". A "+" for
// a space would be shown as a plus by mailto:, sms: and fragments.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// withBreaks encodes with the line breaks that RFC 6068, 5 asks for.
func withBreaks(s string) string { return escape(strings.ReplaceAll(s, "\n", "\r\n")) }

func linkFacebook(n Network, s Share) string {
	tag := ""
	if len(s.Hashtags) > 0 {
		tag = "#" + strings.TrimPrefix(s.Hashtags[0], "#")
	}
	return query("https://www.facebook.com/sharer/sharer.php", "u", s.URL, "hashtag", tag)
}

// linkX leaves hashtags where the text holds them, as it is measured. Only
// those that it lacks go into the field.
func linkX(n Network, s Share) string {
	text, address := s.split()
	return query("https://x.com/intent/tweet", "text", text, "url", address) + tagField("hashtags", missingTags(s))
}

func linkLinkedIn(n Network, s Share) string {
	return query("https://www.linkedin.com/sharing/share-offsite/", "url", s.URL)
}

func linkBluesky(n Network, s Share) string {
	return query("https://bsky.app/intent/compose", "text", s.Text)
}

// linkMastodon uses the fragment: the text never reaches the server, which
// only asks for the reader's own one.
func linkMastodon(n Network, s Share) string {
	return "https://share.joinmastodon.org/#text=" + escape(s.Text)
}

func linkThreads(n Network, s Share) string {
	topic := ""
	if len(s.Hashtags) > 0 {
		topic = strings.TrimPrefix(s.Hashtags[0], "#")
	}
	text, address := s.split()
	return query("https://www.threads.com/intent/post", "text", text, "url", address, "tag", topic)
}

func linkWhatsApp(n Network, s Share) string { return query("https://wa.me/", "text", s.Text) }

func linkTelegram(n Network, s Share) string {
	text, _ := s.split()
	return query("https://t.me/share/url", "url", s.URL, "text", text)
}

func linkEmail(n Network, s Share) string {
	subject := s.Title
	if subject == "" {
		subject, _, _ = strings.Cut(s.Text, "\n")
	}
	return "mailto:?subject=" + escape(subject) + "&body=" + withBreaks(s.Text)
}

func linkPinterest(n Network, s Share) string {
	return query("https://www.pinterest.com/pin/create/button/", "url", s.URL, "media", s.Image, "description", s.Text)
}

func linkTumblr(n Network, s Share) string {
	link := query("https://www.tumblr.com/widgets/share/tool", "posttype", "link", "title", s.Title,
		"content", s.URL, "canonicalUrl", s.URL, "caption", s.Text)
	return link + tagField("tags", s.Hashtags)
}

func linkLINE(n Network, s Share) string { return query("https://line.me/R/share", "text", s.Text) }

func linkXING(n Network, s Share) string {
	return query("https://www.xing.com/spi/shares/new", "url", s.URL)
}

func linkViber(n Network, s Share) string { return query("viber://forward", "text", s.Text) }

func linkThreema(n Network, s Share) string { return query("threema://compose", "text", s.Text) }

func linkFlipboard(n Network, s Share) string {
	return query("https://share.flipboard.com/bookmarklet/popout?v=2", "title", s.Text, "url", s.URL)
}

func linkInstapaper(n Network, s Share) string {
	return query("https://www.instapaper.com/edit", "url", s.URL, "title", s.Title, "description", s.Text)
}

// linkSMS writes "?&body=", which both Android ("?body=") and iOS ("&body=")
// understand.
func linkSMS(n Network, s Share) string { return "sms:?&body=" + withBreaks(s.Text) }

// titled links have an address and one text.
func titled(base, address, title string) linker {
	return func(_ Network, s Share) string { return query(base, address, s.URL, title, s.Text) }
}

// pictured links have an address, a title and an image.
func pictured(base, image string) linker {
	return func(_ Network, s Share) string {
		return query(base, "url", s.URL, "title", s.Text, image, s.Image)
	}
}

// tagField writes hashtags as a field of a link, divided by commas.
func tagField(name string, tags []string) string {
	if len(tags) == 0 {
		return ""
	}
	escaped := make([]string, len(tags))
	for i, tag := range tags {
		escaped[i] = escape(strings.TrimPrefix(tag, "#"))
	}
	return "&" + name + "=" + strings.Join(escaped, ",")
}

// missingTags returns the hashtags that the text does not hold as words.
func missingTags(s Share) []string {
	held := make(map[string]bool)
	for _, word := range strings.Fields(s.Text) {
		held[strings.ToLower(word)] = true
	}
	var missing []string
	for _, tag := range s.Hashtags {
		if !held["#"+strings.ToLower(strings.TrimPrefix(tag, "#"))] {
			missing = append(missing, tag)
		}
	}
	return missing
}

// split returns the text without the address at its end, and the address,
// empty where it stands elsewhere in the text.
func (s Share) split() (text, address string) {
	text = strings.TrimSpace(s.Text)
	if before, ok := strings.CutSuffix(text, s.URL); ok && (before == "" || strings.HasSuffix(before, " ") || strings.HasSuffix(before, "\n")) {
		return strings.TrimSpace(before), s.URL
	}
	if holdsURL(text, s.URL) {
		return s.Text, ""
	}
	return s.Text, s.URL
}

// holdsURL reports whether the text holds this address, not only a longer one
// that begins like it.
func holdsURL(text, address string) bool {
	if address == "" {
		return true
	}
	for {
		_, behind, found := strings.Cut(text, address)
		if !found {
			return false
		}
		next, _ := utf8.DecodeRuneInString(behind)
		if behind == "" || !unicode.IsLetter(next) && !unicode.IsDigit(next) && !strings.ContainsRune("/?#&=%-_~", next) {
			return true
		}
		text = behind
	}
}
