package public

import "golang.org/x/text/language"

// signUpWords are the fixed words of signing up in one language. %s is the
// organisation.
type signUpWords struct {
	Title, Email, Name, Which, Wording, Join string // the form
	Look, Sent                               string // after it
	Closed, Wrong                            string
	Subject, Letter                          string // of the mail; %[1]s organisation, %[2]s link
	OneMore, Press, Confirm, Welcome, Done   string // behind its link
}

// signUpTags are the languages of signUpIn in its order, the first for all others.
var signUpTags = []language.Tag{language.English, language.Swedish, language.German, language.French, language.Spanish, language.Korean, language.Arabic}

var signUpMatcher = language.NewMatcher(signUpTags)

var signUpIn = []signUpWords{
	{
		"Sign up", "Email address", "Name (optional)", "What would you like to receive?",
		"I would like to receive mail from %s. I can leave at any time through the link in each mail.", "Sign up",
		"Look into your mailbox", "If the address can join, a mail is on its way to it. Press the button in that mail and you are on the list. Nothing there? Look in the spam folder, or try again tomorrow.",
		"There is nothing to sign up for at the moment.", "Check the email address.",
		"Please confirm that you want to join", "Somebody, probably you, asked to get mail from %[1]s at this address.\n\nConfirm it here:\n%[2]s\n\nThe link works for seven days. If it was not you, do nothing: you will not be added, and this address is erased.\n",
		"One more step", "Press the button to join. Nothing happens until you do.", "Confirm", "Welcome", "You are on the list now. Each mail has a link to leave again.",
	},
	{
		"Prenumerera", "E-postadress", "Namn (frivilligt)", "Vad vill du få?",
		"Jag vill få e-post från %s. Jag kan när som helst avsluta genom länken i varje brev.", "Prenumerera",
		"Titta i din inkorg", "Om adressen kan anmälas är ett brev på väg dit. Tryck på knappen i brevet, så är du med på listan. Har inget kommit? Titta i skräpposten, eller försök igen i morgon.",
		"Det finns inget att prenumerera på just nu.", "Kontrollera e-postadressen.",
		"Bekräfta att du vill vara med", "Någon, troligen du, har bett om att få e-post från %[1]s till den här adressen.\n\nBekräfta här:\n%[2]s\n\nLänken gäller i sju dagar. Var det inte du, så behöver du inte göra något: du läggs inte till och adressen raderas.\n",
		"Ett steg kvar", "Tryck på knappen för att vara med. Ingenting händer förrän du gör det.", "Bekräfta", "Välkommen", "Nu är du med på listan. Varje brev har en länk för att lämna den.",
	},
	{
		"Anmelden", "E-Mail-Adresse", "Name (freiwillig)", "Was möchten Sie erhalten?",
		"Ich möchte E-Mails von %s erhalten. Ich kann mich jederzeit über den Link in jeder E-Mail abmelden.", "Anmelden",
		"Sehen Sie in Ihr Postfach", "Wenn die Adresse aufgenommen werden kann, ist eine E-Mail dorthin unterwegs. Drücken Sie darin auf die Schaltfläche, dann sind Sie dabei. Nichts gekommen? Sehen Sie im Spam-Ordner nach, oder versuchen Sie es morgen noch einmal.",
		"Im Moment gibt es nichts, wofür man sich anmelden kann.", "Prüfen Sie die E-Mail-Adresse.",
		"Bitte bestätigen Sie Ihre Anmeldung", "Jemand, vermutlich Sie, möchte unter dieser Adresse E-Mails von %[1]s erhalten.\n\nHier bestätigen:\n%[2]s\n\nDer Link gilt sieben Tage. Waren Sie es nicht, brauchen Sie nichts zu tun: Sie werden nicht eingetragen, und die Adresse wird gelöscht.\n",
		"Noch ein Schritt", "Drücken Sie die Schaltfläche, um dabei zu sein. Vorher geschieht nichts.", "Bestätigen", "Willkommen", "Sie stehen jetzt auf der Liste. Jede E-Mail hat einen Link zum Abmelden.",
	},
	{
		"S’inscrire", "Adresse e-mail", "Nom (facultatif)", "Que souhaitez-vous recevoir ?",
		"Je souhaite recevoir des messages de %s. Je peux me désinscrire à tout moment par le lien de chaque message.", "S’inscrire",
		"Regardez votre boîte de réception", "Si l’adresse peut être inscrite, un message est en route. Appuyez sur le bouton de ce message et vous serez sur la liste. Rien reçu ? Regardez dans les indésirables, ou réessayez demain.",
		"Il n’y a rien à quoi s’inscrire pour le moment.", "Vérifiez l’adresse e-mail.",
		"Merci de confirmer votre inscription", "Quelqu’un, sans doute vous, a demandé à recevoir des messages de %[1]s à cette adresse.\n\nConfirmez ici :\n%[2]s\n\nLe lien est valable sept jours. Si ce n’était pas vous, ne faites rien : vous ne serez pas inscrit et l’adresse sera effacée.\n",
		"Encore une étape", "Appuyez sur le bouton pour vous inscrire. Rien ne se passe avant cela.", "Confirmer", "Bienvenue", "Vous êtes maintenant sur la liste. Chaque message contient un lien pour la quitter.",
	},
	{
		"Suscribirse", "Correo electrónico", "Nombre (opcional)", "¿Qué desea recibir?",
		"Deseo recibir correos de %s. Puedo darme de baja en cualquier momento con el enlace de cada correo.", "Suscribirse",
		"Mire en su buzón", "Si la dirección puede inscribirse, hay un correo en camino. Pulse el botón de ese correo y estará en la lista. ¿No ha llegado nada? Mire en la carpeta de correo no deseado o inténtelo mañana.",
		"En este momento no hay nada a lo que suscribirse.", "Compruebe la dirección de correo.",
		"Confirme que desea suscribirse", "Alguien, probablemente usted, ha pedido recibir correos de %[1]s en esta dirección.\n\nConfírmelo aquí:\n%[2]s\n\nEl enlace vale siete días. Si no fue usted, no haga nada: no se le añadirá y la dirección se borrará.\n",
		"Un paso más", "Pulse el botón para suscribirse. Hasta entonces no ocurre nada.", "Confirmar", "Bienvenida", "Ya está en la lista. Cada correo tiene un enlace para darse de baja.",
	},
	{
		"구독하기", "이메일 주소", "이름 (선택)", "무엇을 받아 보시겠습니까?",
		"%s의 메일을 받겠습니다. 각 메일의 링크로 언제든지 그만둘 수 있습니다.", "구독하기",
		"메일함을 확인해 주세요", "가입할 수 있는 주소라면 메일이 발송되었습니다. 메일의 버튼을 누르면 목록에 추가됩니다. 메일이 없으면 스팸함을 확인하거나 내일 다시 시도해 주세요.",
		"지금은 구독할 수 있는 것이 없습니다.", "이메일 주소를 확인해 주세요.",
		"구독을 확인해 주세요", "이 주소로 %[1]s의 메일을 받겠다는 요청이 있었습니다.\n\n여기에서 확인해 주세요:\n%[2]s\n\n링크는 7일 동안 유효합니다. 요청하지 않으셨다면 아무것도 하지 않으셔도 됩니다. 추가되지 않으며 주소는 삭제됩니다.\n",
		"한 단계 남았습니다", "버튼을 누르면 구독됩니다. 누르기 전에는 아무 일도 일어나지 않습니다.", "확인", "환영합니다", "이제 목록에 추가되었습니다. 각 메일에 구독을 그만두는 링크가 있습니다.",
	},
	{
		"الاشتراك", "البريد الإلكتروني", "الاسم (اختياري)", "ماذا تود أن تتلقى؟",
		"أود تلقي رسائل من %s. يمكنني إلغاء الاشتراك في أي وقت عبر الرابط في كل رسالة.", "اشترك",
		"تحقق من بريدك", "إذا كان يمكن تسجيل العنوان فهناك رسالة في طريقها إليه. اضغط الزر في تلك الرسالة لتنضم إلى القائمة. لم يصل شيء؟ انظر في مجلد الرسائل غير المرغوب فيها أو حاول غدًا.",
		"لا يوجد حاليًا ما يمكن الاشتراك فيه.", "تحقق من عنوان البريد الإلكتروني.",
		"يرجى تأكيد اشتراكك", "طلب شخص ما، ربما أنت، تلقي رسائل من %[1]s على هذا العنوان.\n\nأكد هنا:\n%[2]s\n\nالرابط صالح سبعة أيام. إن لم تكن أنت فلا تفعل شيئًا: لن تضاف وسيُمحى هذا العنوان.\n",
		"خطوة أخيرة", "اضغط الزر للانضمام. لن يحدث شيء قبل ذلك.", "تأكيد", "أهلًا بك", "أنت الآن في القائمة. في كل رسالة رابط للمغادرة.",
	},
}

// languageAt is the place in signUpTags of the first wanted language that is there.
func languageAt(wanted ...string) int {
	_, at := language.MatchStrings(signUpMatcher, wanted...)
	return at
}

// signUpFor picks the words for what is asked for: a language that is named,
// then those of the browser, then the organisation's.
func signUpFor(wanted ...string) (signUpWords, string, string) {
	at := languageAt(wanted...)
	tag, dir := signUpTags[at].String(), "ltr"
	if tag == "ar" {
		dir = "rtl"
	}
	return signUpIn[at], tag, dir
}
