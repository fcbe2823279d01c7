package templates

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// shortForms end in a full stop without ending a sentence. The list is short on
// purpose: joining two sentences by mistake is harmless, cutting one is not.
var shortForms = map[string]bool{
	"mr": true, "mrs": true, "ms": true, "dr": true, "prof": true, "st": true, "sr": true, "jr": true,
	"vs": true, "etc": true, "e.g": true, "i.e": true, "cf": true, "no": true, "art": true, "para": true,
	"p": true, "pp": true, "vol": true, "fig": true, "approx": true, "dept": true, "gen": true, "hon": true,
	"bl.a": true, "t.ex": true, "z.b": true, "d.h": true, "bzw": true, "nr": true, "mme": true, "sra": true,
}

// sentences splits one paragraph into whole sentences; joined with a space they
// are the paragraph again (but for its white space). It rather keeps two
// sentences together than cuts one: a stop counts only before white space and
// something that can begin a sentence, and not after a short form, an initial
// or a bare number.
func sentences(text string) []string {
	text = strings.Join(strings.Fields(text), " ")
	var out []string
	start := 0
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		if !strings.ContainsRune(".!?…。！？।؟۔", r) {
			continue
		}
		for i < len(text) { // further stops, closing quotes and brackets belong to it
			q, n := utf8.DecodeRuneInString(text[i:])
			if !strings.ContainsRune(".!?…。！？\"'”’»›)]」』", q) {
				break
			}
			i += n
		}
		full := r == '。' || r == '！' || r == '？' // these scripts set no space
		if i < len(text) && (full || text[i] == ' ' && beginsSentence(text[i+1:]) && !shortForm(text[start:i], r)) {
			out = append(out, strings.TrimSpace(text[start:i]))
			start = i
		}
	}
	if rest := strings.TrimSpace(text[start:]); rest != "" {
		out = append(out, rest)
	}
	return out
}

func beginsSentence(s string) bool {
	r, _ := utf8.DecodeRuneInString(strings.TrimLeft(s, "\"'“‘«‹([¿¡"))
	return r != utf8.RuneError && !unicode.IsLower(r) && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

func shortForm(sentence string, stop rune) bool {
	if stop != '.' {
		return false
	}
	word := sentence[strings.LastIndexByte(sentence, ' ')+1:]
	word = strings.ToLower(strings.Trim(word, ".\"'“”‘’«»()[]"))
	if utf8.RuneCountInString(word) == 1 || shortForms[word] {
		return true
	}
	// "U.S. Department" and "3. Mai": initials and ordinals.
	return strings.Contains(word, ".") && len(word) <= 5 || word != "" && strings.Trim(word, "0123456789") == "" && len(word) < 3
}

// shorten returns as many whole sentences as have at most most characters. A
// first sentence that is longer is cut after a word and marked with "…": that
// is for descriptions in a page's head, never for what people share.
func shorten(text string, most int) string {
	out := ""
	for _, s := range sentences(text) {
		longer := strings.TrimSpace(out + " " + s)
		if utf8.RuneCountInString(longer) > most {
			break
		}
		out = longer
	}
	if out != "" {
		return out
	}
	for _, w := range strings.Fields(text) {
		longer := strings.TrimSpace(out + " " + w)
		if utf8.RuneCountInString(longer) > most-1 {
			break
		}
		out = longer
	}
	if out == "" {
		return ""
	}
	return strings.TrimRight(out, ",;:–—-") + "…"
}
