package public

// ownWords are the fixed words about a reader's own data and address in one
// language. Where a text takes an address it is masked.
type ownWords struct {
	Yours      string // heading of the part of the preferences
	First      string // [1] the present address
	To         string // label of the new one
	Move       string // button, and title of its page and mail
	Data       string
	Erase      string
	Asked      string // [1] the present address
	Letter     string // [1] what was asked for, [2] organisation, [3] link
	DataText   string // [1] the present address
	DataButton string
	EraseText  string // [1] the present address
	EraseButton,
	Erased string
	MoveText   string // [1] the present address, [2] the new one
	MoveButton string
	Next       string
	ArriveText string // [1] the former address, [2] the new one
	Moved      string
	Taken      string
}

// ownIn has the languages of signUpTags in their order.
var ownIn = []ownWords{
	{
		Yours: "Your address and your data", First: "For each of these we first send a mail to %[1]s. Nothing happens until you press the button behind its link.",
		To: "New e-mail address", Move: "Change your address", Data: "Get a copy of your data", Erase: "Erase everything about you",
		Asked:    "A mail is on its way to %[1]s. Press the button behind its link within 24 hours. After several tries in a row nothing more is sent: try again tomorrow.",
		Letter:   "Somebody, probably you, asked for this on your page at %[2]s:\n\n%[1]s\n\nOpen this page and press its button:\n%[3]s\n\nThe link works for 24 hours. If it was not you, do nothing: nothing will change.\n",
		DataText: "The file holds all that is kept about %[1]s: your details, lists, consents and what was sent to you.", DataButton: "Download the file",
		EraseText: "Everything about %[1]s is deleted for good, and you get no more mail. Only a code remains by which the address is recognised, so that nobody adds it again.", EraseButton: "Erase it for good",
		Erased:   "Everything about you is erased. Nothing more will be mailed to you.",
		MoveText: "Your mail goes to %[2]s instead of %[1]s. A mail goes there first, with one more button.", MoveButton: "Yes, change it",
		Next:       "A mail is on its way to the new address. Press the button behind its link, and the change is done.",
		ArriveText: "From now on %[2]s gets the mail that went to %[1]s.",
		Moved:      "The address is changed. From now on your mail comes here.",
		Taken:      "This address gets mail from us already. Nothing was changed.",
	},
	{
		Yours: "Din adress och dina uppgifter", First: "För vart och ett av dem skickar vi först ett brev till %[1]s. Ingenting händer förrän du trycker på knappen bakom dess länk.",
		To: "Ny e-postadress", Move: "Byt adress", Data: "Få en kopia av dina uppgifter", Erase: "Radera allt om dig",
		Asked:    "Ett brev är på väg till %[1]s. Tryck på knappen bakom dess länk inom 24 timmar. Efter flera försök i rad skickas inget mer: försök igen i morgon.",
		Letter:   "Någon, troligen du, har bett om det här på din sida hos %[2]s:\n\n%[1]s\n\nÖppna sidan och tryck på dess knapp:\n%[3]s\n\nLänken gäller i 24 timmar. Var det inte du, så behöver du inte göra något: ingenting ändras.\n",
		DataText: "Filen innehåller allt som finns sparat om %[1]s: dina uppgifter, listor, samtycken och vad som har skickats till dig.", DataButton: "Ladda ner filen",
		EraseText: "Allt om %[1]s raderas för gott, och du får inga fler brev. Bara en kod blir kvar som adressen känns igen på, så att ingen lägger till den igen.", EraseButton: "Radera för gott",
		Erased:   "Allt om dig är raderat. Inget mer kommer att skickas till dig.",
		MoveText: "Dina brev går till %[2]s i stället för %[1]s. Först går ett brev dit, med en knapp till.", MoveButton: "Ja, byt",
		Next:       "Ett brev är på väg till den nya adressen. Tryck på knappen bakom dess länk, så är bytet klart.",
		ArriveText: "Från och med nu får %[2]s de brev som gick till %[1]s.",
		Moved:      "Adressen är bytt. Från och med nu kommer dina brev hit.",
		Taken:      "Den här adressen får redan brev från oss. Ingenting ändrades.",
	},
	{
		Yours: "Ihre Adresse und Ihre Daten", First: "Dafür senden wir zuerst jeweils eine E-Mail an %[1]s. Es geschieht nichts, bis Sie die Schaltfläche hinter dem Link drücken.",
		To: "Neue E-Mail-Adresse", Move: "Adresse ändern", Data: "Kopie Ihrer Daten erhalten", Erase: "Alles über Sie löschen",
		Asked:    "Eine E-Mail an %[1]s ist unterwegs. Drücken Sie innerhalb von 24 Stunden die Schaltfläche hinter dem Link. Nach mehreren Versuchen hintereinander wird nichts mehr gesendet: Versuchen Sie es morgen noch einmal.",
		Letter:   "Jemand, vermutlich Sie, hat auf Ihrer Seite bei %[2]s darum gebeten:\n\n%[1]s\n\nÖffnen Sie diese Seite und drücken Sie die Schaltfläche:\n%[3]s\n\nDer Link gilt 24 Stunden. Waren Sie es nicht, brauchen Sie nichts zu tun: Es ändert sich nichts.\n",
		DataText: "Die Datei enthält alles, was über %[1]s gespeichert ist: Ihre Angaben, Listen, Einwilligungen und was Ihnen gesendet wurde.", DataButton: "Datei herunterladen",
		EraseText: "Alles über %[1]s wird endgültig gelöscht, und Sie erhalten keine E-Mails mehr. Nur ein Code bleibt, an dem die Adresse erkannt wird, damit niemand sie wieder einträgt.", EraseButton: "Endgültig löschen",
		Erased:   "Alles über Sie ist gelöscht. An Sie wird nichts mehr gesendet.",
		MoveText: "Ihre E-Mails gehen an %[2]s statt an %[1]s. Zuerst geht eine E-Mail mit einer weiteren Schaltfläche dorthin.", MoveButton: "Ja, ändern",
		Next:       "Eine E-Mail an die neue Adresse ist unterwegs. Drücken Sie die Schaltfläche hinter ihrem Link, dann ist die Adresse geändert.",
		ArriveText: "Ab jetzt erhält %[2]s die E-Mails, die an %[1]s gingen.",
		Moved:      "Die Adresse ist geändert. Ab jetzt kommen Ihre E-Mails hierher.",
		Taken:      "Diese Adresse erhält bereits E-Mails von uns. Es wurde nichts geändert.",
	},
	{
		Yours: "Votre adresse et vos données", First: "Pour chacune de ces demandes, nous envoyons d’abord un message à %[1]s. Rien ne se passe avant que vous n’ayez appuyé sur le bouton derrière son lien.",
		To: "Nouvelle adresse e-mail", Move: "Changer d’adresse", Data: "Obtenir une copie de vos données", Erase: "Effacer tout ce qui vous concerne",
		Asked:    "Un message est en route vers %[1]s. Appuyez sur le bouton derrière son lien dans les 24 heures. Après plusieurs essais de suite, plus rien n’est envoyé : réessayez demain.",
		Letter:   "Quelqu’un, sans doute vous, a demandé ceci sur votre page chez %[2]s :\n\n%[1]s\n\nOuvrez cette page et appuyez sur son bouton :\n%[3]s\n\nLe lien est valable 24 heures. Si ce n’était pas vous, ne faites rien : rien ne changera.\n",
		DataText: "Le fichier contient tout ce qui est conservé sur %[1]s : vos informations, listes, consentements et ce qui vous a été envoyé.", DataButton: "Télécharger le fichier",
		EraseText: "Tout ce qui concerne %[1]s est effacé définitivement et vous ne recevez plus de messages. Il ne reste qu’un code auquel l’adresse est reconnue, pour que personne ne l’ajoute de nouveau.", EraseButton: "Effacer définitivement",
		Erased:   "Tout ce qui vous concerne est effacé. Plus rien ne vous sera envoyé.",
		MoveText: "Vos messages iront à %[2]s au lieu de %[1]s. Un message y part d’abord, avec un dernier bouton.", MoveButton: "Oui, changer",
		Next:       "Un message est en route vers la nouvelle adresse. Appuyez sur le bouton derrière son lien et le changement est fait.",
		ArriveText: "Désormais, %[2]s reçoit les messages qui allaient à %[1]s.",
		Moved:      "L’adresse est changée. Vos messages arrivent désormais ici.",
		Taken:      "Cette adresse reçoit déjà nos messages. Rien n’a été changé.",
	},
	{
		Yours: "Su dirección y sus datos", First: "Para cada una de estas cosas enviamos primero un correo a %[1]s. No ocurre nada hasta que pulse el botón de su enlace.",
		To: "Nueva dirección de correo", Move: "Cambiar de dirección", Data: "Obtener una copia de sus datos", Erase: "Borrar todo sobre usted",
		Asked:    "Hay un correo en camino a %[1]s. Pulse el botón de su enlace en un plazo de 24 horas. Tras varios intentos seguidos no se envía nada más: inténtelo mañana.",
		Letter:   "Alguien, probablemente usted, ha pedido esto en su página de %[2]s:\n\n%[1]s\n\nAbra esta página y pulse su botón:\n%[3]s\n\nEl enlace vale 24 horas. Si no fue usted, no haga nada: nada cambiará.\n",
		DataText: "El archivo contiene todo lo que se guarda sobre %[1]s: sus datos, listas, consentimientos y lo que se le ha enviado.", DataButton: "Descargar el archivo",
		EraseText: "Todo sobre %[1]s se borra para siempre y no recibirá más correos. Solo queda un código por el que se reconoce la dirección, para que nadie vuelva a añadirla.", EraseButton: "Borrar para siempre",
		Erased:   "Todo sobre usted se ha borrado. No se le enviará nada más.",
		MoveText: "Sus correos irán a %[2]s en lugar de %[1]s. Primero va allí un correo con un botón más.", MoveButton: "Sí, cambiar",
		Next:       "Hay un correo en camino a la nueva dirección. Pulse el botón de su enlace y el cambio estará hecho.",
		ArriveText: "Desde ahora %[2]s recibe los correos que iban a %[1]s.",
		Moved:      "La dirección se ha cambiado. Desde ahora sus correos llegan aquí.",
		Taken:      "Esta dirección ya recibe nuestros correos. No se ha cambiado nada.",
	},
	{
		Yours: "내 주소와 내 정보", First: "먼저 %[1]s 주소로 메일을 보냅니다. 메일 링크의 버튼을 누르기 전에는 아무 일도 일어나지 않습니다.",
		To: "새 이메일 주소", Move: "주소 변경", Data: "내 정보 사본 받기", Erase: "내 정보 모두 삭제",
		Asked:    "%[1]s 주소로 메일이 발송되었습니다. 24시간 안에 메일 링크의 버튼을 눌러 주세요. 여러 번 연달아 요청하면 더 이상 발송되지 않으니 내일 다시 시도해 주세요.",
		Letter:   "%[2]s의 내 페이지에서 다음 요청이 있었습니다.\n\n%[1]s\n\n이 페이지를 열고 버튼을 눌러 주세요:\n%[3]s\n\n링크는 24시간 동안 유효합니다. 요청하지 않으셨다면 아무것도 하지 않으셔도 됩니다. 아무것도 바뀌지 않습니다.\n",
		DataText: "파일에는 %[1]s에 대해 보관된 모든 것이 들어 있습니다: 정보, 목록, 동의, 발송된 메일.", DataButton: "파일 내려받기",
		EraseText: "%[1]s에 대한 모든 것이 영구히 삭제되며 메일을 더 받지 않습니다. 누구도 주소를 다시 추가하지 못하도록 주소를 알아보는 코드만 남습니다.", EraseButton: "영구히 삭제",
		Erased:   "모든 정보가 삭제되었습니다. 더 이상 메일을 보내지 않습니다.",
		MoveText: "메일을 %[1]s 대신 %[2]s 주소로 보냅니다. 먼저 그 주소로 버튼이 있는 메일이 갑니다.", MoveButton: "네, 변경합니다",
		Next:       "새 주소로 메일이 발송되었습니다. 메일 링크의 버튼을 누르면 변경이 끝납니다.",
		ArriveText: "이제부터 %[1]s 주소로 가던 메일을 %[2]s 주소로 보냅니다.",
		Moved:      "주소가 변경되었습니다. 이제부터 메일이 여기로 옵니다.",
		Taken:      "이 주소는 이미 메일을 받고 있습니다. 아무것도 바뀌지 않았습니다.",
	},
	{
		Yours: "عنوانك وبياناتك", First: "لكل طلب من هذه نرسل أولًا رسالة إلى %[1]s. لن يحدث شيء قبل أن تضغط الزر خلف رابطها.",
		To: "البريد الإلكتروني الجديد", Move: "تغيير عنوانك", Data: "الحصول على نسخة من بياناتك", Erase: "محو كل ما يخصك",
		Asked:    "هناك رسالة في طريقها إلى %[1]s. اضغط الزر خلف رابطها خلال 24 ساعة. بعد عدة محاولات متتالية لا يُرسل شيء آخر: حاول غدًا.",
		Letter:   "طلب شخص ما، ربما أنت، هذا في صفحتك لدى %[2]s:\n\n%[1]s\n\nافتح هذه الصفحة واضغط زرها:\n%[3]s\n\nالرابط صالح 24 ساعة. إن لم تكن أنت فلا تفعل شيئًا: لن يتغير شيء.\n",
		DataText: "يحتوي الملف على كل ما هو محفوظ عن %[1]s: بياناتك وقوائمك وموافقاتك وما أُرسل إليك.", DataButton: "تنزيل الملف",
		EraseText: "يُمحى كل ما يخص %[1]s نهائيًا ولن تصلك رسائل أخرى. يبقى رمز فقط يُعرف به العنوان حتى لا يضيفه أحد من جديد.", EraseButton: "محو نهائي",
		Erased:   "مُحي كل ما يخصك. لن يُرسل إليك شيء بعد الآن.",
		MoveText: "ستصل رسائلك إلى %[2]s بدلًا من %[1]s. تُرسل أولًا رسالة إلى هناك فيها زر أخير.", MoveButton: "نعم، غيّره",
		Next:       "هناك رسالة في طريقها إلى العنوان الجديد. اضغط الزر خلف رابطها ليكتمل التغيير.",
		ArriveText: "من الآن فصاعدًا تصل إلى %[2]s الرسائل التي كانت تصل إلى %[1]s.",
		Moved:      "تغيّر العنوان. من الآن فصاعدًا تصلك رسائلك هنا.",
		Taken:      "تصل رسائلنا إلى هذا العنوان بالفعل. لم يتغير شيء.",
	},
}
