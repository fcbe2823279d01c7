package templates

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// words are the fixed words of mails and pages in one language. %[n] verbs are
// filled by fmt. Every field must be filled: a test looks at each language.
type words struct {
	ViewInBrowser  string
	Takeaways      string // heading
	TakeawayOf     string // %[1]d number, %[2]d how many
	SharePoint     string // label before the networks beside a takeaway
	SharePointOn   string // %[1]d number, %[2]s network: for the ear
	More           string // further networks
	MorePoint      string // %[1]d number: for the ear
	People         string // heading
	Links          string // heading of the text part
	ShareFriends   string // heading
	ShareOn        string // %[1]s network
	Previous, Next string // takeaways
	Whole          string // leads to the whole recap
	Original       string // leads to the original elsewhere
	WhyYouGetThis  string // %[1]s organisation
	WhyNoName      string // the same without an organisation
	Unsubscribe    string
	Preferences    string
	Questions      string // before the help address
	LogoOf         string // %[1]s organisation
	Months         [12]string
	Date           string // %[1]d day, %[2]s month, %[3]d year
}

// inLanguage holds the words by BCP 47 language. A regional tag falls back to
// its language, an unknown one to English.
var inLanguage = map[string]words{
	"en": {
		ViewInBrowser: "View in browser",
		Takeaways:     "Key takeaways",
		TakeawayOf:    "Key takeaway %[1]d of %[2]d",
		SharePoint:    "Share this point",
		SharePointOn:  "Share point %[1]d on %[2]s",
		More:          "More",
		MorePoint:     "More ways to share point %[1]d",
		People:        "Who took part",
		Links:         "Links",
		ShareFriends:  "Share with your friends",
		ShareOn:       "Share on %[1]s",
		Previous:      "Previous",
		Next:          "Next",
		Whole:         "Read the whole recap",
		Original:      "Read the original article",
		WhyYouGetThis: "You receive this because you subscribed to news from %[1]s.",
		WhyNoName:     "You receive this because you subscribed to this newsletter.",
		Unsubscribe:   "Unsubscribe",
		Preferences:   "Change what you receive",
		Questions:     "Questions?",
		LogoOf:        "%[1]s",
		Months: [12]string{"January", "February", "March", "April", "May", "June", "July",
			"August", "September", "October", "November", "December"},
		Date: "%[1]d %[2]s %[3]d",
	},
	"sv": {
		ViewInBrowser: "Visa i webbläsaren",
		Takeaways:     "Det viktigaste",
		TakeawayOf:    "Punkt %[1]d av %[2]d",
		SharePoint:    "Dela punkten",
		SharePointOn:  "Dela punkt %[1]d på %[2]s",
		More:          "Fler",
		MorePoint:     "Fler sätt att dela punkt %[1]d",
		People:        "Vilka deltog",
		Links:         "Länkar",
		ShareFriends:  "Dela med dina vänner",
		ShareOn:       "Dela på %[1]s",
		Previous:      "Föregående",
		Next:          "Nästa",
		Whole:         "Läs hela sammanfattningen",
		Original:      "Läs originalartikeln",
		WhyYouGetThis: "Du får det här brevet för att du prenumererar på nyheter från %[1]s.",
		WhyNoName:     "Du får det här brevet för att du prenumererar på nyhetsbrevet.",
		Unsubscribe:   "Avsluta prenumerationen",
		Preferences:   "Ändra vad du får",
		Questions:     "Frågor?",
		LogoOf:        "%[1]s",
		Months: [12]string{"januari", "februari", "mars", "april", "maj", "juni", "juli",
			"augusti", "september", "oktober", "november", "december"},
		Date: "%[1]d %[2]s %[3]d",
	},
	"de": {
		ViewInBrowser: "Im Browser ansehen",
		Takeaways:     "Das Wichtigste",
		TakeawayOf:    "Punkt %[1]d von %[2]d",
		SharePoint:    "Diesen Punkt teilen",
		SharePointOn:  "Punkt %[1]d teilen: %[2]s",
		More:          "Mehr",
		MorePoint:     "Mehr Wege, Punkt %[1]d zu teilen",
		People:        "Wer dabei war",
		Links:         "Links",
		ShareFriends:  "Mit Freunden teilen",
		ShareOn:       "Teilen: %[1]s",
		Previous:      "Zurück",
		Next:          "Weiter",
		Whole:         "Die ganze Zusammenfassung lesen",
		Original:      "Den Originalartikel lesen",
		WhyYouGetThis: "Sie erhalten diese Mail, weil Sie Nachrichten von %[1]s abonniert haben.",
		WhyNoName:     "Sie erhalten diese Mail, weil Sie diesen Newsletter abonniert haben.",
		Unsubscribe:   "Abbestellen",
		Preferences:   "Einstellungen ändern",
		Questions:     "Fragen?",
		LogoOf:        "%[1]s",
		Months: [12]string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli",
			"August", "September", "Oktober", "November", "Dezember"},
		Date: "%[1]d. %[2]s %[3]d",
	},
	"fr": {
		ViewInBrowser: "Voir dans le navigateur",
		Takeaways:     "L’essentiel",
		TakeawayOf:    "Point %[1]d sur %[2]d",
		SharePoint:    "Partager ce point",
		SharePointOn:  "Partager le point %[1]d sur %[2]s",
		More:          "Plus",
		MorePoint:     "Autres moyens de partager le point %[1]d",
		People:        "Avec la participation de",
		Links:         "Liens",
		ShareFriends:  "Partagez avec vos amis",
		ShareOn:       "Partager sur %[1]s",
		Previous:      "Précédent",
		Next:          "Suivant",
		Whole:         "Lire le compte rendu complet",
		Original:      "Lire l’article original",
		WhyYouGetThis: "Vous recevez ce message car vous êtes abonné aux nouvelles de %[1]s.",
		WhyNoName:     "Vous recevez ce message car vous êtes abonné à cette lettre.",
		Unsubscribe:   "Se désabonner",
		Preferences:   "Modifier vos préférences",
		Questions:     "Des questions ?",
		LogoOf:        "%[1]s",
		Months: [12]string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet",
			"août", "septembre", "octobre", "novembre", "décembre"},
		Date: "%[1]d %[2]s %[3]d",
	},
	"es": {
		ViewInBrowser: "Ver en el navegador",
		Takeaways:     "Lo más importante",
		TakeawayOf:    "Punto %[1]d de %[2]d",
		SharePoint:    "Compartir este punto",
		SharePointOn:  "Compartir el punto %[1]d en %[2]s",
		More:          "Más",
		MorePoint:     "Más formas de compartir el punto %[1]d",
		People:        "Quiénes participaron",
		Links:         "Enlaces",
		ShareFriends:  "Compártelo con tus amistades",
		ShareOn:       "Compartir en %[1]s",
		Previous:      "Anterior",
		Next:          "Siguiente",
		Whole:         "Leer el resumen completo",
		Original:      "Leer el artículo original",
		WhyYouGetThis: "Recibes este correo porque te suscribiste a las noticias de %[1]s.",
		WhyNoName:     "Recibes este correo porque te suscribiste a este boletín.",
		Unsubscribe:   "Darse de baja",
		Preferences:   "Cambiar lo que recibes",
		Questions:     "¿Preguntas?",
		LogoOf:        "%[1]s",
		Months: [12]string{"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio",
			"agosto", "septiembre", "octubre", "noviembre", "diciembre"},
		Date: "%[1]d de %[2]s de %[3]d",
	},
	"ko": {
		ViewInBrowser: "브라우저에서 보기",
		Takeaways:     "핵심 내용",
		TakeawayOf:    "핵심 내용 %[2]d개 중 %[1]d번째",
		SharePoint:    "이 내용 공유하기",
		SharePointOn:  "%[1]d번 내용을 %[2]s에 공유하기",
		More:          "더 보기",
		MorePoint:     "%[1]d번 내용을 공유하는 다른 방법",
		People:        "참여한 사람들",
		Links:         "링크",
		ShareFriends:  "친구들과 공유하기",
		ShareOn:       "%[1]s에 공유하기",
		Previous:      "이전",
		Next:          "다음",
		Whole:         "요약 전체 읽기",
		Original:      "원문 읽기",
		WhyYouGetThis: "%[1]s 소식을 구독하셨기 때문에 이 메일을 보내 드립니다.",
		WhyNoName:     "이 뉴스레터를 구독하셨기 때문에 이 메일을 보내 드립니다.",
		Unsubscribe:   "구독 취소",
		Preferences:   "받는 소식 변경하기",
		Questions:     "궁금한 점이 있으신가요?",
		LogoOf:        "%[1]s",
		Months:        [12]string{"1월", "2월", "3월", "4월", "5월", "6월", "7월", "8월", "9월", "10월", "11월", "12월"},
		Date:          "%[3]d년 %[2]s %[1]d일",
	},
	"ar": {
		ViewInBrowser: "عرض في المتصفح",
		Takeaways:     "أهم النقاط",
		TakeawayOf:    "النقطة %[1]d من %[2]d",
		SharePoint:    "شارك هذه النقطة",
		SharePointOn:  "شارك النقطة %[1]d على %[2]s",
		More:          "المزيد",
		MorePoint:     "طرق أخرى لمشاركة النقطة %[1]d",
		People:        "المشاركون",
		Links:         "روابط",
		ShareFriends:  "شارك مع أصدقائك",
		ShareOn:       "شارك على %[1]s",
		Previous:      "السابق",
		Next:          "التالي",
		Whole:         "اقرأ الملخص كاملًا",
		Original:      "اقرأ المقال الأصلي",
		WhyYouGetThis: "تصلك هذه الرسالة لأنك اشتركت في أخبار %[1]s.",
		WhyNoName:     "تصلك هذه الرسالة لأنك اشتركت في هذه النشرة.",
		Unsubscribe:   "إلغاء الاشتراك",
		Preferences:   "تغيير ما يصلك",
		Questions:     "هل لديك أسئلة؟",
		LogoOf:        "%[1]s",
		Months: [12]string{"يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو",
			"أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"},
		Date: "%[1]d %[2]s %[3]d",
	},
}

// wordsOf returns the words for a BCP 47 tag.
func wordsOf(lang string) words {
	if w, ok := knownWords(lang); ok {
		return w
	}
	return inLanguage["en"]
}

func knownWords(lang string) (words, bool) {
	base, _, _ := strings.Cut(strings.ToLower(lang), "-")
	w, ok := inLanguage[base]
	return w, ok
}

// day writes a date as the language does, in the time's own zone.
func (w words) day(t time.Time) string {
	r := strings.NewReplacer("%[1]d", strconv.Itoa(t.Day()), "%[2]s", w.Months[t.Month()-1], "%[3]d", strconv.Itoa(t.Year()))
	return r.Replace(w.Date)
}

// direction is "rtl" for languages written from right to left. A script subtag
// decides before the language: uz-Arab is, az-Latn is not.
func direction(lang string) string {
	parts := strings.Split(strings.ToLower(lang), "-")
	for _, p := range parts[1:] {
		if len(p) == 4 {
			switch p {
			case "arab", "hebr", "syrc", "thaa", "nkoo", "adlm", "rohg":
				return "rtl"
			}
			return "ltr"
		}
	}
	switch parts[0] {
	case "ar", "arc", "ckb", "dv", "fa", "he", "iw", "ks", "nqo", "ps", "sd", "syr", "ug", "ur", "yi":
		return "rtl"
	}
	return "ltr"
}

// Languages are those that have fixed words of their own, English first, the
// others in the order of their tags.
func Languages() []string {
	out := []string{"en"}
	for _, tag := range slices.Sorted(maps.Keys(inLanguage)) {
		if tag != "en" {
			out = append(out, tag)
		}
	}
	return out
}
