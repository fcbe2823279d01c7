package recaps

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// peopleOpening is the beginning of a sentence that lists who took part.
var peopleOpening = regexp.MustCompile(`(?i)\b(?:represent\w*|delegat\w*|participa\w*|speakers?|panel\w*|team|taking part|took part|attend\w*)\b[^.:,;!?]{0,80}?(?:\b(?:was|were|is|are|includ(?:es?|ed|ing)|compris(?:es?|ed)|consist(?:s|ed) of)\b:?|:)\s+`)

// peopleIn recognises the people of a sentence such as "Representing us were
// our Director Ada Lovelace, Grace Hopper an Officer for Asia, and …". It
// would rather find nobody than a wrong name: one part of the sentence that it
// cannot read discards the sentence. The first sentence that it can read counts.
func peopleIn(lead []Text) []Person {
	for _, t := range lead {
		loc := peopleOpening.FindStringIndex(t.Plain)
		if loc == nil {
			continue
		}
		if people := listedPeople(firstSentence(t.Plain[loc[1]:])); len(people) > 0 {
			return people
		}
	}
	return nil
}

var abbreviations = []string{"Dr", "Prof", "Mr", "Mrs", "Ms", "St", "Jr", "Sr"}

// firstSentence ends at a full stop that ends no abbreviation or initial.
func firstSentence(s string) string {
	for i, c := range s {
		if !strings.ContainsRune(".!?;", c) {
			continue
		}
		if next := s[i+1:]; next != "" && next[0] != ' ' {
			continue
		}
		word := s[strings.LastIndexAny(s[:i], " ,(")+1 : i]
		if c == '.' && (utf8.RuneCountInString(word) == 1 || slices.Contains(abbreviations, word)) {
			continue
		}
		return s[:i]
	}
	return s
}

func listedPeople(s string) []Person {
	var people []Person
	for _, part := range strings.Split(s, ",") {
		part = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(part), "and "), "as well as ")
		if part == "" {
			continue
		}
		found, ok := personsIn(part)
		switch {
		case ok:
			people = append(people, found...)
		case len(people) > 0 && isRole(part): // "Ada Lovelace, Director"
			last := &people[len(people)-1]
			if last.Role != "" {
				last.Role += ", "
			}
			last.Role += bareRole(part)
		default:
			return nil
		}
	}
	if len(people) == 1 && people[0].Role == "" {
		return nil
	}
	return people
}

// personsIn reads one person, or two that "and" joins.
func personsIn(part string) ([]Person, bool) {
	if left, right, ok := strings.Cut(part, " and "); ok {
		l, okLeft := personIn(strings.Fields(left))
		r, okRight := personsIn(right)
		if okLeft && okRight {
			return append([]Person{l}, r...), true
		}
	}
	p, ok := personIn(strings.Fields(part))
	return []Person{p}, ok
}

// personIn reads "Ada Lovelace a Programme Officer", "Ada Lovelace RWI's
// Officer", "Ada Lovelace (Officer)", "our Director Ada Lovelace" or a name.
func personIn(words []string) (Person, bool) {
	if isName(words) {
		return Person{Name: strings.Join(words, " ")}, true
	}
	for i := 1; i < len(words); i++ {
		if isName(words[:i]) && opensRole(words[i]) {
			return Person{Name: strings.Join(words[:i], " "), Role: bareRole(strings.Join(words[i:], " "))}, true
		}
	}
	for i := len(words) - 1; i > 0; i-- {
		if isTitle(words[i-1]) && isName(words[i:]) {
			return Person{Name: strings.Join(words[i:], " "), Role: bareRole(strings.Join(words[:i], " "))}, true
		}
	}
	return Person{}, false
}

var (
	particles = []string{"al", "bin", "da", "de", "del", "della", "den", "der", "di", "dos", "du", "el", "ibn", "la", "le", "of", "ten", "van", "von", "zu"}
	articles  = []string{"a", "an", "the", "our", "as", "who", "their", "its", "from", "of"}
	titles    = []string{"adviser", "advisor", "ambassador", "analyst", "architect", "assistant", "associate", "chair", "chairperson", "chief",
		"commissioner", "consultant", "coordinator", "counsel", "councillor", "dean", "deputy", "director", "editor", "expert", "fellow", "founder",
		"head", "intern", "judge", "lawyer", "lead", "leader", "lecturer", "manager", "mayor", "member", "minister", "officer", "president",
		"professor", "rapporteur", "representative", "researcher", "secretary", "secretary-general", "specialist", "student", "treasurer", "volunteer"}
)

// isName holds for two to five capitalised words that are no title; particles
// of names may stand between them.
func isName(words []string) bool {
	if len(words) < 2 || len(words) > 6 {
		return false
	}
	for i, w := range words {
		w = strings.TrimSuffix(w, ".")
		first, _ := utf8.DecodeRuneInString(w)
		switch {
		case i > 0 && i < len(words)-1 && slices.Contains(particles, strings.ToLower(w)):
		case !unicode.IsUpper(first) && !isUncased(first), isTitle(w), isPossessive(w), slices.Contains(articles, strings.ToLower(w)):
			return false
		case strings.ContainsFunc(w, func(c rune) bool {
			return !unicode.IsLetter(c) && !unicode.Is(unicode.M, c) && !strings.ContainsRune("'’-.", c)
		}):
			return false
		}
	}
	return true
}

func isUncased(c rune) bool {
	return unicode.IsLetter(c) && !unicode.IsLower(c) && !unicode.IsUpper(c)
}

func isTitle(w string) bool {
	return slices.Contains(titles, strings.ToLower(strings.Trim(w, "().,")))
}

func isPossessive(w string) bool {
	for _, end := range []string{"'s", "’s", "s'", "s’"} {
		if strings.HasSuffix(w, end) {
			return true
		}
	}
	return false
}

func opensRole(w string) bool {
	return slices.Contains(articles, strings.ToLower(w)) || isPossessive(w) || strings.HasPrefix(w, "(") || isTitle(w)
}

// isRole holds for words that tell what somebody does.
func isRole(s string) bool {
	words := strings.Fields(s)
	return opensRole(words[0]) || slices.ContainsFunc(words, isTitle)
}

// bareRole leaves out the article and the brackets around a role.
func bareRole(s string) string {
	s = strings.TrimSuffix(strings.TrimPrefix(s, "("), ")")
	for _, a := range []string{"a ", "an ", "the ", "our ", "as ", "who is "} {
		if len(s) > len(a) && strings.EqualFold(s[:len(a)], a) {
			return s[len(a):]
		}
	}
	return s
}
