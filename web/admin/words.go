package admin

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"postrider/web/pages"
)

func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + s[size:]
}

func join(names []string) string {
	switch len(names) {
	case 0:
		return "no list"
	case 1:
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

func readers(n int) string {
	if n == 1 {
		return "1 reader"
	}
	return pages.Count(n) + " readers"
}

func waitFor(n int) string {
	if n == 1 {
		return "1 reader waits"
	}
	return pages.Count(n) + " readers wait"
}
