package admin

import "strings"

// browsers and systems are looked for in this order: most call themselves by
// the names of others too.
var (
	browsers = [][2]string{{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"}, {"Chromium/", "Chromium"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"}}
	systems = [][2]string{{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Mac OS X", "Mac"}, {"CrOS", "ChromeOS"},
		{"Linux", "Linux"}, {"X11", "Linux"}}
)

// device says with what somebody is signed in: "Firefox, Linux". Of what it
// does not know it says nothing.
func device(userAgent string) string {
	const longest = 1024
	userAgent = userAgent[:min(len(userAgent), longest)]
	var parts []string
	for _, table := range [][][2]string{browsers, systems} {
		for _, row := range table {
			if strings.Contains(userAgent, row[0]) {
				parts = append(parts, row[1])
				break
			}
		}
	}
	return strings.Join(parts, ", ")
}
