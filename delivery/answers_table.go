package delivery

import (
	"time"

	"postrider/subscribers"
)

// meaning is what an answer is about. The table below gives each answer one,
// and consequences says what follows from it.
type meaning string

const (
	aboutAddress  meaning = "the address does not exist"
	aboutReader   meaning = "refused for this reader"
	aboutMailbox  meaning = "the mailbox is full"
	aboutStopped  meaning = "on the provider's own do-not-mail list"
	aboutLetters  meaning = "the address needs SMTPUTF8"
	aboutSize     meaning = "the mail is too large"
	aboutSender   meaning = "sender, content or reputation"
	aboutAccount  meaning = "log-in or account"
	aboutQuota    meaning = "the quota is used up"
	aboutPace     meaning = "too fast"
	aboutThisTime meaning = "not now"
)

// always is a number of tries that nobody reaches within 48 hours.
const always = 1 << 30

// quotaWait is how long a used-up quota lasts at most: providers count a day,
// by the calendar or backwards from now.
const quotaWait = 24 * time.Hour

// consequence is what follows from a meaning.
type consequence struct {
	tries   int // 5yz: the row goes back until it was said this often; 0: refused at once
	address subscribers.AddressState
	us      bool          // counts towards holding the edition, for 5yz
	usToo   bool          // for 4yz as well
	slow    bool          // one connection less
	hold    time.Duration // hold the edition at once; going on makes no sense before
	remedy  string        // what a person should do, where the edition is held
}

var consequences = map[meaning]consequence{
	aboutAddress: {address: subscribers.AddressBounced},
	aboutReader:  {},
	aboutMailbox: {},
	aboutStopped: {},
	aboutLetters: {},
	aboutSize:    {tries: 3, us: true, remedy: "Make the mail smaller, or ask for a higher limit, then resume"},
	aboutSender:  {tries: 3, us: true, remedy: "Mend sender, DNS records (SPF, DKIM, DMARC) or content, then resume"},
	aboutAccount: {tries: always, us: true, usToo: true, remedy: "Check user name, password, sender and the account at the mail provider, then resume"},
	aboutQuota: {tries: always, us: true, usToo: true, hold: quotaWait,
		remedy: "Resume when the provider's day is over, and set a daily limit for the mail server below the provider's"},
	aboutPace:     {tries: always, us: true, slow: true, remedy: "Use fewer connections or set a pace for the mail server, then resume"},
	aboutThisTime: {},
}

// meanings lists all in the order in which people read them.
var meanings = []meaning{aboutAddress, aboutReader, aboutMailbox, aboutStopped, aboutLetters, aboutThisTime, aboutPace, aboutSize, aboutSender, aboutAccount, aboutQuota}

// rule is one line of the table. All of its conditions must hold; the first
// rule that matches counts.
type rule struct {
	means    meaning
	stages   []Stage  // empty: any
	codes    []int    // empty: any of the list's class
	enhanced []string // exact, or a class that ends in "."; "" for none given; empty list: any
	words    []string // one of them in the text, lower case, addresses left out; empty: any
	without  []string // none of them in the text
	who      string   // that says so, as docs/answers.md names it
}

var (
	logInCodes    = []int{521, 525, 530, 534, 535, 538}
	protocolCodes = []int{500, 501, 502, 503, 504}
	toReader      = []Stage{StageRcpt, StageData, StageDot} // the answer may be about the reader
)

// Words are kept in lists of their own where more than one rule needs them.
var (
	quotaWords = []string{"daily message quota", "daily user sending", "daily smtp relay", "daily sending", "daily limit", "daily quota", "sending quota", "monthly limit",
		"sending limit exceeded", "sending limit reached", "out of credits", "not enough credits", "monthly sending"}
	accountWords = []string{"email address is not verified", "sender not verified", "domain not verified", "sender address is not verified", "sender signature",
		"sandbox", "is not allowed to send", "not allowed to send as", "sendasdenied", "sending suspended", "sending paused", "account is paused",
		"account is suspended", "account suspended", "account is under review", "pending approval", "not yet activated", "account is disabled by",
		"unauthorized ip", "ip not authorized", "not authorized to perform", "bad outbound sender", "not owned by user", "authentication required",
		"authentication is required", "must be authenticated", "please authenticate", "client was not authenticated", "smtpclientauthentication"}
	relayWords = []string{"relay access denied", "relaying denied", "relay denied", "relay not permitted", "not permitted to relay", "unable to relay", "relaying not allowed",
		"we do not relay", "invalid credentials for relay"}
	senderWords = []string{"sender address rejected", "sender rejected", "sender denied", "sender verify failed", "sender domain", "domain of sender", "mail from", "from address",
		"invalid sender", "unknown sender", "helo command rejected", "ehlo"}
	blockWords = []string{"blocked using", "blocked by", "blocklist", "block list", "blacklist", "spamhaus", "spamcop", "barracuda", "listed at", "listed by",
		"reputation", "client host rejected", "reverse dns", "ptr record", "rejected for policy", "policy reasons", "local policy", "policy violation", "banned",
		"dmarc", " spf", "dkim", "unsolicited", "spam", "bulk mail", "virus", "malware", "phishing", "prohibited", "too many bad recipients", "too many invalid recipients"}
	contentWords = []string{"content", "policy", "blocked", "rejected by filter", "message refused", "message rejected", "attachment", " url", "header"}
	paceWords    = []string{"throttl", "rate limit", "ratelimit", "rate exceeded", "sending rate", "too many connections", "too many concurrent", "concurrent connection", "connection limit",
		"connections limit", "thread limit exceeded", "too many messages", "too much mail", "too many mails", "too fast", "too quickly", "slow down", "unusual rate",
		"unexpected volume", "temporarily deferred due to", "peak smtp relay limit", "exceeded the rate", "exceeded rate", "server busy", "resources restricted", "tss0"}
	oneReaderWords = []string{"user you are trying to contact is receiving", "user is receiving mail", "recipient has exceeded", "recipient thread limit"}
	sizeWords      = []string{"message size exceeds", "message is too l", "message too l", "message too big", "message file too big", "maximum message size", "maximum size",
		"size limit", "exceeds size", "exceeds the size", "exceeded storage allocation for message", "message length exceeds"}
	fullWords = []string{"mailbox full", "mailbox is full", "inbox is full", "over quota", "overquota", "quota exceeded", "exceeded quota", "exceeded storage", "out of storage",
		"insufficient storage", "exceeds the quota", "not enough space", "no space left"}
	goneWords = []string{"user unknown", "unknown user", "unknown local", "unknown mailbox", "unknown recipient", "unknown address", "no such user", "no such recipient",
		"no such mailbox", "no such address", "no such person", "no mailbox", "does not exist", "doesn't exist", "mailbox not found", "recipient not found", "user not found",
		"address not found", "recipientnotfound", "invalid recipient", "invalid mailbox", "not a valid mailbox", "not a known user", "doesn't have a", "user doesn't",
		"address rejected: undeliverable", "no longer on server", "is not a valid recipient", "recipient address unknown", "addressee unknown", "not listed in"}
	stoppedWords = []string{"marked as inactive", "inactive recipient", "suppression list", "suppressed address", "address is suppressed", "previously bounced",
		"bounced address", "previously unsubscribed", "on our do not mail"}
)

// temporary is what 4yz answers mean. None of them says anything about an
// address, and none refuses a reader: the 48 hours do.
var temporary = []rule{
	{means: aboutThisTime, words: oneReaderWords, who: "Google (450 4.2.1), Microsoft 365 (432 4.3.2 STOREDRV.Deliver), Yahoo: one reader gets too much mail"},
	{means: aboutQuota, words: quotaWords, who: "Amazon SES (454 Throttling failure: Daily message quota exceeded)"},
	{means: aboutAccount, words: accountWords, who: "Mailgun (421 … is not allowed to send: sandbox, disabled domain)"},
	{means: aboutAccount, words: relayWords, who: "Postfix with a deferring relay restriction (454 4.7.1)"},
	{means: aboutPace, codes: []int{421, 432}, who: "any: it closes the connection, or has too many of ours (RFC 5321 §3.8)"},
	{means: aboutPace, enhanced: []string{"4.3.2", "4.4.5", "4.7.28", "4.7.500", "4.7.650", "4.7.651"}, who: "Google (4.7.28), Microsoft (4.7.500, 4.7.650)"},
	{means: aboutPace, words: paceWords, who: "Amazon SES (454 … Maximum sending rate exceeded), Google (450 4.2.1 Peak SMTP relay limit), Yahoo (TSS04), Postfix (450 4.7.1 too much mail)"},
	{means: aboutThisTime, who: "any: greylisting, mailbox full for now, trouble on their side"},
}

// permanent is what 5yz answers mean (RFC 3463, RFC 5248, RFC 7505, and what
// providers publish of theirs). An address is marked only where the answer is
// sure; whatever smells of us is tried before it.
var permanent = []rule{
	// The account, whatever the stage: one answer of these speaks for all mails.
	{means: aboutQuota, enhanced: []string{"5.4.5", "5.1.90", "5.7.705", "5.7.232", "5.7.233"}, who: "Google Workspace (5.4.5), Microsoft 365 (5.1.90, 5.7.232, 5.7.233, 5.7.705)"},
	{means: aboutQuota, words: quotaWords, who: "Brevo, Mailjet and others in words"},
	{means: aboutAccount, codes: logInCodes, who: "any: log in first, or not like this (RFC 4954); Brevo (525 Unauthorized IP address)"},
	{means: aboutAccount, enhanced: []string{"5.2.252", "5.7.57", "5.7.60", "5.7.139", "5.7.750"}, who: "Microsoft 365 (SendAsDenied, client not authenticated, log-in disabled, unregistered domain)"},
	{means: aboutAccount, words: accountWords, who: "Amazon SES (not verified, sending paused), Mailgun (sandbox), Postmark (sender signature, pending approval), Brevo (not yet activated), Microsoft 365 (5.1.8 bad outbound sender)"},
	{means: aboutAccount, words: relayWords, who: "Postfix (554 5.7.1 Relay access denied), Google Workspace (550 5.7.1 Invalid credentials for relay)"},
	{means: aboutPace, words: paceWords, without: oneReaderWords, who: "any: a pace that it calls permanent"},
	{means: aboutLetters, enhanced: []string{"5.6.7"}, who: "us, where the relay lacks SMTPUTF8 (RFC 6531)"},
	{means: aboutSize, enhanced: []string{"5.3.4", "5.2.3"}, who: "any (RFC 3463), Google (552 5.3.4), Postfix (552 5.3.4)"},
	{means: aboutSize, words: sizeWords, who: "Amazon SES (552 Message is too long), Microsoft 365, Exim"},
	{means: aboutSender, stages: []Stage{StageMail}, who: "any: what MAIL is answered with is not about a reader"},
	// Sender, content, reputation; between them what names a provider's own list,
	// because it speaks of spam complaints too.
	{means: aboutSender, enhanced: []string{"5.7.", "5.1.7", "5.1.8"}, who: "any (RFC 3463, RFC 7372); Google (5.7.1, 5.7.26), Microsoft (5.7.509, 5.7.515, 5.7.606), Yahoo (5.7.9)"},
	{means: aboutAddress, words: []string{"hard bounce"}, without: []string{"complaint", "suppression", "unsubscribe"}, stages: toReader, who: "providers that say why they stopped"},
	{means: aboutStopped, words: stoppedWords, who: "Postmark (inactive recipient: bounce, complaint or by hand, it does not say which), Mailgun, SES, SendGrid"},
	{means: aboutSender, words: senderWords, who: "Postfix (550 5.1.0 Sender address rejected, 504 5.5.2 Helo command rejected), Exim (Sender verify failed)"},
	{means: aboutSender, words: blockWords, who: "Postfix and many others in words (blocked using a blocklist)"},
	// The reader.
	{means: aboutMailbox, enhanced: []string{"5.2.2"}, who: "any (RFC 3463), Google, Microsoft 365"},
	{means: aboutMailbox, words: fullWords, who: "any in words"},
	{means: aboutAddress, stages: toReader, enhanced: []string{"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"},
		who: "any (RFC 3463, RFC 7505); Postfix (5.1.1 User unknown in virtual mailbox table), Google (5.1.1), Microsoft 365 (5.1.10 RecipientNotFound)"},
	{means: aboutAddress, stages: []Stage{StageRcpt}, codes: []int{556}, who: "any: its domain takes no mail (RFC 7504, RFC 7505)"},
	{means: aboutAddress, stages: []Stage{StageRcpt, StageDot}, codes: []int{550, 551, 552, 553, 554}, enhanced: []string{"", "5.0.", "5.1.0", "5.2.0", "5.2.1", "5.4.1", "5.5.0"}, words: goneWords,
		without: []string{"sender"}, who: "Yahoo (554 … doesn't have a yahoo.com account), Exim, qmail and others in words"},
	{means: aboutReader, stages: toReader, words: []string{"mailbox unavailable", "invalid rcpt to", "invalid domain name", "recipient address rejected", "disabled", "inactive", "discontinued"},
		who: "Outlook.com (550 5.5.0 mailbox unavailable), Microsoft 365 (5.4.1 Access denied), Google (5.2.1 inactive), Yahoo (discontinued), SES (invalid RCPT TO)"},
	// What is left of the dialogue and the text.
	{means: aboutSender, codes: protocolCodes, who: "any: it does not understand us"},
	{means: aboutSender, enhanced: []string{"5.5.", "5.6."}, who: "any (RFC 3463: protocol, content)"},
	{means: aboutSender, stages: []Stage{StageData, StageDot}, words: contentWords, who: "filters in words"},
	{means: aboutMailbox, codes: []int{552}, who: "any (RFC 5321 §4.2.3)"},
	{means: aboutReader, who: "any: refused, and nothing more is known"},
}
