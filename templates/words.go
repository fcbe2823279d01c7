package templates

import (
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
}

// wordsOf returns the words for a BCP 47 tag.
func wordsOf(lang string) words {
	base, _, _ := strings.Cut(strings.ToLower(lang), "-")
	if w, ok := inLanguage[base]; ok {
		return w
	}
	return inLanguage["en"]
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
