package mailer

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"postrider/delivery"
	"postrider/internal/mailaddr"
)

// prepare checks an envelope and a message and returns the commands for them,
// or our own refusal, in the terms of a relay's, before anything is written. The
// addresses go into the commands word for word, so nothing unchecked may pass.
func (c *conn) prepare(e delivery.Envelope, message []byte) ([]command, *delivery.Answer) {
	var from mailaddr.Address // none: the null sender of RFC 5321 §4.5.5
	if e.From != "" {
		var err error
		if from, err = mailaddr.Parse(e.From); err != nil {
			return nil, refuse(delivery.StageMail, 553, "5.1.7", err)
		}
	}
	to, err := mailaddr.Parse(e.To)
	if err != nil {
		return nil, refuse(delivery.StageRcpt, 553, "5.1.3", err)
	}
	utf8 := from.NeedsSMTPUTF8() || to.NeedsSMTPUTF8()
	if utf8 && !c.utf8 {
		return nil, refuse(delivery.StageRcpt, 553, "5.6.7", errors.New("the address is not ASCII before its @, and the mail server lacks SMTPUTF8"))
	}
	if err := checkMessage(message); err != nil {
		return nil, refuse(delivery.StageData, 554, "5.6.0", err)
	}
	mail := "MAIL FROM:<" + from.String() + ">"
	if c.size {
		mail += " SIZE=" + strconv.Itoa(len(c.fields)+len(message))
	}
	if utf8 {
		mail += " BODY=8BITMIME SMTPUTF8"
	}
	return []command{
		{delivery.StageMail, mail + "\r\n"},
		{delivery.StageRcpt, "RCPT TO:<" + to.String() + ">\r\n"},
		{delivery.StageData, "DATA\r\n"},
	}, nil
}

func refuse(stage delivery.Stage, code int, enhanced string, err error) *delivery.Answer {
	return &delivery.Answer{
		Stage: stage,
		Reply: delivery.Reply{Code: code, Enhanced: enhanced, Text: shorten(oneLine(err.Error()), maxReplyText)},
	}
}

// checkMessage makes sure that the text can only end where its final dot will
// be: CRLF line ends and nothing like one, no line that begins with a dot, so that
// no relay, however lenient, sees a second mail in it (SMTP smuggling).
func checkMessage(message []byte) error {
	if !bytes.HasSuffix(message, []byte("\r\n")) {
		return errors.New("the message does not end in a line end")
	}
	lines := 0
	for rest := message; len(rest) > 0; lines++ {
		n := bytes.IndexByte(rest, '\n')
		switch {
		case n == 0 || n > 0 && rest[n-1] != '\r':
			return fmt.Errorf("line %d of the message ends in a bare LF", lines+1)
		case rest[0] == '.':
			return fmt.Errorf("line %d of the message begins with a dot", lines+1)
		case n-1 > maxLine:
			return fmt.Errorf("line %d of the message has %d octets: lines have at most %d", lines+1, n-1, maxLine)
		}
		rest = rest[n+1:]
	}
	if bytes.Count(message, []byte{'\r'}) != lines {
		return errors.New("the message contains a bare CR")
	}
	if bytes.IndexByte(message, 0) >= 0 {
		return errors.New("the message contains a NUL")
	}
	return nil
}
