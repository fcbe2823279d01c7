package bounces

import (
	"encoding/json"
	"regexp"
	"strings"
)

// readComplaint reads an abuse report (RFC 5965). Only reports of the types
// below are a reader's own doing; reports about authentication are none.
func readComplaint(m *message) []Bounce {
	for _, p := range m.parts {
		if p.kind != "message/feedback-report" {
			continue
		}
		h := parseHeader(strings.TrimLeft(p.text, "\n"))
		switch strings.ToLower(h.get("Feedback-Type")) {
		case "auth-failure", "dmarc", "not-spam", "virus":
			return nil
		}
		var who []string
		for _, name := range []string{"Original-Rcpt-To", "Removal-Recipient", "Original-Recipient"} {
			for _, v := range h.all(name) {
				for _, a := range addressesIn(v) {
					who = appendNew(who, a)
				}
			}
		}
		if len(who) == 0 {
			who = m.originalTo()
		}
		if len(who) == 0 {
			who = []string{""}
		}
		var out []Bounce
		for _, a := range who {
			out = append(out, Bounce{Recipient: a, Class: Complaint, Reason: Feedback, Text: shorten(h.get("Feedback-Type") + " reported by " + h.get("User-Agent"))})
		}
		return out
	}
	return nil
}

// notification is what Amazon tells of a mail, through SNS or by mail.
type notification struct {
	Type   string `json:"notificationType"`
	Event  string `json:"eventType"`
	Bounce struct {
		Type       string `json:"bounceType"`
		Sub        string `json:"bounceSubType"`
		Recipients []struct {
			Address    string `json:"emailAddress"`
			Action     string `json:"action"`
			Status     string `json:"status"`
			Diagnostic string `json:"diagnosticCode"`
		} `json:"bouncedRecipients"`
	} `json:"bounce"`
	Complaint struct {
		Recipients []struct {
			Address string `json:"emailAddress"`
		} `json:"complainedRecipients"`
		Type string `json:"complaintFeedbackType"`
	} `json:"complaint"`
	Delivery struct {
		Recipients []string `json:"recipients"`
		Response   string   `json:"smtpResponse"`
	} `json:"delivery"`
	Mail struct {
		ID string `json:"messageId"`
	} `json:"mail"`
}

var notifies = regexp.MustCompile(`\{\s*"(?:notificationType|eventType)"`)

// readNotification reads Amazon's notification where it came by mail.
func readNotification(m *message) []Bounce {
	text := m.allText()
	i := notifies.FindStringIndex(text)
	if i == nil {
		return nil
	}
	var n notification
	if json.NewDecoder(strings.NewReader(text[i[0]:])).Decode(&n) != nil {
		// A mail system may have broken the line at white space.
		if json.NewDecoder(strings.NewReader(strings.ReplaceAll(text[i[0]:], "\n", " "))).Decode(&n) != nil {
			return nil
		}
	}
	return n.bounces()
}

func (n notification) bounces() []Bounce {
	var out []Bounce
	kind := n.Type
	if kind == "" {
		kind = n.Event
	}
	switch kind {
	case "Bounce":
		for _, r := range n.Bounce.Recipients {
			e := entry{final: recipientOf(r.Address), action: strings.ToLower(r.Action), status: r.Status, diagnostic: r.Diagnostic}
			if alone.FindStringSubmatch(e.status) == nil {
				e.status = ""
			}
			if n.Bounce.Type != "Permanent" && e.status == "" {
				e.status = "4.0.0"
			}
			b := judge(e, &message{}, n.Bounce.Type+" "+n.Bounce.Sub, false)
			if n.Bounce.Sub == "Suppressed" || n.Bounce.Sub == "OnAccountSuppressionList" {
				b.Reason, b.Class, b.Hard = Suppressed, Soft, false
			}
			out = append(out, b)
		}
	case "Complaint":
		for _, r := range n.Complaint.Recipients {
			out = append(out, Bounce{Recipient: recipientOf(r.Address), Class: Complaint, Reason: Feedback, Text: shorten(n.Complaint.Type)})
		}
	case "Delivery":
		for _, r := range n.Delivery.Recipients {
			said := findReply(n.Delivery.Response)
			out = append(out, Bounce{Recipient: recipientOf(r), Status: said.enhanced, Code: said.code, Class: Delivered, Reason: DeliveredReason, Text: shorten(n.Delivery.Response)})
		}
	}
	return out
}

var (
	absence  = regexp.MustCompile(`(?i)out of (the )?office|auto(matic)?[- ]?(reply|response|responder)|automatische? (antwort|antwoord)|abwesen|r[ée]ponse automatique|absence|vacation|on holiday|away from (my|the)|respuesta autom|risposta automatica|autosvar|automatiskt svar|frånvaro|自動応答|自動返信|不在`)
	autoKind = regexp.MustCompile(`(?i)^\s*auto-(replied|generated|notified)`)
)

// readAutoReply tells an automatic reply of a person's mailbox (RFC 3834) from
// a mail that somebody wrote.
func readAutoReply(m *message) []Bounce {
	h := m.top
	is := autoKind.MatchString(h.get("Auto-Submitted")) || absence.MatchString(h.get("Subject")) ||
		h.get("X-Autoreply") != "" || h.get("X-Autorespond") != "" || h.get("X-Autoresponse") != "" || strings.Contains(strings.ToLower(h.get("Precedence")), "auto_reply") ||
		strings.EqualFold(h.get("X-Precedence"), "auto_reply")
	from := address(h.get("From"))
	if !is || from == "" {
		return nil
	}
	return []Bounce{{Recipient: from, Class: AutoReply, Reason: Vacation, Text: shorten(h.get("Subject"))}}
}

// says reports whether a text names a reason that is more than a guess.
func says(text string) bool {
	t := readable(text)
	for _, r := range rules {
		switch r.reason {
		case UserUnknown, HostUnknown, MailboxFull, Suspend, HasMoved, MesgTooBig, Expired:
			if r.matches(situation{}, t) {
				return true
			}
		}
	}
	return findReply(text).code != ""
}
