package bounces

import (
	"slices"
	"strings"
)

// rule is one line of the table of words; the first that matches counts. What
// is about us stands before what is about the reader, so that a block that
// mentions unknown users never marks one.
type rule struct {
	reason   Reason
	words    []string // one of them in the readable text
	without  []string // none of them
	enhanced []string // and one of these codes, without their class; none: any
}

func (r rule) matches(s situation, text string) bool {
	if len(r.enhanced) > 0 && (len(s.reply.enhanced) < 3 || !slices.Contains(r.enhanced, s.reply.enhanced[2:])) {
		return false
	}
	return anyIn(text, r.words) && !anyIn(text, r.without)
}

func anyIn(text string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) })
}

// surelyNobody are words that a mail system says of its own users only.
var surelyNobody = []string{
	"doesn't have a", "does not have a", "user doesn't exist", "recipientnotfound", "recipnotfound", "recipient not found by smtp", "google:nosuchuser",
	"not listed in", "no such person", "this user doesn't", "the recipient name is not recognized", "mail.local", "recipient name is not recognized",
	"address not found", "account does not exist", "that you tried to reach does not exist", "isn't a valid", "was not found in", "does not exist in directory",
	"domino directory", "name & address book", "public name", "mailbox unavailable", "unknown recipient", "user name of email address not valid", "unknown local",
	"no such local user", "no such account", "local mailbox", "recipient address rejected: access denied", "invalid final delivery user", "the email account that you tried",
}

// localTable are the words of a server that looks its own users up.
var localTable = []string{"user unknown in local", "user unknown in virtual", "local recipient table", "virtual mailbox table", "no mailbox here by that name", "no valid recipients for"}

var rules = []rule{
	// About us: authentication, reputation, blocks, content.
	{reason: NotAccept, words: []string{"does not accept mail", "doesn't accept mail", "null mx", "nullmx", "does not accept email", "doesn't receive email", "does not receive mail",
		"not accepting network messages", "no mx record found", "an mx or srv record indicated no smtp service", "no host found for existing smtp connection", "no valid mx", "no longer accepts mail", "domain does not accept", "does not want to receive", "smtp protocol is not supported", "mail host does not accept"},
		without: []string{"from you", "your domain", "sender", "from your", "user does not accept", "recipient does not accept", "mailbox does not accept", "accept mail from", "accept email from", "character set"}},
	{reason: NotCompliant, words: []string{"rfc 5322", "rfc5322", "rfc 2822", "rfc2822", "rfc 822", "not rfc", "non-rfc", "not compliant", "multiple from", "multiple addresses in from", "duplicate header", "bare lf", "bare cr",
		"missing from", "no from header", "invalid header", "google:rfcmessagenoncompliant", "messages missing a valid", "not internet message format"}},
	{reason: SpamDetected, words: []string{"spam classification", "classified as spam", "considered unsolicited", "considered spam"}},
	{reason: AuthFailure, words: []string{" dmarc", "dmarc ", "required authentication level", " spf ", "spf)", "(spf", "spf:", " dkim", "unauthenticated email", "sender is unauthenticated", "requires all senders to authenticate",
		"sender policy framework", "senderid", "authentication checks", "fails to pass authentication", "not authorized to send from", "is not allowed to send mail from", "not pass authentication",
		"google:unauthenticated", "google:dmarcrejection", "google:unauthorizederror", "not a designated", "domainkeys", "authenticate with spf"}},
	{reason: RequirePTR, words: []string{"reverse dns", "rdns", "ptr record", "no ptr", "reverse lookup", "reverse hostname", "ip name lookup failed", "cannot find your hostname", "cannot resolve your",
		"ptr for", "missing ptr", "forward-confirmed", "forward confirmed", "fcrdns", "does not resolve to", "unresolvable relay host", "hostname for your ip", "google:ipv6authorizationerror",
		"no reverse", "not have a ptr", "client host rejected: cannot find", "dns lookup failed for sending", "dynamic/generic hostnames", "sending ip does not have"}},
	{reason: Blocked, words: []string{"blacklist", "blocklist", "block list", "blocked using", "spamhaus", "spamcop", "dnsbl", "too many unknown", "too many invalid", "too many bad"},
		without: []string{"reputation"}},
	{reason: BadReputation, words: []string{"reputation", "senderscore", "sender score", "ip has been temporarily rate limited due to", "bad sender", "(cs01)", "temporarily rate limited"}},
	{reason: VirusDetected, words: []string{"virus", "malware", "trojan", "infected", "worm detected", "phishing"}, without: []string{"spam", "no virus", "best protect our users"}},
	{reason: SpamDetected, words: []string{" spam", "spam ", "spam.", "spam-", "antispam", "anti-spam", "unsolicited", "bulk e-mail", "bulk email", "bulk mail", "junk mail", "junk e-mail", "ube)", "spamassassin", "spamcontent",
		"mail content denied", "content rejected", "ofr_506", "ofr506", "looks like uce", "message contains suspect", "suspicious message", "dspam", "cloudmark",
		"rejected due to content", "message content rejected", "suspected content", "message was rejected as"},
		without: []string{"spamhaus", "spamcop", "blacklist", "block list", "blocklist", "block-list", "blacklisted", "spamvertised", "rbl", "listed in", "listed at", "dnsbl"}},
	{reason: Speeding, words: []string{"rate limit", "ratelimit", "too quickly", "too fast", "receiving mail at a rate", "throttl", "too many messages", "sending rate", "too many emails", "message rate",
		"too many recipients", "google:receivingrate", "relay limit exceeded", "unusual rate", "exceeded the rate", "exceeded the limit of", "too many concurrent", "too many connections", "too many sessions", "connection limit", "connections exceeded",
		"exceeded the maximum number", "sending limit", "too much mail", "connection frequency", "daily quota", "hourly"},
		without: []string{"mailbox is full", "mailbox full", "over quota"}},
	{reason: NoRelaying, words: []string{"relay access denied", "relaying denied", "relay denied", "not permitted to relay", "unable to relay", "relaying not allowed", "relay not permitted", "we do not relay",
		"relaying prohibited", "not an open relay", "relay operation", "cannot relay", "no relaying", "relaying is", "relaying to", "not relay", "relay not", "insecure mail relay", "relaying mail to", "local relay denied",
		"that domain isn't in my list of allowed rcpthosts", "allowed rcpthosts", "relay to this", "refused to relay", "authentication is required to send", "this host is not a relay"}},
	{reason: Rejected, words: []string{"sender address rejected", "sender rejected", "sender denied", "sender verify failed", "sender verification", "unroutable sender", "domain of sender", "sender domain", "invalid sender",
		"unknown sender", "bad sender", "sender not", "sender is not", "sender does not", "mail from:", "from: domain is invalid", "valid from", "invalid domain, see", "<> invalid sender", "backscatter protection",
		"returned mail not accepted", "bounces are not", "null sender", "sender was rejected", "sender address", "not authorized to send to", "restricted", "only accepts", "not allowed to post", "not authorised to post",
		"do not have permission to", "not have permission", "are not allowed to send", "not permitted to send", "not authorized to", "senders are allowed", "authenticated senders", "need to be authenticated", "accepts messages only",
		"is not authorized", "must be a member", "not accept messages from", "does not accept mail from", "you are not allowed to", "rejects mail from you", "blocked sender", "sendernotallowed", "sendernotauthenticated", "rst.authrequired", "rst.notauthorized", "denied sender", "blocks you", "because of sender"},
		without: []string{"reputation", "blacklist", "blocked using"}},
	{reason: SecurityError, words: []string{"must issue a starttls", "starttls", "tls required", "requires tls", "authentication required", "authentication failed", "auth failure", "must authenticate", "authentication failure",
		"authentication turned on", "verification failure", "certificate", "encryption", "please authenticate", "authentication is required", "account not subscribed to ses", "password"},
		without: []string{"user unknown", "domain not found", "reset"}},
	{reason: Blocked, words: []string{"blacklist", "black list", "blocklist", "block list", "block-list", "blocked using", "blocked by", "blocked for", "has been blocked", "is blocked", "was blocked", "been blocked", "spamhaus", "spamcop", "dnsbl",
		" rbl", "rbl ", "sorbs", "barracuda", "listed in", "listed at", "listed by", "client host", "client rejected", "ip address rejected", "banned", "access denied", "denied by", "not accepting connections",
		"refused to talk to me", "service refus", "service refused", "connection dropped", "connections from", "connections not accepted", "we do not accept mail from", "mail server ip", "your ip", "your host", "blocked -", "block list", "access to submit messages", "will not accept delivery of this message", "smtp server of your isp", "daily relay quota",
		"your network", "your server", "your mail server", "dialup", "dial-up", "dynamic ip", "dynamic pool", "helo command rejected", "invalid helo", "helo name", "bad helo", "ehlo", "temporarily deferred due to user complaints", "[ts0", "tss0",
		"unusual traffic", "too many errors", "too many spams", "too many bad", "too many invalid", "too many unknown", "too many non-existent", "bad dns ptr", "error: too many", "ip blocked", "refused. your", "local policy", "lpn007", "access forbidden", "is not allowed to connect", "hostname rejected"},
		without: []string{"recipient address rejected: access denied", "not listed in", "user unknown", "account has been blocked", "mailbox is blocked", "account is blocked", "content presents a potential", "blocked because its content", "user is blocked", "account blocked", "unknown user"}},
	{reason: PolicyViolation, words: []string{"policy", "header error", "content presents a potential", "prohibited", "attachment", "message rejected: ", "security issue", "blocked because its content", "bad attachment", "violat", "not allowed in header",
		"message refused", "message not accepted", "anti-spoofing", "you have exceeded", "mail appears to be", "message not allowed", "transaction failed unsigned", "header check", "forged", "unacceptable", "denied due to", "body content"},
		without: []string{"user unknown", "unknown user", "account policy", "no such user", "does not exist", "not found"}},
	// The mailbox.
	{reason: MailboxFull, words: []string{"mailbox full", "mailbox is full", "mailbox was full", "inbox is full", "inbox full", "mailfolder is full", "mailbox size", "over quota", "overquota", "over the quota", "over its quota", "over disk quota",
		"quota exceeded", "exceeded quota", "exceeds the quota", "exceeding quota", "quota full", "quota violation", "exceed quota", "exceeds quota", "exceeds allowed size", "exceeded storage allocation", "exceeded email quota", "exceeded its quota", "disk quota",
		"mailbox exceeded", "mailbox exceeds", "exceeded the local limit", "out of storage", "storage quota", "insufficient storage", "account is full", "account is over", "mail box is full", "mailbox quota", "user is over", "maildir over", "maildir delivery failed", "not enough storage",
		"is over the limit", "too much mail data", "user has exhausted", "exhausted allowed storage", "message would exceed", "would be over the allowed quota", "is not enough space", "has exceeded", "no space left for", "mail quota", "too many messages on this mailbox",
		"exceeds the limit", "does not have enough space", "allowed storage", "incoming mailbox", "google:overquota", "boite pleine", "boite du destinataire pleine", "recipient overquota", "boîte pleine", "mailbox for user is full", "mailbox limit", "mailbox_quota", "delivery failed: over", "account has exceeded", "full mailbox"},
		without: []string{"daily", "message size exceeds", "message exceeded"}},
	{reason: ContentError, words: []string{"improper use of 8-bit", "8-bit data in", "media error", "illegal 8-bit", "invalid mime", "mime error", "bad content", "mail message is malformed", "malformed mime"}},
	{reason: MesgTooBig, words: []string{"message size exceed", "message size limit", "message too large", "message too big", "message is too l", "message file too big", "maximum message size", "size limit", "size exceed", "exceeds size", "exceeds the size", "line limit exceeded",
		"line too long", "exceeded maximum inbound message size", "message exceeded", "message length exceeds", "max message size", "maximum file size", "too large", "mail size limit", "message header size", "recipsizelimit", "larger than the", "data size exceeded", "exceeds the maximum", "exceeds maximum", "bytes exceed"}},
	{reason: SystemFull, words: []string{"no space left on device", "insufficient system storage", "system storage", "disk full", "file system is full", "file system full", "not enough disk space", "mail system full", "insufficient disk"}},
	{reason: Suppressed, words: []string{"suppression list", "suppressed address", "inactive recipient", "marked as inactive", "previously bounced", "do not mail list", "recently bounced", "has suppressed sending", "bounced address", "on our suppress"}},
	{reason: Suspend, words: []string{"disabled", "suspend", "deactivated", "inactive", "discontinued", "not active", "account locked", "account is locked", "mailbox locked", "temporarily locked", "no longer active", "has been blocked", "account blocked", "account is blocked", "mailbox is blocked",
		"frozen", "expired account", "account expired", "account closed", "account has been closed", "closed account", "unavailable for this account", "not activated", "boite du destinataire archivee", "temporarily unavailable account", "cancelled", "is not accepting mail", "not accepting any mail",
		"google:disableduser", "out of service", "has been dormant", "over 180 days", "not used for", "user has been"},
		without: []string{"pipelining", "sender", "relay", "delivery has been suspended until", "delivery temporarily suspended", "has suppressed"}},
	{reason: HasMoved, words: []string{"has moved", "have moved", "no longer at this", "mailbox moved", "not our user", "forwarding address", "has been replaced by", "user moved", "no forwarding", "changed address", "address has changed", "changed their address"},
		without: []string{"learn more", "recent change"}},
	{reason: HostUnknown, words: []string{"domain does not exist", "domain doesn't exist", "nonexistentdomain", "nonexistent domain", "dns domain", "unrouteable address", "unroutable address", "all host address lookups failed permanently", "host unknown", "unknown host", "host not found", "domain not found", "no such domain", "nxdomain", "illegal host/domain", "domain is not reachable",
		"name or service not known", "no such host", "couldn't find any host", "could not find any host", "couldn't be found", "host or domain name not found", "recipient address rejected: unknown recipient domain", "domain must exist", "domain name not found", "unknown domain",
		"bad destination host", "unable to resolve", "unresolvable", "dns error", "unroutable mail domain", "unrouteable mail domain", "no a/mx", "invalid domain", "unrouteable domain", "could not be resolved", "domain name does not exist", "domain could not be found",
		"bad destination system", "host does not exist", "illegal domain", "is not a known domain", "host/domain name", "remote host doesn't exist", "can't be found", "does not like recipient's domain", "not found as type", "all relevant mx records point to non-existent hosts", "mail domain mentioned in email address is unknown"},
		without: []string{"sender", "mail from", "address couldn't be found", "from:", "your domain", "domain of", "malformed", "because the address", "temporary lookup"}},
	// Nobody there.
	{reason: UserUnknown, words: []string{"user unknown", "unknown user", "userunknown", "no valid recipients for", "unknown local", "unknown mailbox", "unknown recipient", "unknown address", "unknown account", "unknown or illegal alias", "no such user", "no such recipient", "no such mailbox", "no such address",
		"no such person", "no such account", "no such alias", "no such local user", "no mailbox", "not exist", "doesn't exist", "mailbox not found", "recipient not found", "user not found", "address not found", "account not found", "not found in directory", "recipientnotfound", "recipnotfound", "adr.recip",
		"invalid recipient", "invalid mailbox", "invalid user", "invalid address", "invalid final delivery user", "not a valid mailbox", "not a valid user", "not a valid recipient", "not valid mailbox", "not a known user", "not known here", "not known at this", "is not known", "is unknown", "doesn't have a",
		"does not have a", "user doesn't", "address rejected: undeliverable", "no longer on server", "no longer valid", "no longer available", "no longer in use", "no longer exists", "no longer with", "no longer works", "no longer employed", "no longer an employee", "is not a valid", "isn't a valid", "addressee unknown", "not listed in", "address is invalid", "name is not recognized", "not recognised",
		"not recognized", "mailbox unavailable", "archived recipient", "invalid recipient", "mailbox does not exist", "recipient address rejected: access denied", "recipient address rejected: undeliverable", "address rejected.", " address rejected ", "recipient rejected", "recipient unknown", "recipient is unknown", "recipient does not exist", "can't find", "cannot find",
		"not a registered gateway", "is not our", "not our customer", "google:nosuchuser", "delivery error: dd this user", "user name of email address not valid", "bad destination mailbox", "bad recipient", "bad address", "mailbox name not allowed",
		"no account", "not a member of", "undeliverable address", "the e-mail address you entered couldn't be found", "wasn't found at", "ist unbekannt", "unbekannter", "existiert nicht", "nicht gefunden", "introuvable", "n'existe pas", "desconocid", "no existe", "não existe", "nao existe", "sconosciuto", "inesistente", "не найден", "не существует", "no route to user",
		"destination unreachable: no", "destin. sconosciuto", "recipient no longer", "email address could not be found", "e-mail account does not exist", "account that you tried to reach does not", "recipient not ok", "vdeliver: invalid or unknown virtual user", "mail receiving disabled", "has been disabled or",
		"unknown virtual user", "misspelled", "does not match any", "user does not exist", "user is not", "recipient is not", "recipient address unknown", "local delivery failed", "unknown email", "nonexistent", "non-existent", "nonexist", "no matches to nameserver query for user", "verify address failed", "account unavailable", "recipient cannot be verified"},
		without: []string{"sender verify", "sender address", "your domain does not exist", "sender does not", "group", "no such file", "command not found"}},
	// Their machines.
	{reason: MailerError, words: []string{"command output:", "pipe to |", "unknown mailer error", "generated during the delivery attempt", "local delivery error", "mailer error", "exit status", "procmail", "command died", "x-unix; "}},
	{reason: Expired, words: []string{"queue too long", "too long in the queue", "message expired", "delivery time expired", "retry timeout", "retry time not reached", "connection timed out", "operation timed out", "timed out", "timeout", "delivery expired", "has expired", "expired", "could not be delivered for",
		"undelivered after", "host not reachable", "did not accept our requests to connect", "unable to connect successfully", "unable to deliver in", "giving up on", "all hosts", "has been delayed", "delivery delayed", "not delivered after", "been in the queue", "given up", "not been delivered within", "for too long", "4.4.7", "max retry", "retries", "attempts have failed", "connection was lost"},
		without: []string{"after multiple retries", "this is a permanent error; i've given up", "account expired"}},
	{reason: NetworkError, words: []string{"too many hops", "hop count", "mail loop", "loops back", "loop detected", "name service error", "malformed or unexpected name server", "host name lookup failure", "name lookup failure", "connection refused", "no route to host", "network is unreachable", "wasn't able to establish an smtp connection",
		"connection reset", "lost connection", "dns lookup", "mx lookup", "could not connect", "couldn't connect", "cannot connect", "unable to connect", "network error", "connection failed", "temporary lookup failure", "too many received", "routing loop", "maximum hop"}},
	{reason: SystemError, words: []string{"system error", "local configuration error", "configuration error", "service unavailable", "server error", "internal error", "duplicated message-id", "after multiple retries", "out of memory", "resources", "mail system problem", "i/o error", "cannot open", "temporary failure", "software error", "aliasing/forwarding loop",
		"loop", "system config", "unable to open", "can't create", "mailbox is corrupt", "server configuration", "process failed", "lmtp transmission", "transport error", "interrupted"}},
	{reason: Filtered, words: []string{"rejected by a remote mail server", "because the recipient is only accepting", "due to extended inactivity", "filtered", "rcpt rejected", "refused by recipient", "recipient refuses", "refused by the recipient", "not accepting mail from", "user not exist", "user reject", "rejected by the recipient", "受信拒否"}},
	{reason: OnHold, words: []string{"on hold", "quarantine"}},
}
