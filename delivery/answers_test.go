package delivery_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"postrider/delivery"
	"postrider/subscribers"
)

// verdict is what one answer should mean, at the first try.
type verdict struct {
	state   delivery.State
	address subscribers.AddressState
	us      bool
	slow    bool
	hold    bool
}

var (
	taken     = verdict{state: delivery.Accepted}
	gone      = verdict{state: delivery.Refused, address: subscribers.AddressBounced}
	refused   = verdict{state: delivery.Refused}
	later     = verdict{state: delivery.Deferred}
	slower    = verdict{state: delivery.Deferred, slow: true}
	back      = verdict{state: delivery.Deferred, us: true}
	backSlow  = verdict{state: delivery.Deferred, us: true, slow: true}
	usedUp    = verdict{state: delivery.Deferred, us: true, hold: true}
	usedUp421 = verdict{state: delivery.Deferred, us: true, hold: true, slow: true}
)

// The texts follow what the senders publish, or are known to say; expectations
// were written by hand, not read off the table.
var knownAnswers = []struct {
	who      string
	stage    delivery.Stage
	code     int
	enhanced string
	text     string
	want     verdict
}{
	{"any", delivery.StageDot, 250, "2.0.0", "queued as 4F2A", taken},
	{"any", delivery.StageDot, 200, "", "fine", taken},

	// Postfix on this machine.
	{"postfix", delivery.StageRcpt, 550, "5.1.1", "<ada@example.org>: Recipient address rejected: User unknown in virtual mailbox table", gone},
	{"postfix", delivery.StageRcpt, 550, "5.1.1", "<ada@example.org>: Recipient address rejected: User unknown in local recipient table", gone},
	{"postfix", delivery.StageRcpt, 554, "5.7.1", "<ada@example.org>: Relay access denied", back},
	{"postfix", delivery.StageRcpt, 454, "4.7.1", "<ada@example.org>: Relay access denied", back},
	{"postfix", delivery.StageRcpt, 450, "4.1.2", "<ada@example.org>: Recipient address rejected: Domain not found", later},
	{"postfix", delivery.StageRcpt, 550, "5.1.8", "<news@org.example>: Sender address rejected: Domain not found", back},
	{"postfix", delivery.StageRcpt, 450, "4.1.8", "<news@org.example>: Sender address rejected: Domain not found", later},
	{"postfix", delivery.StageRcpt, 550, "5.1.0", "<news@org.example>: Sender address rejected: User unknown in virtual alias table", back},
	{"postfix", delivery.StageRcpt, 553, "5.7.1", "<news@org.example>: Sender address rejected: not owned by user ada", back},
	{"postfix", delivery.StageRcpt, 504, "5.5.2", "<localhost>: Helo command rejected: need fully-qualified hostname", back},
	{"postfix", delivery.StageRcpt, 554, "5.7.1", "Service unavailable; Client host [192.0.2.9] blocked using zen.spamhaus.org", back},
	{"postfix", delivery.StageRcpt, 450, "4.2.0", "<ada@example.org>: Recipient address rejected: Greylisted", later},
	{"postfix", delivery.StageRcpt, 451, "4.3.0", "<ada@example.org>: Temporary lookup failure", later},
	{"postfix", delivery.StageMail, 452, "4.3.1", "Insufficient system storage", later},
	{"postfix", delivery.StageMail, 552, "5.3.4", "Message size exceeds fixed limit", back},
	{"postfix", delivery.StageMail, 450, "4.7.1", "Error: too much mail from 192.0.2.9", slower},
	{"postfix", delivery.StageMail, 421, "4.7.0", "mail.example.org Error: too many connections from 192.0.2.9", slower},
	{"postfix", delivery.StageDot, 550, "5.7.1", "Blocked by SpamAssassin", back},
	{"postfix", delivery.StageDot, 451, "4.7.1", "Service unavailable - try again later", later},
	{"dovecot", delivery.StageDot, 552, "5.2.2", "<ada@example.org> Quota exceeded (mailbox for user is full)", refused},
	{"dovecot", delivery.StageDot, 452, "4.2.2", "<ada@example.org> Quota exceeded (mailbox for user is full)", later},

	// Amazon SES.
	{"ses", delivery.StageDot, 454, "", "Throttling failure: Maximum sending rate exceeded.", slower},
	{"ses", delivery.StageDot, 454, "", "Throttling failure: Daily message quota exceeded.", usedUp},
	{"ses", delivery.StageDot, 554, "", "Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-1: news@org.example", back},
	{"ses", delivery.StageDot, 554, "", "Message rejected: Sending suspended for this account", back},
	{"ses", delivery.StageDot, 554, "", "Access denied: User `arn:aws:iam::1:user/x' is not authorized to perform `ses:SendRawEmail'", back},
	{"ses", delivery.StageMail, 530, "", "Authentication required", back},
	{"ses", delivery.StageDot, 552, "", "Message is too long.", back},
	{"ses", delivery.StageRcpt, 501, "", "Invalid RCPT TO address provided", refused},
	{"ses", delivery.StageDot, 554, "", "Transaction failed: Invalid domain name: 'example..org'", refused},
	{"ses", delivery.StageBody, 451, "4.4.2", "Timeout waiting for data from client.", later},

	// Mailgun, Postmark, Brevo, Mailjet, SendGrid.
	{"mailgun", delivery.StageData, 421, "", "Domain sandbox12.mailgun.org is not allowed to send: Sandbox subdomains are for test purposes only.", verdict{state: delivery.Deferred, us: true, slow: true}},
	{"mailgun", delivery.StageDot, 554, "5.7.1", "Sandbox subdomains are for test purposes only. Please add your own domain or add the address to authorized recipients", back},
	{"mailgun", delivery.StageRcpt, 550, "5.7.1", "Relaying denied", back},
	{"mailgun", delivery.StageDot, 550, "", "Not delivering to previously bounced address", refused},
	{"postmark", delivery.StageDot, 550, "", "You tried to send to recipient(s) that have been marked as inactive. Inactive recipients are ones that have generated a hard bounce, a spam complaint, or a manual suppression.", refused},
	{"postmark", delivery.StageDot, 550, "", "The 'From' address you supplied is not a Sender Signature on your account.", back},
	{"postmark", delivery.StageDot, 550, "", "Your account is pending approval: all recipients must share the domain of the sender", back},
	{"a provider", delivery.StageRcpt, 550, "", "Inactive recipient: this address had a hard bounce", gone},
	{"a provider", delivery.StageRcpt, 550, "5.1.1", "Address is on the suppression list", refused},
	{"brevo", delivery.StageMail, 502, "5.7.0", "Unable to send email. Your SMTP account is not yet activated.", back},
	{"brevo", delivery.StageMail, 525, "5.7.1", "Unauthorized IP address", back},
	{"brevo", delivery.StageMail, 550, "", "Daily sending limit reached", usedUp},
	{"mailjet", delivery.StageMail, 550, "5.7.1", "Sender address rejected: the sender is not validated", back},
	{"mailjet", delivery.StageRcpt, 421, "4.7.0", "Too many messages in a short time, closing", slower},
	{"sendgrid", delivery.StageRcpt, 550, "", "Unauthenticated senders not allowed: authentication required", back},
	{"sendgrid", delivery.StageMail, 451, "", "Authentication failed: Maximum credits exceeded, monthly limit", usedUp},

	// Google Workspace and Gmail.
	{"google", delivery.StageMail, 550, "5.4.5", "Daily SMTP relay sending limit exceeded for customer.", usedUp},
	{"google", delivery.StageDot, 550, "5.4.5", "Daily user sending limit exceeded. https://support.google.com/mail/?p=UsageLimit", usedUp},
	{"google", delivery.StageMail, 421, "4.5.4", "Daily sending limit exceeded", usedUp421},
	{"google", delivery.StageRcpt, 450, "4.2.1", "Peak SMTP relay limit exceeded for customer. This is a temporary error.", slower},
	{"google", delivery.StageRcpt, 450, "4.2.1", "The user you are trying to contact is receiving mail too quickly. Please resend your message at a later time.", later},
	{"google", delivery.StageRcpt, 550, "5.1.1", "The email account that you tried to reach does not exist. Please try double-checking the recipient's email address", gone},
	{"google", delivery.StageRcpt, 550, "5.2.1", "The email account that you tried to reach is inactive.", refused},
	{"google", delivery.StageRcpt, 550, "5.2.1", "The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered.", refused},
	{"google", delivery.StageRcpt, 552, "5.2.2", "The recipient's inbox is out of storage space and inactive.", refused},
	{"google", delivery.StageRcpt, 452, "4.2.2", "The recipient's inbox is out of storage space.", later},
	{"google", delivery.StageRcpt, 553, "5.1.2", "We weren't able to find the recipient domain. Please check for any spelling errors", gone},
	{"google", delivery.StageDot, 550, "5.7.26", "This mail has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM.", back},
	{"google", delivery.StageDot, 550, "5.7.1", "Our system has detected that this message is likely unsolicited mail.", back},
	{"google", delivery.StageDot, 552, "5.7.0", "This message was blocked because its content presents a potential security issue.", back},
	{"google", delivery.StageDot, 421, "4.7.28", "Our system has detected an unusual rate of unsolicited mail originating from your IP address.", slower},
	{"google", delivery.StageMail, 550, "5.7.1", "Invalid credentials for relay [192.0.2.9]. The IP address you've registered in your Workspace SMTP Relay service doesn't match", back},
	{"google", delivery.StageMail, 530, "5.7.0", "Authentication Required. For more information, go to https://support.google.com/mail", back},
	{"google", delivery.StageMail, 421, "4.3.0", "Temporary System Problem. Try again later", slower},
	{"google", delivery.StageDot, 552, "5.3.4", "Your message exceeded Google's message size limits.", back},

	// Microsoft 365 and Outlook.com.
	{"microsoft", delivery.StageRcpt, 550, "5.1.10", "RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", gone},
	{"microsoft", delivery.StageRcpt, 550, "5.4.1", "Recipient address rejected: Access denied. AS(201806281)", refused},
	{"microsoft", delivery.StageDot, 550, "5.7.515", "Access denied, sending domain org.example does not meet the required authentication level.", back},
	{"microsoft", delivery.StageDot, 550, "5.7.509", "Access denied, sending domain org.example does not pass DMARC verification and has a DMARC policy of reject.", back},
	{"microsoft", delivery.StageDot, 554, "5.1.90", "Your message can't be sent because you've reached your daily limit for message recipients", usedUp},
	{"microsoft", delivery.StageDot, 550, "5.7.233", "Your message can't be sent because your tenant exceeded its daily limit for sending email to external recipients", usedUp},
	{"microsoft", delivery.StageDot, 550, "5.7.705", "Access denied, tenant has exceeded threshold", usedUp},
	{"microsoft", delivery.StageDot, 554, "5.2.252", "SendAsDenied; ada@example.org not allowed to send as news@org.example", back},
	{"microsoft", delivery.StageMail, 530, "5.7.57", "Client not authenticated to send mail.", back},
	{"microsoft", delivery.StageMail, 432, "4.3.2", "Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more information.", slower},
	{"microsoft", delivery.StageMail, 432, "4.3.2", "STOREDRV.ClientSubmit; sender thread limit exceeded", slower},
	{"microsoft", delivery.StageDot, 432, "4.3.2", "STOREDRV.Deliver; recipient thread limit exceeded", later},
	{"microsoft", delivery.StageDot, 451, "4.7.500", "Server busy. Please try again later from [192.0.2.9]. (AS77713)", slower},
	{"microsoft", delivery.StageMail, 451, "4.7.650", "The mail server [192.0.2.9] has been temporarily rate limited due to IP reputation.", slower},
	{"microsoft", delivery.StageRcpt, 550, "5.7.606", "Access denied, banned sending IP [192.0.2.9]", back},
	{"microsoft", delivery.StageDot, 550, "5.1.8", "Access denied, bad outbound sender", back},
	{"microsoft", delivery.StageRcpt, 550, "5.7.124", "RESOLVER.RST.NotAuthorizedToSendToGroup; not in the allowed senders list", back},
	{"microsoft", delivery.StageRcpt, 550, "5.7.1", "Unfortunately, messages from [192.0.2.9] weren't sent. Part of their network is on our block list (S3140).", back},
	{"microsoft", delivery.StageRcpt, 550, "5.5.0", "Requested action not taken: mailbox unavailable (S2017062302).", refused},
	{"microsoft", delivery.StageDot, 554, "5.2.2", "mailbox full; STOREDRV.Deliver; QuotaExceeded", refused},

	// Yahoo.
	{"yahoo", delivery.StageMail, 421, "4.7.0", "[TSS04] Messages from 192.0.2.9 temporarily deferred due to unexpected volume or user complaints", slower},
	{"yahoo", delivery.StageMail, 553, "5.7.2", "[TSS09] All messages from 192.0.2.9 will be permanently deferred; Retrying will NOT succeed.", backSlow},
	{"yahoo", delivery.StageDot, 554, "", "delivery error: dd This user doesn't have a yahoo.com account (ada@yahoo.com) [0]", gone},
	{"yahoo", delivery.StageDot, 554, "", "delivery error: dd This account has been disabled or discontinued [#102].", refused},
	{"yahoo", delivery.StageDot, 554, "5.7.9", "Message not accepted for policy reasons. See https://postmaster.yahooinc.com/error-codes", back},
	{"yahoo", delivery.StageDot, 552, "", "1 Requested mail action aborted, mailbox not found", gone},

	// Exim, qmail, and what the RFCs have.
	{"exim", delivery.StageRcpt, 550, "", "Unrouteable address", refused},
	{"exim", delivery.StageRcpt, 550, "", "No Such User Here", gone},
	{"exim", delivery.StageRcpt, 550, "", "Sender verify failed: user unknown", back},
	{"exim", delivery.StageRcpt, 550, "", "relay not permitted", back},
	{"qmail", delivery.StageRcpt, 553, "5.3.0", "<ada@example.org>... no such mailbox", refused},
	{"qmail", delivery.StageDot, 554, "", "sorry, no mailbox here by that name (#5.1.1)", gone},
	{"notes", delivery.StageRcpt, 550, "", "ada... User not listed in Domino Directory", gone},
	{"null mx", delivery.StageRcpt, 556, "5.1.10", "Recipient address has null MX", gone},
	{"any", delivery.StageRcpt, 501, "5.1.3", "Bad recipient address syntax", gone},
	{"any", delivery.StageRcpt, 550, "", "<spamela@example.org>: user unknown", gone},
	{"any", delivery.StageRcpt, 550, "5.1.1", "rejected: your host is on our blacklist", back},
	{"any", delivery.StageRcpt, 550, "", "nope", refused},
	{"any", delivery.StageRcpt, 552, "", "exceeded", refused},
	{"any", delivery.StageRcpt, 503, "5.5.1", "bad sequence of commands", back},
	{"any", delivery.StageData, 554, "5.5.1", "no valid recipients", back},
	{"any", delivery.StageDot, 554, "", "message refused by our content filter", back},
	{"any", delivery.StageDot, 554, "5.6.0", "malformed message", back},
	{"any", delivery.StageMail, 421, "", "closing", slower},
	{"any", delivery.StageRcpt, 421, "", "too busy", slower},
	{"any", delivery.StageRcpt, 535, "5.7.8", "user unknown", back},
	{"us", delivery.StageRcpt, 553, "5.6.7", "the address is not ASCII before its @, and the mail server lacks SMTPUTF8", refused},
	{"us", delivery.StageRcpt, 553, "5.1.3", "the address has no domain", gone},
}

func TestKnownAnswersMeanWhatTheirSendersMean(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	for _, c := range knownAnswers {
		a := delivery.Answer{Stage: c.stage, Reply: delivery.Reply{Code: c.code, Enhanced: c.enhanced, Text: c.text}}
		s, advice := delivery.Judge(a, delivery.Leased{}, now), delivery.Advise(a)
		got := verdict{s.State, s.Address, s.AboutUs, advice.Slow, advice.Hold > 0}
		if got != c.want {
			t.Errorf("%s at %s: %d %s %s\n got %+v\nwant %+v", c.who, c.stage, c.code, c.enhanced, c.text, got, c.want)
		}
		if s.State == delivery.Deferred && !s.Due.Equal(now.Add(time.Minute)) {
			t.Errorf("%s: %d %s: the next try is at %s, want a minute later", c.who, c.code, c.text, s.Due)
		}
		if s.AboutUs && advice.Remedy == "" {
			t.Errorf("%s: %d %s: about us without a remedy", c.who, c.code, c.text)
		}
	}
}

func TestAnswersAboutUsAreRefusedOnlyWhenRepeated(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		reply  delivery.Reply
		states []delivery.State // at the first try, the second…
	}{
		{delivery.Reply{Code: 550, Enhanced: "5.7.1", Text: "policy"}, []delivery.State{delivery.Deferred, delivery.Deferred, delivery.Refused}},
		{delivery.Reply{Code: 550, Enhanced: "5.4.5", Text: "daily limit"}, []delivery.State{delivery.Deferred, delivery.Deferred, delivery.Deferred, delivery.Deferred}},
		{delivery.Reply{Code: 535, Enhanced: "5.7.8", Text: "wrong password"}, []delivery.State{delivery.Deferred, delivery.Deferred, delivery.Deferred, delivery.Deferred}},
		{delivery.Reply{Code: 451, Enhanced: "4.7.1", Text: "greylisted"}, []delivery.State{delivery.Deferred, delivery.Deferred, delivery.Deferred, delivery.Deferred}},
	} {
		for tries, want := range c.states {
			s := delivery.Judge(delivery.Answer{Stage: delivery.StageRcpt, Reply: c.reply}, delivery.Leased{Attempts: tries}, now)
			if s.State != want {
				t.Errorf("%d %s at try %d: %s, want %s", c.reply.Code, c.reply.Enhanced, tries+1, s.State, want)
			}
			if s.State == delivery.Deferred && !s.Due.Equal(now.Add(delivery.Backoff(tries+1))) {
				t.Errorf("%d %s at try %d: next at %s", c.reply.Code, c.reply.Enhanced, tries+1, s.Due)
			}
		}
	}
}

// Whatever a mail server says, in whatever stage: the row moves as the
// ledger allows, and what is about us never touches an address.
func TestNoAnswerBreaksTheRules(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	chance := rand.New(rand.NewPCG(1, 2))
	stages := []delivery.Stage{delivery.StageMail, delivery.StageRcpt, delivery.StageData, delivery.StageBody, delivery.StageDot}
	words := []string{"user unknown", "does not exist", "mailbox full", "spam", "blocked using", "hard bounce", "daily limit", "throttling", "relay access denied",
		"inactive recipient", "hello", "sender", "ada@example.org", "", "size limit", "not verified", "5.1.1", "no mailbox", "\x00", "’", strings.Repeat("x", 600)}
	for code := 200; code <= 599; code++ {
		for _, stage := range stages {
			for range 24 {
				a := delivery.Answer{Stage: stage, Reply: delivery.Reply{Code: code, Text: words[chance.IntN(len(words))] + " " + words[chance.IntN(len(words))]}}
				if chance.IntN(3) > 0 {
					a.Reply.Enhanced = fmt.Sprintf("%d.%d.%d", code/100, chance.IntN(8), chance.IntN(30))
				}
				l := delivery.Leased{Attempts: chance.IntN(6), Drops: chance.IntN(4)}
				checkRules(t, a, l, now)
				a.Lost = true
				checkRules(t, a, l, now)
			}
		}
	}
}

func checkRules(t *testing.T, a delivery.Answer, l delivery.Leased, now time.Time) {
	t.Helper()
	s, advice := delivery.Judge(a, l, now), delivery.Advise(a)
	code, said := a.Reply.Code, fmt.Sprintf("%s lost=%t %+v after %d tries: %+v, %+v", a.Stage, a.Lost, a.Reply, l.Attempts, s, advice)
	switch s.State {
	case delivery.Accepted:
		if a.Lost || a.Stage != delivery.StageDot || code/100 != 2 {
			t.Errorf("accepted without a 250 to the final dot: %s", said)
		}
	case delivery.Refused:
		if a.Lost || code < 500 {
			t.Errorf("refused without a 5yz: %s", said)
		}
	case delivery.Unknown:
		if !a.Lost || a.Stage != delivery.StageDot {
			t.Errorf("unknown although it was not lost after the dot: %s", said)
		}
	case delivery.Deferred, delivery.Queued:
		if s.Due.IsZero() || s.Due.Before(now) {
			t.Errorf("waits for no time: %s", said)
		}
		if !a.Lost && a.Stage == delivery.StageDot && code/100 == 2 {
			t.Errorf("an accepted mail would be sent again: %s", said)
		}
		if a.Lost && a.Stage == delivery.StageDot {
			t.Errorf("a mail that may have been accepted would be sent again: %s", said)
		}
	default:
		t.Errorf("no state that an answer can lead to: %s", said)
	}
	if s.Address == "" {
		return
	}
	login := code == 530 || code == 534 || code == 535 || code == 538 || code == 525
	if s.State != delivery.Refused || s.AboutUs || advice != (delivery.Advice{}) || login ||
		strings.HasPrefix(a.Reply.Enhanced, "5.7.") || a.Reply.Enhanced == "5.4.5" || a.Stage == delivery.StageMail || s.Address != subscribers.AddressBounced {
		t.Errorf("the address is touched by an answer about us: %s", said)
	}
}
