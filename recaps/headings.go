package recaps

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// takeawayPhrases are what headings above a list of takeaways say, in lower
// case, by language. A heading that holds one of them as whole words counts.
var takeawayPhrases = map[string][]string{
	"en": {"takeaway", "takeaways", "take-away", "take-aways", "take away", "take aways", "key points", "main points", "key lessons", "main lessons",
		"key findings", "main findings", "key messages", "main messages", "lessons learned", "lessons learnt", "what we learned", "what we learnt"},
	"sv": {"lärdomar", "lärdomarna", "det viktigaste", "viktigaste punkterna", "viktiga punkter", "huvudpunkter", "slutsatser"},
	"de": {"erkenntnisse", "das wichtigste", "wichtigste punkte", "wichtigsten punkte", "kernpunkte", "kernaussagen", "auf einen blick"},
	"fr": {"points clés", "points essentiels", "enseignements", "l'essentiel", "à retenir"},
	"es": {"puntos clave", "ideas clave", "conclusiones", "lecciones aprendidas", "aprendizajes", "lo más importante"},
	"it": {"punti chiave", "punti principali", "lezioni apprese", "conclusioni", "in sintesi"},
	"pt": {"pontos-chave", "pontos chave", "principais pontos", "lições aprendidas", "conclusões", "aprendizados"},
	"nl": {"kernpunten", "belangrijkste punten", "belangrijkste inzichten", "belangrijkste conclusies", "geleerde lessen"},
	"da": {"hovedpunkter", "hovedpointer", "vigtigste pointer", "vigtigste punkter", "det vigtigste", "læringspunkter"},
	"no": {"hovedpunktene", "hovedpunkter", "viktigste punktene", "viktigste funn", "lærdommer", "det viktigste"},
	"fi": {"tärkeimmät opit", "keskeiset opit", "keskeiset havainnot", "tärkeimmät kohdat", "pääkohdat"},
	"pl": {"najważniejsze wnioski", "kluczowe wnioski", "główne wnioski", "najważniejsze punkty", "wnioski"},
	"ko": {"핵심 요약", "핵심 포인트", "핵심 내용", "핵심 정리", "주요 시사점", "시사점", "주요 내용", "주요 교훈", "요점"},
	"ar": {"أهم النقاط", "أبرز النقاط", "النقاط الرئيسية", "الدروس المستفادة", "أهم الاستنتاجات"},
	"ja": {"要点", "ポイント", "学んだこと", "得られた教訓", "まとめ"},
	"zh": {"要点", "要點", "主要收获", "主要收穫", "核心观点", "核心觀點", "经验教训", "經驗教訓", "主要结论", "主要結論"},
}

// saysTakeaways reports whether a heading speaks of takeaways.
func saysTakeaways(heading string) bool {
	heading = strings.ToLower(strings.ReplaceAll(heading, "’", "'"))
	for _, phrases := range takeawayPhrases {
		for _, p := range phrases {
			if holdsWords(heading, p) {
				return true
			}
		}
	}
	return false
}

// isTakeawayPhrase reports whether a line says nothing but that.
func isTakeawayPhrase(line string) bool {
	line = strings.ToLower(strings.TrimRight(strings.ReplaceAll(line, "’", "'"), ":： "))
	for _, phrases := range takeawayPhrases {
		for _, p := range phrases {
			if line == p {
				return true
			}
		}
	}
	return false
}

// holdsWords finds words in s that no letter touches. Scripts without spaces
// and those that join particles to words have no such border.
func holdsWords(s, words string) bool {
	first, _ := utf8.DecodeRuneInString(words)
	joined := unicode.In(first, unicode.Hangul, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Arabic)
	for from := 0; ; {
		i := strings.Index(s[from:], words)
		if i < 0 {
			return false
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		after, _ := utf8.DecodeRuneInString(s[i+len(words):])
		if joined || !unicode.IsLetter(before) && !unicode.IsLetter(after) {
			return true
		}
		from = i + len(words)
	}
}

// numberedHeading reads "1. First", "2) Second", "Takeaway 3: Third", "#4 – Fourth".
var numberedHeading = regexp.MustCompile(`^(?:#|(?:\p{L}+\s+){0,2}(?:[Nn][ro]?\.?\s*)?)(\d{1,3})(?:[.):：．、]|\s*[–—-]\s|\s)\s*(\S.*)$`)
