package bounces

import (
	"regexp"
	"slices"
	"strings"
)

// anAddress finds what looks like one, in whatever stands around it. Encoded
// words stay as they are: some servers mail to them.
var anAddress = regexp.MustCompile(`(?:"[^"\s@]{1,64}"|[^\s\x00-\x1f\x7f<>()\[\]",;:|'` + "`" + `\\@]{1,64}(?:'[^\s\x00-\x1f\x7f<>()\[\]",;:|'` + "`" + `\\@]{1,64})*)@[\p{L}\p{N}](?:[\p{L}\p{N}_.-]{0,253}[\p{L}\p{N}])?`)

// addressesIn returns the addresses of a text in order, each once.
func addressesIn(text string) []string {
	var out []string
	for _, a := range anAddress.FindAllString(text, maxEntries) {
		out = appendNew(out, trimAddress(a))
	}
	return out
}

func trimAddress(a string) string {
	return strings.TrimPrefix(a, "mailto:")
}

// address is the first one of a text, "" where there is none.
func address(text string) string {
	if a := anAddress.FindString(text); len(a) <= maxAddress {
		return trimAddress(a)
	}
	return ""
}

func appendNew(all []string, one string) []string {
	if one == "" || slices.ContainsFunc(all, func(a string) bool { return strings.EqualFold(a, one) }) {
		return all
	}
	return append(all, one)
}

// aMessageID is what stands between angle brackets.
var aMessageID = regexp.MustCompile(`<([^<>\s]{3,300})>`)

func messageID(v string) string {
	if m := aMessageID.FindStringSubmatch(v); m != nil {
		return m[1]
	}
	if v = strings.TrimSpace(v); len(v) <= 300 && strings.Contains(v, "@") && !strings.ContainsAny(v, " \t") {
		return v
	}
	return ""
}

// originalIDs are the Message-IDs that the mail that came back may have had.
func (m *message) originalIDs() []string {
	var out []string
	add := func(h header) {
		for _, name := range []string{"Message-ID", "X-Original-Message-ID"} {
			for _, v := range h.all(name) {
				out = appendNew(out, messageID(v))
			}
		}
	}
	add(m.original)
	add(parseHeader(m.returned()))
	for _, p := range m.parts {
		if isStatus(p.kind) {
			add(parseHeader(p.text))
		}
	}
	if len(out) == 0 { // an automatic reply names what it answers
		for _, name := range []string{"In-Reply-To", "References"} {
			for _, id := range aMessageID.FindAllStringSubmatch(m.top.get(name), 10) {
				out = appendNew(out, id[1])
			}
		}
	}
	return out
}

// originalTo are the addresses that the mail that came back was sent to.
func (m *message) originalTo() []string {
	var out []string
	for _, h := range []header{m.original, parseHeader(m.returned())} {
		for _, name := range []string{"X-Original-To", "Original-Recipient", "X-Envelope-To", "Envelope-To", "To"} {
			for _, v := range h.all(name) {
				for _, a := range addressesIn(v) {
					out = appendNew(out, a)
				}
			}
		}
	}
	return out
}

// originalTokens are the envelope senders and the links to unsubscribe that the
// mail that came back holds.
func (m *message) originalTokens() (senders, links []string) {
	for _, h := range []header{m.original, parseHeader(m.returned())} {
		for _, v := range h.all("Return-Path") {
			senders = appendNew(senders, address(v))
		}
		for _, v := range h.all("List-Unsubscribe") {
			links = append(links, aLink.FindAllString(strings.Join(strings.Fields(v), ""), 4)...)
		}
	}
	return senders, links
}

var aLink = regexp.MustCompile(`https?://[^<>]{1,500}`)
