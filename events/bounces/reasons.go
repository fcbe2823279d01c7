package bounces

import "strings"

// Reason is why a mail came back, in one word of a vocabulary that bounce
// tools share.
type Reason string

// The reasons.
const (
	UserUnknown     Reason = "userunknown"
	HostUnknown     Reason = "hostunknown"
	HasMoved        Reason = "hasmoved"
	NotAccept       Reason = "notaccept" // the host or domain takes no mail
	Filtered        Reason = "filtered"  // "unknown user", said where filters say it too
	Suspend         Reason = "suspend"
	MailboxFull     Reason = "mailboxfull"
	SystemFull      Reason = "systemfull"
	SystemError     Reason = "systemerror"
	MailerError     Reason = "mailererror"
	NetworkError    Reason = "networkerror"
	Expired         Reason = "expired"
	OnHold          Reason = "onhold"
	Rejected        Reason = "rejected" // the sender's address was refused
	Blocked         Reason = "blocked"
	AuthFailure     Reason = "authfailure"
	BadReputation   Reason = "badreputation"
	RequirePTR      Reason = "requireptr"
	SpamDetected    Reason = "spamdetected"
	VirusDetected   Reason = "virusdetected"
	PolicyViolation Reason = "policyviolation"
	SecurityError   Reason = "securityerror"
	NoRelaying      Reason = "norelaying"
	NotCompliant    Reason = "notcompliantrfc"
	ContentError    Reason = "contenterror"
	SyntaxError     Reason = "syntaxerror"
	MesgTooBig      Reason = "mesgtoobig"
	Speeding        Reason = "speeding"
	Suppressed      Reason = "suppressed" // the provider's own list of addresses that it mails no more
	Undefined       Reason = "undefined"
	Feedback        Reason = "feedback"
	Vacation        Reason = "vacation"
	DeliveredReason Reason = "delivered"
)

// consequences says of each reason what follows from it, and the detail of an
// enhanced code that is derived from it. Details from 900 on are given by no
// standard and no server, so nobody takes them for the server's.
var consequences = map[Reason]struct {
	class  Class
	detail string
}{
	UserUnknown: {Hard, "911"}, HostUnknown: {Hard, "912"}, HasMoved: {Hard, "916"}, NotAccept: {Hard, "932"},
	Filtered: {Doubtful, "910"}, Suspend: {Soft, "921"}, Suppressed: {Soft, "924"},
	MailboxFull: {Soft, "922"}, SystemFull: {Soft, "931"}, SystemError: {Soft, "930"}, MailerError: {Soft, "939"},
	NetworkError: {Soft, "944"}, Expired: {Soft, "947"}, OnHold: {Unknown, "901"}, Undefined: {Unknown, "900"},
	Rejected: {Sender, "918"}, Blocked: {Sender, "971"}, AuthFailure: {Sender, "990"}, BadReputation: {Sender, "975"}, RequirePTR: {Sender, "973"},
	SpamDetected: {Sender, "980"}, VirusDetected: {Sender, "981"}, PolicyViolation: {Sender, "972"}, SecurityError: {Sender, "970"},
	NoRelaying: {Sender, "909"}, NotCompliant: {Sender, "976"}, ContentError: {Sender, "960"}, SyntaxError: {Sender, "962"},
	MesgTooBig: {Sender, "934"}, Speeding: {Sender, "945"},
	Feedback: {Complaint, ""}, Vacation: {AutoReply, ""}, DeliveredReason: {Delivered, ""},
}

func (r Reason) class() Class { return consequences[r].class }

func (r Reason) status(temporary bool) string {
	detail := consequences[r].detail
	switch {
	case detail == "":
		return ""
	case temporary:
		return "4.0." + detail
	}
	return "5.0." + detail
}

// situation is all that the judgement looks at.
type situation struct {
	reply   reply
	status  string // of the report's own field
	action  string
	command string // that was answered: "mail", "rcpt", "data", empty where nobody tells
	program bool   // a program on the other side failed, not a mail server
	google  bool   // Google says by itself that the address was not found
	said    string // the server's words
	text    string // readable: these and what people were told
}

// reason finds the first rule that matches: by the server's own words, then by
// what people were told, then by the enhanced code alone.
func (s situation) reason() Reason {
	said := readable(s.said)
	if strings.Contains(s.said, "groups.google.com/support") || strings.Contains(s.text, " google groups ") {
		return Rejected // a closed group says the same as one that does not exist
	}
	for i, text := range []string{said, s.text} {
		if i == 1 && s.plainCode() {
			break // people are told more than was said
		}
		for _, r := range rules {
			if r.matches(s, text) {
				return s.doubt(r.reason, text)
			}
		}
	}
	return s.byCode()
}

// plainCode reports whether a server that gave no words of its own gave a code
// that needs none.
func (s situation) plainCode() bool {
	e := s.reply.enhanced
	return len(e) > 2 && (strings.HasPrefix(e[2:], "1.") || e[2:] == "2.2") && details[e[2:]] != ""
}

// doubt makes Filtered of an unknown user who may be none: filters of
// carriers and companies say it too, with another code, or only once they have
// seen the mail.
func (s situation) doubt(r Reason, text string) Reason {
	if r != UserUnknown {
		return r
	}
	e := s.reply.enhanced
	switch {
	case s.program:
		return MailerError
	case s.command == "mail":
		return Rejected
	case s.reply.code == "551":
		return HasMoved
	case strings.HasPrefix(e, "5.1.") || strings.HasPrefix(e, "4.1.") || s.command == "rcpt" || s.google:
		return UserUnknown
	case strings.HasPrefix(e, "5.7.") || strings.HasPrefix(e, "5.6."):
		return Filtered
	case anyIn(text, surelyNobody):
		return UserUnknown
	case s.reply.code == "" && e == "" || general(e) && s.reply.code == "" || e == "5.5.0":
		if anyIn(text, localTable) {
			return UserUnknown
		}
		return Filtered
	}
	return Filtered
}

// byCode is what an enhanced code says by itself (RFC 3463, RFC 5248, RFC 7372,
// RFC 7505), then a reply code.
func (s situation) byCode() Reason {
	e := s.reply.enhanced
	if len(e) > 2 {
		if r, ok := details[e[2:]]; ok {
			return r
		}
		if r, ok := subjects[e[2:4]]; ok && !strings.HasSuffix(e, ".0") {
			return r
		}
		if e[:4] == "5.7." || e[:4] == "4.7." {
			return PolicyViolation
		}
	}
	switch {
	case s.program:
		return MailerError
	case s.command == "mail":
		return Rejected
	case s.reply.code == "552":
		return MailboxFull
	case s.reply.code == "551":
		return HasMoved
	case s.reply.code == "521" || s.reply.code == "556":
		return NotAccept
	case s.reply.code == "550" && s.command == "rcpt":
		return UserUnknown
	case s.reply.code == "500" || s.reply.code == "501" || s.reply.code == "502" || s.reply.code == "503" || s.reply.code == "504":
		return SyntaxError
	case s.reply.code == "421" || s.temporary():
		return Expired
	case s.google:
		return UserUnknown
	}
	return Undefined
}

// details are enhanced codes without their class.
var details = map[string]Reason{
	"1.1": UserUnknown, "1.2": HostUnknown, "1.3": UserUnknown, "1.0": Filtered, "1.4": Filtered, "1.6": HasMoved, "1.7": Rejected, "1.8": Rejected, "1.9": SystemError, "1.10": NotAccept,
	"2.0": Filtered, "2.1": Suspend, "2.2": MailboxFull, "2.3": MesgTooBig, "2.4": Filtered,
	"3.0": SystemError, "3.1": SystemFull, "3.2": SystemError, "3.3": SystemError, "3.4": MesgTooBig, "3.5": SystemError,
	"4.0": NetworkError, "4.1": Expired, "4.2": Expired, "4.3": SystemError, "4.4": NetworkError, "4.5": Speeding, "4.6": NetworkError, "4.7": Expired, "4.8": NetworkError, "4.9": NetworkError, "4.310": HostUnknown,
	"5.3": Speeding, "5.4": SyntaxError, "5.5": SyntaxError, "5.6": SyntaxError,
	"6.0": ContentError, "6.7": NotCompliant, "6.8": NotCompliant,
	"7.1": Rejected, "7.4": SecurityError, "7.5": SecurityError, "7.8": SecurityError, "7.9": PolicyViolation, "7.13": Suspend, "7.17": UserUnknown, "7.18": HasMoved,
	"7.20": AuthFailure, "7.21": AuthFailure, "7.22": AuthFailure, "7.23": AuthFailure, "7.24": AuthFailure, "7.25": RequirePTR, "7.26": AuthFailure, "7.27": Rejected,
	"7.28": Speeding, "7.29": AuthFailure, "7.30": SecurityError, "7.509": AuthFailure, "7.515": AuthFailure, "7.606": Blocked, "7.650": BadReputation, "7.651": BadReputation, "7.652": BadReputation,
}

// subjects are the second figures of enhanced codes.
var subjects = map[string]Reason{"3.": SystemError, "4.": NetworkError, "6.": ContentError}
