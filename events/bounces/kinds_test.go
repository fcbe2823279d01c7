package bounces_test

import (
	"strings"
	"testing"

	"postrider/events/bounces"
)

// TestMailsThatFollowNoStandard: each in the form of one mail system.
func TestMailsThatFollowNoStandard(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		head, body string
		want       string // recipient status code class reason, one a line
	}{
		"Apache James": {"From: postmaster@mx.example.org\nReturn-Path: <>\nSubject: Re:News", `Hi. This is the James mail server at mx.example.org.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.  Below
I include the list of recipients and the reason why I was unable to deliver
your message.

Failed recipient(s):
ada@example.net

Error message:

550 - Requested action not taken: no such user here

The original message is attached.
`, "ada@example.net 5.0.910 550 doubtful filtered"},
		"MailMarshal": {"From: Postmaster <postmaster@mx.example.org>\nReturn-Path: <>\nSubject: Undeliverable Mail: \"News\"", `Your message:
   From:    news@example.org
   Subject: News

Could not be delivered because of

550 5.1.1 User unknown

The following recipients were affected:
    ada@example.net

Additional Information
======================
Original Sender:    <news@example.org>
Sender-MTA:         <10.11.12.13>
Remote-MTA:         <10.0.0.1>
`, "ada@example.net 5.1.1 550 hard userunknown"},
		"InterScan": {"From: \"InterScan MSS\" <postmaster@mx.example.org>\nSubject: Mail could not be delivered", `********************* eMail message header *********************
Unable to deliver message to <ada@example.net>.
Sent <<< RCPT TO:<ada@example.net>
Received >>> 550 5.1.1 <ada@example.net>... user unknown
`, "ada@example.net 5.1.1 550 hard userunknown"},
		"an old Google": {"From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nX-Failed-Recipients: ada@example.net\nSubject: Delivery Status Notification (Failure)", `Delivery to the following recipient failed permanently:

     ada@example.net

Technical details of permanent failure:
Google tried to deliver your message, but it was rejected by the recipient domain. The error that the other server returned was: 550 550 Unknown user ada@example.net (state 14).

----- Original message -----

Received: by 10.0.0.1 with SMTP id x
Message-ID: <7@example.org>
To: ada@example.net
`, "ada@example.net 5.0.911 550 hard userunknown"},
		"qmail with two": {"From: MAILER-DAEMON@mx.example.org\nReturn-Path: <>\nSubject: failure notice", `Hi. This is the qmail-send program at mx.example.org.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ada@nowhere.example>:
Sorry, I couldn't find any host named nowhere.example. (#5.1.2)

<grace@example.net>:
192.0.2.1 does not like recipient.
Remote host said: 552 5.2.2 mailbox full
Giving up on 192.0.2.1.

--- Below this line is a copy of the message.

Return-Path: <news@example.org>
To: others@example.com
`, "ada@nowhere.example 5.1.2  hard hostunknown\ngrace@example.net 5.2.2 552 soft mailboxfull"},
		"Exim's delay": {"From: Mail Delivery System <Mailer-Daemon@mx.example.org>\nAuto-Submitted: auto-replied\nSubject: Warning: message 1abc delayed 24 hours", `This message was created automatically by mail delivery software.
A message that you sent has not yet been delivered to one or more of its
recipients after more than 24 hours on the queue on mx.example.org.

The following address(es) have not yet been delivered:

  ada@example.net
    host mx.example.net [192.0.2.1]
    SMTP error from remote mail server after RCPT TO:<ada@example.net>:
    450 4.1.1 <ada@example.net>: Recipient address rejected: unverified address

No action is required on your part. Delivery attempts will continue for
some time, and this warning may be repeated at intervals if the message
remains undelivered.
`, "ada@example.net 4.1.1 450 delayed userunknown"},
		"Exim's own router": {"From: Mail Delivery System <Mailer-Daemon@mx.example.org>\nX-Failed-Recipients: ada@nowhere.example\nAuto-Submitted: auto-replied\nSubject: Mail delivery failed: returning message to sender", `This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ada@nowhere.example
    Unrouteable address

------ This is a copy of the message, including all the headers. ------

Return-path: <news@example.org>
To: ada@nowhere.example
`, "ada@nowhere.example 5.0.912  hard hostunknown"},
		"Exim after a long time": {"From: Mail Delivery System <Mailer-Daemon@mx.example.org>\nX-Failed-Recipients: ada@example.net\nSubject: Mail delivery failed: returning message to sender", `This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ada@example.net
    host mx.example.net [192.0.2.1]
    retry timeout exceeded
`, "ada@example.net 5.0.947  soft expired"},
		"Sendmail without parts": {"From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example.org>\nSubject: Returned mail: User unknown", `   ----- The following addresses had permanent fatal errors -----
<ada@example.net>

   ----- Transcript of session follows -----
... while talking to mx.example.net.:
>>> RCPT To:<ada@example.net>
<<< 550 5.1.1 <ada@example.net>... User unknown
550 <ada@example.net>... User unknown

   ----- Original message follows -----
Return-Path: <news@example.org>
Received: by mx.example.org
To: ada@example.net
`, "ada@example.net 5.1.1 550 hard userunknown"},
		"IMail": {"From: \"Postmaster\" <postmaster@example.com>\nReturn-Path: <>\nX-Mailer: <SMTP32 v8.22>\nSubject: Undeliverable Mail", `Unknown user: ada@example.com

Original message follows.

Received: from mx.example.org [192.0.2.1] by mx.example.com
Subject: News
`, "ada@example.com 5.0.910  doubtful filtered"},
		"GoDaddy": {"From: MAILER-DAEMON@mx.example.org\nReturn-Path: <>\nSubject: failure notice", `We're sorry. There's a problem with the e-mail address(es) you're trying to send to. Please verify the address(es) and try again.

<ada@example.net>:
This address no longer exists.

--- Below this line is a copy of the message.

Return-Path: <news@example.org>
`, "ada@example.net 5.0.910  doubtful filtered"},
		"a reader's taste": {"From: MAILER-DAEMON@mx.example.org\nReturn-Path: <>\nSubject: failure notice", `We're sorry. There's a problem with the e-mail address(es) you're trying to send to.

<ada@example.net>:
The user does not accept email in non-Western (non-Latin) character sets.

--- Below this line is a copy of the message.

Return-Path: <news@example.org>
`, "ada@example.net 5.0.900  unknown undefined"},
		"Exchange in words": {"From: System Administrator <postmaster@example.net>\nReturn-Path: <>\nSubject: Undeliverable: News", `Your message

  To:      ada@example.net
  Subject: News
  Sent:    Mon, 1 Mar 2027 12:00:00 +0000

did not reach the following recipient(s):

ada@example.net on Mon, 1 Mar 2027 12:00:05 +0000
    The e-mail system was unable to deliver the message, but did not report
a specific reason.  Check the address and try again.  If it still fails,
contact your system administrator.
    < mx.example.net #5.2.2 smtp;552 5.2.2 mailbox full>
`, "ada@example.net 5.2.2 552 soft mailboxfull"},
		"Postfix in Japanese": {"From: MAILER-DAEMON@mx.example.jp\nReturn-Path: <>\nContent-Type: text/plain; charset=utf-8\nSubject: =?UTF-8?B?6YCB5L+h44Ko44Op44O8?=", `送信できませんでした。

<ada@example.jp>: 550 5.1.1 <ada@example.jp>: Recipient address rejected: User unknown
`, "ada@example.jp 5.1.1 550 hard userunknown"},
		"HTML only": {"From: postmaster@example.org\nReturn-Path: <>\nContent-Type: text/html\nSubject: Undeliverable: News", `<html><head><title>x</title></head><body><p>Your message to <b>ada@example.net</b> couldn't be delivered.</p>
<p>550 5.1.1 User unknown</p></body></html>`, "ada@example.net 5.1.1 550 hard userunknown"},
		"a person who writes": {"From: Ada <ada@example.net>\nSubject: Re: News", "Dear all, I could not be there, my mailbox is full. ada@example.net\n", ""},
		"a newsletter":        {"From: News <news@example.com>\nList-Id: <x.example.com>\nSubject: Mail delivery in 2027", "Read about mail delivery. Unsubscribe: news@example.com\n", ""},
		"out of office":       {"From: Ada <ada@example.net>\nAuto-Submitted: auto-replied\nIn-Reply-To: <7@example.org>\nSubject: Out of office: News", "I am away until 3 May; write to grace@example.net.\n", "ada@example.net   auto_reply vacation"},
		"Frånvaro":            {"From: Ada <ada@example.net>\nSubject: =?UTF-8?B?RnLDpW52YXJvOiBOeWhldGVy?=", "Jag är inte på kontoret.\n", "ada@example.net   auto_reply vacation"},
		"empty":               {"", "", ""},
	} {
		m := bounces.Parse([]byte(c.head + "\nTo: news@example.org\n\n" + c.body))
		var got []string
		for _, b := range m.Bounces {
			got = append(got, strings.Join([]string{b.Recipient, b.Status, b.Code, string(b.Class), string(b.Reason)}, " "))
			if b.Hard != (b.Class == bounces.Hard) {
				t.Errorf("%s: hard and its class do not agree: %+v", name, b)
			}
		}
		if strings.Join(got, "\n") != c.want {
			t.Errorf("%s is read as\n%s\nwant\n%s", name, strings.Join(got, "\n"), c.want)
		}
	}
}

func TestComplaints(t *testing.T) {
	t.Parallel()
	report := func(kind, fields string) []byte {
		return []byte("From: fbl@example.com\nTo: abuse@example.org\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\nA report.\n--b\nContent-Type: message/feedback-report\n\n" +
			"Feedback-Type: " + kind + "\nUser-Agent: Test/1\n" + fields + "\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <9@example.org>\nTo: grace@example.net\n\nx\n--b--\n")
	}
	for name, c := range map[string]struct {
		raw  []byte
		want []string
	}{
		"one named":       {report("abuse", "Original-Rcpt-To: <ada@example.net>\n"), []string{"ada@example.net"}},
		"two named":       {report("abuse", "Original-Rcpt-To: ada@example.net\nOriginal-Rcpt-To: b@example.net\n"), []string{"ada@example.net", "b@example.net"}},
		"none named":      {report("abuse", ""), []string{"grace@example.net"}},
		"about signing":   {report("auth-failure", "Original-Rcpt-To: <ada@example.net>\n"), nil},
		"taken back":      {report("not-spam", "Original-Rcpt-To: <ada@example.net>\n"), nil},
		"an unknown kind": {report("opt-out", "Original-Rcpt-To: <ada@example.net>\n"), []string{"ada@example.net"}},
	} {
		m := bounces.Parse(c.raw)
		var got []string
		for _, b := range m.Bounces {
			if b.Class == bounces.Complaint {
				got = append(got, b.Recipient)
			}
		}
		if strings.Join(got, " ") != strings.Join(c.want, " ") {
			t.Errorf("%s: complaints of %v, want %v", name, got, c.want)
		}
		if strings.Join(m.MessageIDs, " ") != "9@example.org" {
			t.Errorf("%s: the mail that came back is %v", name, m.MessageIDs)
		}
	}
}

// FuzzParse: no mail of a stranger stops the program, takes long, or makes it
// say more than it may.
func FuzzParse(f *testing.F) {
	f.Add(notice("5.1.1", "550 5.1.1 User unknown", "RCPT TO"))
	f.Add([]byte("From: MAILER-DAEMON\nSubject: failure notice\n\n<a@b.example>:\n550 no such user\n--- Below this line is a copy of the message.\n\nTo: a@b.example\n"))
	f.Add([]byte("Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n--b--"))
	f.Add([]byte("Content-Type: message/rfc822\n\nContent-Type: message/rfc822\n\nmessage/delivery-status"))
	f.Add([]byte("From - x 00:00 2000\n\nFrom a 00:00 2000\nFrom: \xff=?iso-2022-jp?B?GyRC?=\n\n\x1b$B"))
	f.Add([]byte(`{"notificationType":"Bounce","bounce":{"bouncedRecipients":[{"emailAddress":"a@b.example"}]}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, one := range bounces.Split(raw) {
			m := bounces.Parse(one)
			if len(m.Bounces) > 100 {
				t.Errorf("%d entries", len(m.Bounces))
			}
			for _, b := range m.Bounces {
				if len(b.Recipient) > 400 || len(b.Text) > 1000 || b.Class == "" || b.Reason == "" || b.Hard != (b.Class == bounces.Hard) {
					t.Errorf("an entry is out of bounds: %+v", b)
				}
			}
		}
	})
}

func TestHugeMailsAreBounded(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("Content-Type: multipart/mixed; boundary=b\n\n--b\n", 50_000)
	for name, raw := range map[string]string{
		"deep":      deep,
		"addresses": "From: MAILER-DAEMON\nSubject: failure notice\n\n" + strings.Repeat("a@b.example: 550 user unknown\n", 100_000),
		"one line":  "From: MAILER-DAEMON\nSubject: failure notice\n\n" + strings.Repeat("550 5.1.1 <a@b.example> ", 100_000),
		"fields":    strings.Repeat("X-A: b\n", 300_000),
		"status":    "Content-Type: message/delivery-status\n\n" + strings.Repeat("Final-Recipient: rfc822; a@b.example\nAction: failed\n\n", 50_000),
		"brackets":  "From: MAILER-DAEMON\nSubject: failure notice\nContent-Type: text/html\n\n" + strings.Repeat("<", 1_000_000),
	} {
		if n := len(bounces.Parse([]byte(raw)).Bounces); n > 100 {
			t.Errorf("%s: %d entries", name, n)
		}
	}
}
