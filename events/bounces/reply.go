package bounces

import (
	"regexp"
	"strings"
)

// reply is what an SMTP answer in a text says.
type reply struct {
	code     string // "550", empty where there is none
	enhanced string // "5.1.1", empty where there is none
}

const (
	codePattern     = `(?:2(?:[0145]\d)|4(?:[2357]\d)|5(?:[0-7]\d))`
	enhancedPattern = `[245]\.[0-7]\.\d{1,3}`
)

var (
	together = regexp.MustCompile(`(?:^|[^\d.#-])(` + codePattern + `)[ -]+(?:#|\(#|ERROR_CODE *:|` + codePattern + `[ -])?(` + enhancedPattern + `)(?:[^\d.]|\.[^\d]|\.?$)`)
	codeWord = regexp.MustCompile(`^(?:[245]\d\d(?:-?[245]\.\d\.\d{1,3})?|[245]\.\d\.\d{1,3})$`)
	zohoPair = regexp.MustCompile(`CODE *: *(` + codePattern + `) *, *\w* *:? *(` + enhancedPattern + `)`)
	alone    = regexp.MustCompile(`(?:^|[^\d.])(` + enhancedPattern + `)(?:[^\d.]|\.[^\d]|\.?$)`)
	// A reply code counts where one can stand: at a line's beginning, behind
	// "said:", a quote, a bracket.
	standing = regexp.MustCompile(`(?:^|[\n;:<('"\[]|: |said |was |error |code |Code |returned |responded |status |reply |response |with |->|by |Reason |problem |\.\.\. |> )\s*['"<(\[]?(` + codePattern + `)(?:[ \-,:;.)'"\]\n]|$)`)
)

// validCodes are the replies of RFC 5321, its extensions and what is seen in
// the wild. 522 and its like are made up from an enhanced code.
var validCodes = map[string]bool{
	"211": true, "214": true, "220": true, "221": true, "235": true, "250": true, "251": true, "252": true,
	"421": true, "430": true, "432": true, "450": true, "451": true, "452": true, "453": true, "454": true, "455": true, "458": true, "459": true, "471": true, "473": true,
	"500": true, "501": true, "502": true, "503": true, "504": true, "521": true, "523": true, "524": true, "525": true, "530": true, "533": true, "534": true, "535": true,
	"538": true, "541": true, "550": true, "551": true, "552": true, "553": true, "554": true, "555": true, "556": true, "557": true, "571": true,
}

// enclosed is Sendmail's: its own code, then the one that it was given.
var enclosed = regexp.MustCompile(`(?m)^\s*\d{3} .*\.\.\. (?:Deferred: )?(` + codePattern + `) `)

// findReply reads the answer out of a text. Of several, the innermost that is
// whole and does not contradict itself counts: a relay's "554 4.4.7 expired"
// encloses the answer that it last got.
func findReply(text string) reply {
	var first reply
	for _, m := range append(together.FindAllStringSubmatch(text, 50), zohoPair.FindAllStringSubmatch(text, 10)...) {
		r := reply{m[1], m[2]}
		if !validCodes[r.code] {
			r.code = ""
		}
		if agree := r.code != "" && r.code[0] == r.enhanced[0]; agree && r.code[0] != '2' {
			if first.code == "" || first.code[0] != first.enhanced[0] {
				first = r
			}
			continue
		}
		if first == (reply{}) {
			first = r
		}
	}
	if first.enhanced != "" {
		return first
	}
	if m := alone.FindStringSubmatch(text); m != nil {
		first.enhanced = m[1]
	}
	if m := enclosed.FindStringSubmatch(text); m != nil && validCodes[m[1]] && first.enhanced == "" {
		first.code = m[1]
		return first
	}
	for _, m := range standing.FindAllStringSubmatch(text, 50) {
		if validCodes[m[1]] && (first.enhanced == "" || m[1][0] == first.enhanced[0]) && (first.code == "" || first.code[0] == '2' || first.code[0] == '4' && m[1][0] == '5') {
			first.code = m[1]
		}
	}
	return first
}

// better takes what a names, and from b what a leaves open or says in general
// only.
func better(a, b reply) reply {
	if a.code == "" {
		a.code = b.code
	}
	if general(a.enhanced) && b.enhanced != "" && (a.enhanced == "" || !general(b.enhanced) && a.enhanced[0] == b.enhanced[0]) {
		a.enhanced = b.enhanced
	}
	return a
}

// general reports whether an enhanced code says no more than its class.
func general(enhanced string) bool {
	return enhanced == "" || strings.HasSuffix(enhanced, ".0.0")
}
