package mailer

import (
	"errors"
	"strconv"

	"postrider/delivery"
	"postrider/internal/mailaddr"
)

// prepare checks an envelope and a message and returns the commands for them,
// or our own refusal, in the terms of a relay's, before anything is written. The
// addresses go into the commands word for word, so nothing unchecked may pass.
func (c *conn) prepare(e delivery.Envelope, m *assembled) ([]command, *delivery.Answer) {
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
	if err := m.check(); err != nil {
		return nil, refuse(delivery.StageData, 554, "5.6.0", err)
	}
	mail := "MAIL FROM:<" + from.String() + ">"
	if c.size {
		mail += " SIZE=" + strconv.Itoa(len(c.fields)+m.Len())
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
