package bounces_test

import (
	"fmt"
	"strings"
	"testing"

	"postrider/events/bounces"
)

// notice writes a notification (RFC 3464) as Postfix does.
func notice(status, diagnostic, command string) []byte {
	return []byte(fmt.Sprintf(`From: MAILER-DAEMON@mx.example.org (Mail Delivery System)
To: news+token@example.org
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

This is the mail system at host mx.example.org. I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. For further assistance, please send mail to postmaster.

<ada@example.net>: host mx.example.net[192.0.2.1] said: %[2]s (in reply to
    %[3]s command)

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; ada@example.net
Action: failed
Status: %[1]s
Diagnostic-Code: smtp; %[2]s

--b
Content-Type: text/rfc822-headers

Message-ID: <1@example.org>
To: ada@example.net
--b--
`, status, diagnostic, command))
}

// TestRepliesOfWellKnownSystems: what the great mail systems answer, and what
// it means.
func TestRepliesOfWellKnownSystems(t *testing.T) {
	t.Parallel()
	const rcpt, data, mail = "RCPT TO", "end of DATA", "MAIL FROM"
	for _, c := range []struct {
		status, diagnostic, command string
		reason                      bounces.Reason
		class                       bounces.Class
	}{
		// Nobody there.
		{"5.1.1", "550 5.1.1 <ada@example.net>: Recipient address rejected: User unknown in relay recipient table", rcpt, bounces.UserUnknown, bounces.Hard},
		{"5.1.1", "550-5.1.1 The email account that you tried to reach does not exist. Please try 550 5.1.1 https://support.google.com/mail/?p=NoSuchUser x - gsmtp", rcpt, bounces.UserUnknown, bounces.Hard},
		{"5.0.0", "554 delivery error: dd This user doesn't have a yahoo.com account (ada@example.net) [0] - mta1.yahoo.com", data, bounces.UserUnknown, bounces.Hard},
		{"5.0.0", "552 1 Requested mail action aborted, mailbox not found", rcpt, bounces.UserUnknown, bounces.Hard},
		{"5.5.0", "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302). [BL0GCC02FT012]", rcpt, bounces.UserUnknown, bounces.Hard},
		{"5.4.1", "550 5.4.1 Recipient address rejected: Access denied. AS(201806281) [DB3EUR04FT012.eop-eur04.prod.protection.outlook.com]", rcpt, bounces.UserUnknown, bounces.Hard},
		{"5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient ada@example.net not found by SMTP address lookup", data, bounces.UserUnknown, bounces.Hard},
		{"5.1.1", "550 5.1.1 RESOLVER.ADR.ExRecipNotFound; not found", data, bounces.UserUnknown, bounces.Hard},
		{"5.1.0", "550 5.1.0 Address rejected", rcpt, bounces.UserUnknown, bounces.Hard},
		{"5.0.0", "550 #5.1.0 Address rejected.", rcpt, bounces.UserUnknown, bounces.Hard},
		{"5.1.1", "550 5.1.1 <ada@example.net>: Email address could not be found, or was misspelled (G8)", rcpt, bounces.UserUnknown, bounces.Hard},
		{"5.0.0", "550 No Such User Here", rcpt, bounces.UserUnknown, bounces.Hard},
		{"5.0.0", "550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550 [x]", rcpt, bounces.UserUnknown, bounces.Hard},
		{"5.0.0", "550 5.1.1 User Unknown", rcpt, bounces.UserUnknown, bounces.Hard},
		{"5.0.0", "550 Message was not accepted -- invalid mailbox. Local mailbox ada@example.net is unavailable: user not found", data, bounces.UserUnknown, bounces.Hard},
		{"5.1.1", "550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416 [416]", rcpt, bounces.UserUnknown, bounces.Hard},
		{"5.1.1", "550 5.1.1 RCP-P2 http://postmaster.facebook.com/response_codes?ip=192.0.2.1#RCP Refused due to recipient preferences", rcpt, bounces.UserUnknown, bounces.Hard},
		{"5.1.1", "511 sorry, no mailbox here by that name (#5.1.1 - chkuser)", rcpt, bounces.UserUnknown, bounces.Hard},
		{"5.1.1", "550 5.1.1 <ada@example.net> recipient rejected", rcpt, bounces.UserUnknown, bounces.Hard},
		{"5.4.4", "Host or domain name not found. Name service error for name=example.net type=A: Host not found", "", bounces.HostUnknown, bounces.Hard},
		{"5.4.310", "550 5.4.310 DNS domain example.net does not exist [Message=InfoDomainNonexistent]", "", bounces.HostUnknown, bounces.Hard},
		{"5.4.4", "550 5.4.4 SMTPSEND.DNS.NonExistentDomain; nonexistent domain", "", bounces.HostUnknown, bounces.Hard},
		{"5.1.2", "550 5.1.2 <ada@example.net>... Host unknown (Name server: example.net.: host not found)", "", bounces.HostUnknown, bounces.Hard},
		{"5.1.0", "Domain example.net does not accept mail (nullMX)", "", bounces.NotAccept, bounces.Hard},
		{"5.1.10", "556 5.1.10 Recipient address has null MX", rcpt, bounces.NotAccept, bounces.Hard},
		{"5.1.6", "551 5.1.6 User has moved; please try <new@example.net>", rcpt, bounces.HasMoved, bounces.Hard},
		// The mailbox.
		{"5.2.2", "552-5.2.2 The email account that you tried to reach is over quota. Please direct 552 5.2.2 the recipient to https://support.google.com/mail/?p=OverQuotaPerm", rcpt, bounces.MailboxFull, bounces.Soft},
		{"4.2.2", "452-4.2.2 The recipient's inbox is out of storage space. 452 4.2.2 https://support.google.com/mail/?p=OverQuotaTemp x - gsmtp", rcpt, bounces.MailboxFull, bounces.Soft},
		{"5.2.2", "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded", data, bounces.MailboxFull, bounces.Soft},
		{"5.1.1", "552 5.1.1 Boite du destinataire pleine. Recipient overquota. OFR_417 [417]", rcpt, bounces.MailboxFull, bounces.Soft},
		{"5.2.2", "maildir delivery failed: error writing message: Disk quota exceeded", "", bounces.MailboxFull, bounces.Soft},
		{"5.2.1", "550 5.2.1 The email account that you tried to reach is inactive. https://support.google.com/mail/?p=DisabledUser", rcpt, bounces.Suspend, bounces.Soft},
		{"5.0.0", "554 delivery error: dd This account has been disabled or discontinued [#102]. - mta1.yahoo.com", data, bounces.Suspend, bounces.Soft},
		{"5.0.0", "550 Requested action not taken: mailbox suspended", rcpt, bounces.Suspend, bounces.Soft},
		{"5.1.1", "550 5.1.1 Amazon SES has suppressed sending to this address because it has a recent history of bouncing as an invalid address.", data, bounces.Suppressed, bounces.Soft},
		{"4.4.1", "connect to mx.example.net[192.0.2.1]:25: Connection timed out", "", bounces.Expired, bounces.Soft},
		{"4.4.1", "delivery temporarily suspended: connect to mx.example.net[192.0.2.1]:25: Connection refused", "", bounces.NetworkError, bounces.Soft},
		{"5.4.6", "mail for example.net loops back to myself", "", bounces.NetworkError, bounces.Soft},
		// About us.
		{"5.7.1", "554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.9", rcpt, bounces.Blocked, bounces.Sender},
		{"5.7.606", "550 5.7.606 Access denied, banned sending IP [192.0.2.9]. To request removal from this list please visit https://sender.office.com/", rcpt, bounces.Blocked, bounces.Sender},
		{"5.7.1", "550 SC-001 (BAY004-MC1F5) Unfortunately, messages from 192.0.2.9 weren't sent. Please contact your Internet service provider since part of their network is on our block list.", mail, bounces.Blocked, bounces.Sender},
		{"5.7.515", "550 5.7.515 Access denied, sending domain EXAMPLE.ORG doesn't meet the required authentication level.", data, bounces.AuthFailure, bounces.Sender},
		{"5.7.26", "550-5.7.26 This mail has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM.", data, bounces.AuthFailure, bounces.Sender},
		{"5.7.9", "554 5.7.9 Message not accepted for policy reasons. See https://postmaster.yahooinc.com/error-codes", data, bounces.PolicyViolation, bounces.Sender},
		{"4.7.0", "421 4.7.0 [TSS04] Messages from 192.0.2.9 temporarily deferred due to unexpected volume or user complaints - 4.16.55.1", mail, bounces.Blocked, bounces.Sender},
		{"5.7.1", "550-5.7.1 Our system has detected that this message is likely unsolicited mail. To reduce the amount of spam sent to Gmail, this message has been blocked.", data, bounces.SpamDetected, bounces.Sender},
		{"5.7.25", "550-5.7.25 The IP address sending this message does not have a PTR record setup", data, bounces.RequirePTR, bounces.Sender},
		{"5.7.1", "554 5.7.1 <ada@example.net>: Relay access denied", rcpt, bounces.NoRelaying, bounces.Sender},
		{"5.1.8", "550 5.1.8 <news@example.org>: Sender address rejected: Domain not found", rcpt, bounces.Rejected, bounces.Sender},
		{"5.1.0", "550 5.1.0 <news@example.org>: Sender address rejected: User unknown in virtual mailbox table", rcpt, bounces.Rejected, bounces.Sender},
		{"5.7.133", "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction check failed", data, bounces.Rejected, bounces.Sender},
		{"5.3.4", "552 5.3.4 Message size exceeds fixed limit", data, bounces.MesgTooBig, bounces.Sender},
		{"5.7.1", "554 5.7.1 Your access to this mail system has been rejected due to the sending MTA's poor reputation.", mail, bounces.BadReputation, bounces.Sender},
		{"5.0.0", "554 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.9", mail, bounces.Blocked, bounces.Sender},
		{"5.0.0", "550 Rejected by header based Anti-Spoofing policy: example.org", data, bounces.PolicyViolation, bounces.Sender},
		{"5.2.1", "550-5.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered.", rcpt, bounces.Speeding, bounces.Sender},
		{"5.7.0", "552-5.7.0 This message was blocked because its content presents a potential security issue.", data, bounces.PolicyViolation, bounces.Sender},
		{"5.7.1", "550 5.7.1 Too many unknown users from your host; User unknown, your IP is blacklisted", rcpt, bounces.Blocked, bounces.Sender},
		// Said where filters say it too.
		{"5.2.0", "550 Unknown user ada@example.net", data, bounces.Filtered, bounces.Doubtful},
		{"5.7.1", "550 5.7.1 mailbox unavailable", data, bounces.Filtered, bounces.Doubtful},
		{"5.7.1", "550 5.7.1 user unknown", data, bounces.Filtered, bounces.Doubtful},
		{"5.0.0", "550 Host does not accept mail", mail, bounces.NotAccept, bounces.Hard},
	} {
		m := bounces.Parse(notice(c.status, c.diagnostic, c.command))
		if len(m.Bounces) != 1 {
			t.Errorf("%s: %d entries", c.diagnostic, len(m.Bounces))
			continue
		}
		b := m.Bounces[0]
		if b.Reason != c.reason || b.Class != c.class || b.Hard != (c.class == bounces.Hard) || b.Recipient != "ada@example.net" {
			t.Errorf("%q (%s, to %s)\n  is %s, %s, hard %t; want %s, %s", c.diagnostic, c.status, c.command, b.Reason, b.Class, b.Hard, c.reason, c.class)
		}
		if !strings.Contains(strings.Join(m.MessageIDs, " "), "1@example.org") {
			t.Errorf("the Message-ID of what came back is not among %q", m.MessageIDs)
		}
	}
}
