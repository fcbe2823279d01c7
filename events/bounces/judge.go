package bounces

import (
	"regexp"
	"strings"
)

// judge makes of an entry what it means.
func judge(e entry, m *message, text string, warning bool) Bounce {
	b := Bounce{Recipient: e.recipient()}
	kind, said := dsnType(e.diagnostic)
	if m := refusedByLDA.FindStringSubmatch(text); m != nil { // the program that knows the mailbox
		said, kind, e.words = m[1], "", e.words+"\n"+said
	}
	r := findReply(said)
	if kind == "x-unix" || kind == "x-notes" { // an exit code, not a reply
		r = reply{}
	}
	inWords := findReply(e.words)
	if r.enhanced == "" && r.code == "" || general(r.enhanced) && e.status == "" {
		r = better(r, inWords)
	}
	switch {
	case r.enhanced == "" || general(r.enhanced) && !general(e.status):
		if e.status != "" {
			r.enhanced = e.status
		}
	}
	if r.code == "" && kind != "x-unix" && len(m.parts) > 0 {
		r.code = inWords.code
	}
	if r.code == "" && r.enhanced != "" {
		if t := transcript(text); t.code != "" && t.code[0] == r.enhanced[0] {
			r.code = t.code
			r = better(r, t)
		}
	}
	s := situation{
		reply: r, status: e.status, action: e.action, command: command(e.words + "\n" + text), program: kind == "x-unix" || isProgram(e.words),
		text: readable(said + "\n" + e.words), said: said,
	}
	if strings.TrimSpace(said) == "" {
		s.said = e.words
		if len(m.parts) > 0 && e.words == "" {
			s.text = readable(text)
		}
	}
	b.Text = shorten(s.said)
	s.google = strings.Contains(text, "** Address not found **")
	return s.finish(b, warning)
}

// finish puts reason, class and codes into an entry.
func (s situation) finish(b Bounce, warning bool) Bounce {
	b.Code = s.reply.code
	b.Reason = s.reason()
	b.Class = b.Reason.class()
	b.Status = s.reply.enhanced
	if b.Status == "" {
		b.Status = b.Reason.status(s.temporary() || warning)
	}
	switch {
	case s.action == "delivered", s.action == "relayed", s.action == "expanded", s.action == "deliverable":
		b.Reason, b.Class = DeliveredReason, Delivered
	case s.action == "delayed" || warning:
		b.Class = Delayed
	case b.Class == Hard && s.temporary() && !s.surelyGone():
		b.Class = Soft
	case b.Class == Hard && s.program:
		b.Class = Soft
	}
	b.Hard = b.Class == Hard
	return b
}

// temporary reports whether the answer says "later", whatever the mail that
// brings it calls itself.
func (s situation) temporary() bool {
	switch {
	case s.reply.enhanced != "":
		return s.reply.enhanced[0] == '4'
	case s.reply.code != "":
		return s.reply.code[0] == '4'
	}
	return false
}

// surelyGone is a temporary answer that was given for days and names the
// recipient: servers defer unknown users while somebody tests them.
func (s situation) surelyGone() bool {
	return strings.HasPrefix(s.reply.enhanced, "4.1.") && s.reply.enhanced != "4.1.8" && s.action == "failed"
}

// readable is a text for the comparison with words: lower case, one space,
// no addresses and no links, so that nobody's name is taken for a reason.
func readable(text string) string {
	text = strings.ReplaceAll(strings.ToLower(text), "’", "'")
	fields := strings.FieldsFunc(text, func(r rune) bool { return r <= ' ' || r == '\u00a0' })
	out := fields[:0]
	for _, f := range fields {
		if strings.Contains(f, "://") {
			if _, topic, ok := strings.Cut(f, "support.google.com/mail/?p="); ok {
				out = append(out, "google:"+topic)
			}
			continue
		}
		if strings.Contains(f, "@") && !strings.Contains(f, "<>") || isCode(f) {
			continue
		}
		out = append(out, f)
		if len(out) > 2000 {
			break
		}
	}
	return " " + strings.Join(out, " ") + " "
}

// isCode reports whether a word is a reply or enhanced code, which servers put
// at the beginning of each line and others then fold into the text.
func isCode(f string) bool { return codeWord.MatchString(f) }

// refusedByLDA is Dovecot's notice; what follows is what its mailbox said.
var refusedByLDA = regexp.MustCompile(`was automatically rejected:\s*(.+)`)
