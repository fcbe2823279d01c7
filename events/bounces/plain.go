package bounces

import (
	"regexp"
	"strings"
)

// segment is what a text says about one recipient.
type segment struct {
	address string
	text    string
}

const addressPattern = `["'<]*(?:mailto:)?([^\s<>"',;:()]+@[\p{L}\p{N}._-]*[\p{L}\p{N}])[>"']*`

// Lines that name a recipient, and not whoever else a text names.
var names = []*regexp.Regexp{
	regexp.MustCompile(`^[\s*>\-]*` + addressPattern + `(?:<mailto:[^>]*>)?\s*[:.,;]?\s*$`), // alone
	regexp.MustCompile(`^\s*<([^\s<>@]+@[^\s<>@]+)>`),                                       // <a@b>: …
	regexp.MustCompile(`^\s*(?:\d{3}[ -](?:\d\.\d\.\d+ )?)<([^\s<>@]+@[^\s<>@]+)>\.\.\.`),   // 550 <a@b>... (Sendmail)
	regexp.MustCompile(`(?i)^\s*(?:recipient( address)?|original address|address|user|addressee|email|e-mail|failed recipient|delivery to|mail to)\s*:\s*` + `(?:.{0,40}<)?` + addressPattern + `>?`),
	regexp.MustCompile(`(?i)(?:not be delivered to|undeliverable to|deliver(?:y of)?(?: your| the)?(?: message| mail)? to|delivery to|delivered to|addressed to|not delivered to|failed to|sent to|message to|mail to|addresses?\)? failed|rejected recipient|recipients?(?: address)?|mailbox exceeds allowed size|unknown user|user unknown|unknown local user|invalid final delivery user|invalid address|unknown host|address)\s*[:=]?\s*` + addressPattern),
	regexp.MustCompile(`^[\s*\-]*` + addressPattern + `\s*[:\[(,]\s*\S`),                                                                         // a@b: why, a@b [why], a@b (why)
	regexp.MustCompile(`(?i)^[\s*\-]*` + addressPattern + `\s+(?:on |invalid|unknown|not |does |was |is |could |has |mailbox|user|failed|the )`), // a@b on Thu …
}

// whoElse are lines that name a sender or a postmaster.
var whoElse = regexp.MustCompile(`(?i)^\W*(from|sender|reply-to|return-path|cc|bcc|message-id|envelope-from|x-[a-z-]+|received)\s*:|mail from:|please (send|contact|forward)|for (further )?(assistance|help|information)|contact (your|the|us)|postmaster|reply to`)

// segments cuts a text at the lines that name recipients. Lines before the
// first belong to all of them where there is only one.
func segments(text string, m *message) []segment {
	lines := strings.SplitN(text, "\n", maxTextLines+1)
	if len(lines) > maxTextLines {
		lines = lines[:maxTextLines]
	}
	var out []segment
	at := -1
	for i, line := range lines {
		if len(line) > 4*maxText {
			line = line[:4*maxText]
		}
		if a := named(line, at >= 0); a != "" && !m.ours(a) {
			at = -1
			for k := range out {
				if strings.EqualFold(out[k].address, a) {
					at = k
				}
			}
			if at < 0 && len(out) < maxEntries {
				at = len(out)
				out = append(out, segment{address: a})
				if i > 0 && len(out) == 1 {
					out[0].text = lead(lines[:i])
				}
			}
		}
		if at >= 0 && len(out[at].text) < maxText*8 {
			out[at].text += line + "\n"
		}
	}
	return out
}

// lead is the line right before the first recipient, where it says why.
func lead(lines []string) string {
	for i := len(lines) - 1; i >= 0 && i >= len(lines)-4; i-- {
		if l := strings.TrimSpace(lines[i]); l != "" && !strings.HasSuffix(l, ":") && len(l) < 200 && says(l) {
			return l + "\n"
		}
	}
	return ""
}

// named is the recipient that a line names. Within a recipient's words, only a
// line that begins with another counts.
func named(line string, inside bool) string {
	if !strings.Contains(line, "@") || whoElse.MatchString(line) {
		return ""
	}
	for i, r := range names {
		if inside && (i == 3 || i == 4) {
			continue
		}
		if m := r.FindStringSubmatch(line); m != nil {
			a := address(m[len(m)-1])
			if local, domain, ok := strings.Cut(a, "@"); ok && local != "" && strings.Contains(domain, ".") && !strings.EqualFold(local, "mailer-daemon") {
				return a
			}
		}
	}
	return ""
}

// ours reports whether an address is the one that the mail was returned to.
func (m *message) ours(a string) bool {
	for _, name := range []string{"To", "Delivered-To", "X-Original-To"} {
		for _, v := range m.top.all(name) {
			if strings.Contains(strings.ToLower(v), strings.ToLower(a)) {
				return true
			}
		}
	}
	return false
}

var (
	daemonFrom = regexp.MustCompile(`(?i)mailer[-_ ]?daemon|postmaster|mail ?deliver(y)? (sub)?system|mail delivery|mail administrator|system administrator|mail system|autoresponder@|delivery (agent|service)|no-?reply@.*dion|exchange|internet mail`)
	daemonSays = regexp.MustCompile(`(?i)undeliver|not (be )?deliver|failure notice|returned mail|returned to sender|return(ed|ing) (mail|message)|mail system error|delivery (status|notification|report|failed|failure|error|problem|has failed)|deliver(y)? .{0,30}fail|failed (mail|delivery)|mail fail|message delivery|unzustellbar|non remis|nondeliver|non-deliver|mail could not|permanent delivery|loop alert|user unknown|unknown user|could not send|error sending your|bounced? mail|rejected mail|mail error|message status|unable to deliver|配信|送信|エラー|не доставлен|Недоставлен|無法`)
	bodySays   = regexp.MustCompile(`(?i)could not be delivered|unable to deliver|wasn'?t able to deliver|was not delivered|undeliverable|did not reach the following|delivery (to the following|failed|has failed|for the following|error)|couldn'?t be delivered|not be delivered|trouble delivering|rejected recipient|had (permanent|delivery|fatal)|delivery errors|permanent (fatal )?error|error delivering|error has occurred while|was rejected by|failed permanently|unable to relay|mailbox exceeds|transcript of session|following address(es)?( |\()|bounced|returned to (the )?sender|returned message|failure reasons?|duplicated message-id`)
)

// readPlain reads a returned mail that follows no standard: it must come from
// a mail system or name failed recipients, and say that it failed.
func readPlain(m *message) []Bounce {
	from, subject, text := m.top.get("From")+" "+m.top.get("Return-Path"), m.top.get("Subject"), m.human()
	failed := addressesIn(strings.Join(m.top.all("X-Failed-Recipients"), ","))
	points := 0
	for _, is := range []bool{daemonFrom.MatchString(from), daemonSays.MatchString(subject), bodySays.MatchString(firstLines(text)), len(failed) > 0, m.param["report-type"] == "delivery-status"} {
		if is {
			points++
		}
	}
	if points < 2 && !(points == 1 && says(firstLines(text)) && m.top.get("Auto-Submitted") == "" && strings.TrimSpace(m.top.get("Return-Path")) == "<>") {
		return nil
	}
	about := segments(text, m)
	if len(failed) == 1 && len(about) == 1 {
		about[0].address = failed[0] // the text may name where a forward led
	}
	for _, a := range failed {
		if !anyOf(about, []string{a}) {
			about = append(about, segment{address: a, text: ""})
		}
	}
	if len(about) == 0 {
		about = m.guess(text)
	}
	warning := isWarning(subject, text)
	var out []Bounce
	for _, s := range about {
		if len(about) == 1 || s.text == "" {
			s.text = text
		}
		out = add(out, m.judgePlain(s, warning))
	}
	return out
}

func anyOf(all []segment, addresses []string) bool {
	for _, s := range all {
		for _, a := range addresses {
			if strings.EqualFold(s.address, a) {
				return true
			}
		}
	}
	return false
}

// guess takes the only other address of the text, or whom the original was
// sent to.
func (m *message) guess(text string) []segment {
	for _, line := range strings.Split(firstLines(text), "\n") {
		if whoElse.MatchString(line) {
			continue
		}
		for _, a := range addressesIn(line) {
			if !m.ours(a) && !daemonFrom.MatchString(a) {
				return []segment{{address: a, text: text}}
			}
		}
	}
	for _, a := range m.originalTo() {
		return []segment{{address: a, text: text}}
	}
	return nil
}

func (m *message) judgePlain(s segment, warning bool) Bounce {
	s.text = firstLines(s.text)
	sit := situation{
		reply: findReply(s.text), command: command(s.text), text: readable(s.text), said: s.text, program: isProgram(s.text), action: "failed",
		google: strings.Contains(s.text, "** Address not found **"),
	}
	if sit.reply.enhanced == "" {
		sit.reply = better(sit.reply, findReply(m.top.get("Subject")))
	}
	return sit.finish(Bounce{Recipient: s.address, Text: shorten(s.text)}, warning)
}

var (
	commandSaid = regexp.MustCompile(`(?i)in reply\s+to\s+(?:the\s+)?(?:end\s+of\s+)?([a-z]{4})|after (rcpt|mail|data|end of data)|smtp:(rcpt|mail|data) |following (rcpt|mail|data) command|\b(?:to|our) (rcpt|mail) (?:to|from):|after (i sent the message)|for (text|rcpt|mail|data) command|>>> (rcpt|mail|data)|<<< (rcpt|mail|data)|after (RCPT) command|\[(mail_from|rcpt_to)\]|\(state 1([34])\)`)
	programSaid = regexp.MustCompile(`(?i)command output:|pipe to \||unknown mailer error|local delivery agent|generated during the delivery attempt|procmail:`)
)

// command is the one that the mail server answered, "" where nothing tells.
func command(text string) string {
	if strings.Contains(text, "does not like recipient") { // qmail
		return "rcpt"
	}
	m := commandSaid.FindStringSubmatch(text)
	for _, c := range m[min(1, len(m)):] {
		if c != "" {
			c = strings.ToLower(c)
			switch {
			case strings.HasPrefix(c, "rcpt"), c == "3", c == "4": // Google's states
				return "rcpt"
			case strings.HasPrefix(c, "mail"):
				return "mail"
			}
			return "data"
		}
	}
	return ""
}

func isProgram(text string) bool { return programSaid.MatchString(text) }

var transcriptBegins = regexp.MustCompile(`(?i)transcript of (the )?session`)

// transcript is the reply in a Sendmail's record of its dialogue.
func transcript(text string) reply {
	i := transcriptBegins.FindStringIndex(text)
	if i == nil {
		return reply{}
	}
	return findReply(firstLines(text[i[1]:]))
}
