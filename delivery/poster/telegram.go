package poster

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"strconv"
	"strings"

	"postrider/delivery"
	"postrider/internal/errs"
)

// telegram posts to a channel as a bot (core.telegram.org/bots/api). It knows no
// key for "the same again": what is not certain waits for a person.
type telegram struct{ *Poster }

type telegramMessage struct {
	Result struct {
		ID   int `json:"message_id"`
		Chat struct {
			Username string `json:"username"`
			ID       int64  `json:"id"`
		} `json:"chat"`
	} `json:"result"`
}

// ask calls a method. The token is a part of the address, which is in no error.
func (t telegram) ask(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, method string, in, out any) error {
	return t.do(ctx, call{method: "POST", url: a.Server + "/bot" + s.Token.Reveal() + "/" + method, in: in, out: out})
}

func (t telegram) open(ctx context.Context, a delivery.Account, s delivery.AccountSecrets) (delivery.Account, error) {
	var me struct {
		Result struct {
			ID int64 `json:"id"`
		} `json:"result"`
	}
	if err := certain(t.ask(ctx, a, s, "getMe", struct{}{}, &me)); err != nil {
		return a, fmt.Errorf("logging in at Telegram: %w (BotFather gives a bot its token)", err)
	}
	var member struct {
		Result struct {
			Status  string `json:"status"`
			CanPost *bool  `json:"can_post_messages"`
		} `json:"result"`
	}
	if err := certain(t.ask(ctx, a, s, "getChatMember", map[string]any{"chat_id": a.Handle, "user_id": me.Result.ID}, &member)); err != nil {
		return a, fmt.Errorf("looking at the channel %s: %w (add the bot to the channel as an administrator)", a.Handle, err)
	}
	if st := member.Result.Status; st != "administrator" && st != "creator" || member.Result.CanPost != nil && !*member.Result.CanPost {
		return a, errs.Invalidf("the bot may not post in %s: make it an administrator who may post messages", a.Handle)
	}
	return a, nil
}

// message is what is sent, with a large preview of the link above the text.
func (t telegram) message(a delivery.Account, d delivery.Draft) map[string]any {
	text := html.EscapeString(d.Text)
	if !strings.Contains(d.Text, d.Address) {
		text += "\n\n" + html.EscapeString(d.Address)
	}
	return map[string]any{
		"chat_id": a.Handle, "text": text, "parse_mode": "HTML",
		"link_preview_options": map[string]any{"url": d.Address, "prefer_large_media": true, "show_above_text": true},
	}
}

func (t telegram) publish(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, d delivery.Draft) (delivery.Published, error) {
	var made telegramMessage
	if err := t.ask(ctx, a, s, "sendMessage", t.message(a, d), &made); err != nil {
		return delivery.Published{}, err
	}
	p := delivery.Published{Remote: strconv.Itoa(made.Result.ID)}
	if name := made.Result.Chat.Username; name != "" {
		p.URL = "https://t.me/" + name + "/" + p.Remote
	}
	return p, nil
}

func (t telegram) find(context.Context, delivery.Account, delivery.AccountSecrets, delivery.Draft) (delivery.Published, error) {
	return delivery.Published{}, errs.Conflictf("a bot cannot read its channel: look there")
}

func (t telegram) edit(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, p delivery.Published, d delivery.Draft) error {
	in := t.message(a, d)
	in["message_id"] = json.Number(p.Remote)
	return t.ask(ctx, a, s, "editMessageText", in, nil)
}

func (t telegram) remove(ctx context.Context, a delivery.Account, s delivery.AccountSecrets, p delivery.Published) error {
	return t.ask(ctx, a, s, "deleteMessage", map[string]any{"chat_id": a.Handle, "message_id": json.Number(p.Remote)}, nil)
}

func (t telegram) numbers(context.Context, delivery.Account, delivery.AccountSecrets, delivery.Published) (delivery.PostNumbers, error) {
	return delivery.PostNumbers{}, errs.Conflictf("Telegram does not tell a bot")
}
