package public

import (
	"fmt"
	"net/http"
	"net/mail"
	"strings"

	"postrider/internal/notice"
	"postrider/internal/tokens"
	"postrider/subscribers"
)

// welcomeWords are the mail that greets whoever joined, and what the form says
// where no button has to be pressed.
type welcomeWords struct {
	Subject string // %[1]s organisation
	Letter  string // %[1]s organisation, %[2]s lists, %[3]s link to the preferences
	AtOnce  string // in place of signUpWords.Sent
	Done    string // in place of signUpWords.Look
}

// welcomeIn has the languages of signUpTags in their order.
var welcomeIn = []welcomeWords{
	{"Welcome to %[1]s", "You now get mail from %[1]s:\n\n%[2]s\nChange what you get, or leave:\n%[3]s\n",
		"If the address can join, it is on the list now. If it has left before, a mail is on its way to it: press the button in that mail.", "Thank you"},
	{"Välkommen till %[1]s", "Nu får du e-post från %[1]s:\n\n%[2]s\nÄndra vad du får, eller avsluta:\n%[3]s\n",
		"Om adressen kan anmälas är den med på listan nu. Har den lämnat listan tidigare är ett brev på väg dit: tryck på knappen i brevet.", "Tack"},
	{"Willkommen bei %[1]s", "Sie erhalten jetzt E-Mails von %[1]s:\n\n%[2]s\nÄndern, was Sie erhalten, oder abmelden:\n%[3]s\n",
		"Wenn die Adresse aufgenommen werden kann, steht sie jetzt auf der Liste. Hat sie die Liste früher verlassen, ist eine E-Mail dorthin unterwegs: Drücken Sie darin auf die Schaltfläche.", "Vielen Dank"},
	{"Bienvenue chez %[1]s", "Vous recevez désormais les messages de %[1]s :\n\n%[2]s\nModifier ce que vous recevez, ou vous désinscrire :\n%[3]s\n",
		"Si l’adresse peut être inscrite, elle est maintenant sur la liste. Si elle l’avait quittée, un message est en route : appuyez sur le bouton de ce message.", "Merci"},
	{"Le damos la bienvenida a %[1]s", "Ahora recibe correos de %[1]s:\n\n%[2]s\nCambiar lo que recibe o darse de baja:\n%[3]s\n",
		"Si la dirección puede inscribirse, ya está en la lista. Si antes se dio de baja, hay un correo en camino: pulse el botón de ese correo.", "Gracias"},
	{"%[1]s 구독을 환영합니다", "이제 %[1]s의 메일을 받습니다.\n\n%[2]s\n받을 내용을 바꾸거나 그만두기:\n%[3]s\n",
		"가입할 수 있는 주소라면 이제 목록에 추가되었습니다. 예전에 그만둔 주소라면 메일이 발송되었으니 메일의 버튼을 눌러 주세요.", "감사합니다"},
	{"أهلًا بك في %[1]s", "تصلك الآن رسائل من %[1]s:\n\n%[2]s\nلتغيير ما يصلك أو إلغاء الاشتراك:\n%[3]s\n",
		"إذا كان يمكن تسجيل العنوان فهو الآن في القائمة. وإن كان قد غادرها من قبل فهناك رسالة في طريقها إليه: اضغط الزر في تلك الرسالة.", "شكرًا"},
}

// welcomer makes the mail that greets a reader in their language. Nothing in it
// was typed by whoever filled the form.
func (h *house) welcomer(r *http.Request) subscribers.Welcomer {
	return func(reader subscribers.Subscriber, lists []subscribers.List) notice.Notice {
		w := welcomeIn[languageAt(reader.Language)]
		org := h.organisation(r)
		var titles strings.Builder
		for _, l := range lists {
			fmt.Fprintf(&titles, "– %s\n", titleOf(l))
		}
		link := h.Base + "/p/" + h.Keys.Token(tokens.Reader, int64(reader.ID))
		return notice.Notice{
			Kind: notice.Welcome, To: mail.Address{Address: reader.Email}, From: org.Sender, ReplyTo: org.ReplyTo,
			Subject: fmt.Sprintf(w.Subject, h.senderName(r)), Text: fmt.Sprintf(w.Letter, h.senderName(r), titles.String(), link),
		}
	}
}

func titleOf(l subscribers.List) string {
	if l.Title != "" {
		return l.Title
	}
	return l.Name
}

// atOnce reports whether no chosen list asks everybody to press a button.
func atOnce(lists []subscribers.List) bool {
	for _, l := range lists {
		if !l.SingleOptIn {
			return false
		}
	}
	return len(lists) > 0
}
