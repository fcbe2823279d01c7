package public

// readerWords are the fixed words of leaving and choosing in one language. %s
// is always written as %[n]s: [1] the masked address, [2] the lists.
type readerWords struct {
	Leave, Will, Nothing             string // the unsubscribe page: title and button, what it does
	Left, Gone, Already, AlreadyText string // after it
	Erased, ErasedText               string
	Masked                           string
	Why, WhyHint, Send, Thanks       string // the reason afterwards
	Yours, Receives, None            string // the preferences
	Language, Zone, ZoneAny          string
	Pause, PauseHint, Save, Saved    string
	WrongDay, This                   string // [1] the latest day; this newsletter
}

// readerIn has the languages of signUpTags in their order.
var readerIn = []readerWords{
	{
		"Unsubscribe", "%[1]s will get no more mail from %[2]s.", "Nothing changes until you press the button.",
		"You are unsubscribed", "%[1]s gets no more mail from %[2]s. A mail that is on its way this very second may still arrive.", "You are already unsubscribed", "%[1]s gets no mail from %[2]s. There is nothing left to do.",
		"You are not on our lists", "The address that this mail went to has been erased here. Nothing will be mailed to it.",
		"The address is shown in part only, in case this mail was passed on to you.",
		"Would you tell us why? (optional)", "The people who write the newsletter read it.", "Send", "Thank you. Your words are with the people who write the newsletter.",
		"Your newsletters", "What %[1]s receives:", "Nothing at present.",
		"Language", "Time zone", "Not known",
		"No mail before (optional)", "Pauses everything until that day; empty: no pause.", "Save my choice", "Saved. From now on you get what is ticked below.",
		"Choose a day between tomorrow and %[1]s.", "this newsletter",
	},
	{
		"Avsluta prenumerationen", "%[1]s får inga fler brev från %[2]s.", "Ingenting ändras förrän du trycker på knappen.",
		"Prenumerationen är avslutad", "%[1]s får inga fler brev från %[2]s. Ett brev som är på väg just nu kan ändå komma fram.", "Prenumerationen är redan avslutad", "%[1]s får inga brev från %[2]s. Det finns inget kvar att göra.",
		"Du finns inte på våra listor", "Adressen som brevet gick till är raderad här. Inget kommer att skickas till den.",
		"Adressen visas bara delvis, ifall brevet har vidarebefordrats till dig.",
		"Vill du berätta varför? (frivilligt)", "De som skriver nyhetsbrevet läser det.", "Skicka", "Tack. De som skriver nyhetsbrevet har fått dina ord.",
		"Dina nyhetsbrev", "Det här får %[1]s:", "Ingenting just nu.",
		"Språk", "Tidszon", "Okänd",
		"Inga brev före (frivilligt)", "Pausar allt till den dagen; tomt: ingen paus.", "Spara mitt val", "Sparat. Från och med nu får du det som är ikryssat nedan.",
		"Välj en dag mellan i morgon och %[1]s.", "det här nyhetsbrevet",
	},
	{
		"Abmelden", "%[1]s erhält keine E-Mails mehr von %[2]s.", "Es ändert sich nichts, bis Sie die Schaltfläche drücken.",
		"Sie sind abgemeldet", "%[1]s erhält keine E-Mails mehr von %[2]s. Eine E-Mail, die in diesem Moment unterwegs ist, kann noch ankommen.", "Sie sind bereits abgemeldet", "%[1]s erhält keine E-Mails von %[2]s. Es bleibt nichts zu tun.",
		"Sie stehen nicht auf unseren Listen", "Die Adresse, an die diese E-Mail ging, ist hier gelöscht. An sie wird nichts mehr gesendet.",
		"Die Adresse wird nur teilweise gezeigt, falls diese E-Mail an Sie weitergeleitet wurde.",
		"Möchten Sie uns sagen, warum? (freiwillig)", "Wer den Newsletter schreibt, liest es.", "Senden", "Danke. Ihre Worte sind bei denen, die den Newsletter schreiben.",
		"Ihre Newsletter", "Das erhält %[1]s:", "Derzeit nichts.",
		"Sprache", "Zeitzone", "Nicht bekannt",
		"Keine E-Mails vor dem (freiwillig)", "Unterbricht alles bis zu diesem Tag; leer: keine Pause.", "Auswahl speichern", "Gespeichert. Ab jetzt erhalten Sie, was unten angekreuzt ist.",
		"Wählen Sie einen Tag zwischen morgen und dem %[1]s.", "diesem Newsletter",
	},
	{
		"Se désinscrire", "%[1]s ne recevra plus de messages de %[2]s.", "Rien ne change tant que vous n’avez pas appuyé sur le bouton.",
		"Vous êtes désinscrit", "%[1]s ne reçoit plus de messages de %[2]s. Un message déjà en route peut encore arriver.", "Vous êtes déjà désinscrit", "%[1]s ne reçoit pas de messages de %[2]s. Il n’y a plus rien à faire.",
		"Vous n’êtes pas sur nos listes", "L’adresse à laquelle ce message a été envoyé est effacée ici. Rien ne lui sera envoyé.",
		"L’adresse n’est montrée qu’en partie, au cas où ce message vous aurait été transmis.",
		"Voulez-vous nous dire pourquoi ? (facultatif)", "Les personnes qui écrivent la lettre le lisent.", "Envoyer", "Merci. Vos mots sont parvenus aux personnes qui écrivent la lettre.",
		"Vos lettres d’information", "Ce que reçoit %[1]s :", "Rien pour le moment.",
		"Langue", "Fuseau horaire", "Inconnu",
		"Pas de message avant le (facultatif)", "Met tout en pause jusqu’à ce jour ; vide : pas de pause.", "Enregistrer mon choix", "Enregistré. Vous recevez désormais ce qui est coché ci-dessous.",
		"Choisissez un jour entre demain et le %[1]s.", "cette lettre",
	},
	{
		"Darse de baja", "%[1]s no recibirá más correos de %[2]s.", "Nada cambia hasta que pulse el botón.",
		"Se ha dado de baja", "%[1]s ya no recibe correos de %[2]s. Un correo que esté en camino en este momento aún puede llegar.", "Ya se había dado de baja", "%[1]s no recibe correos de %[2]s. No queda nada por hacer.",
		"No está en nuestras listas", "La dirección a la que se envió este correo se ha borrado aquí. No se le enviará nada.",
		"La dirección se muestra solo en parte, por si le han reenviado este correo.",
		"¿Quiere decirnos por qué? (opcional)", "Lo leen quienes escriben el boletín.", "Enviar", "Gracias. Sus palabras han llegado a quienes escriben el boletín.",
		"Sus boletines", "Lo que recibe %[1]s:", "Nada por ahora.",
		"Idioma", "Zona horaria", "Desconocida",
		"Ningún correo antes del (opcional)", "Pausa todo hasta ese día; vacío: sin pausa.", "Guardar mi elección", "Guardado. Desde ahora recibe lo que está marcado abajo.",
		"Elija un día entre mañana y el %[1]s.", "este boletín",
	},
	{
		"구독 취소", "%[1]s 주소로 %[2]s 메일을 더 이상 보내지 않습니다.", "버튼을 누르기 전에는 아무것도 바뀌지 않습니다.",
		"구독이 취소되었습니다", "%[1]s 주소로 %[2]s 메일을 더 이상 보내지 않습니다. 지금 발송 중인 메일은 도착할 수 있습니다.", "이미 구독이 취소되었습니다", "%[1]s 주소로 %[2]s 메일을 보내지 않습니다. 더 하실 일은 없습니다.",
		"저희 목록에 없습니다", "이 메일을 받은 주소는 여기에서 삭제되었습니다. 그 주소로는 아무것도 보내지 않습니다.",
		"이 메일이 전달된 것일 수 있어 주소의 일부만 표시합니다.",
		"이유를 알려 주시겠습니까? (선택)", "뉴스레터를 쓰는 사람들이 읽습니다.", "보내기", "감사합니다. 뉴스레터를 쓰는 사람들에게 전달되었습니다.",
		"내 뉴스레터", "%[1]s 주소로 받는 것:", "지금은 없습니다.",
		"언어", "시간대", "알 수 없음",
		"이 날짜 전에는 메일 받지 않기 (선택)", "그날까지 모두 멈춥니다. 비워 두면 멈추지 않습니다.", "선택 저장", "저장되었습니다. 이제 아래에 표시한 것을 받습니다.",
		"내일부터 %[1]s 사이의 날짜를 고르세요.", "이 뉴스레터",
	},
	{
		"إلغاء الاشتراك", "لن تصل إلى %[1]s رسائل من %[2]s بعد الآن.", "لن يتغير شيء حتى تضغط الزر.",
		"أُلغي اشتراكك", "لا تصل إلى %[1]s رسائل من %[2]s بعد الآن. قد تصل رسالة هي في طريقها في هذه اللحظة.", "اشتراكك ملغى من قبل", "لا تصل إلى %[1]s رسائل من %[2]s. لم يبق ما تفعله.",
		"لست في قوائمنا", "مُحي هنا العنوان الذي أُرسلت إليه هذه الرسالة. لن يُرسل إليه شيء.",
		"يظهر جزء من العنوان فقط، تحسبًا لأن تكون هذه الرسالة قد أُعيد توجيهها إليك.",
		"هل تود أن تخبرنا بالسبب؟ (اختياري)", "يقرؤه من يكتبون النشرة.", "إرسال", "شكرًا لك. وصلت كلماتك إلى من يكتبون النشرة.",
		"نشراتك", "ما يصل إلى %[1]s:", "لا شيء حاليًا.",
		"اللغة", "المنطقة الزمنية", "غير معروفة",
		"لا رسائل قبل (اختياري)", "يوقف كل شيء حتى ذلك اليوم؛ فارغ: دون توقف.", "احفظ اختياري", "حُفظ. من الآن يصلك ما هو محدد أدناه.",
		"اختر يومًا بين الغد و%[1]s.", "هذه النشرة",
	},
}

// ownNames are the languages of signUpTags as they call themselves.
var ownNames = []string{"English", "Svenska", "Deutsch", "Français", "Español", "한국어", "العربية"}
