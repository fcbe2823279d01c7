package mailaddr

import "strings"

// popular are domains of many mailboxes, the commonest first: of two that are
// equally near the first is meant.
var popular = strings.Fields(`gmail.com hotmail.com yahoo.com outlook.com icloud.com aol.com live.com msn.com googlemail.com comcast.net
	gmx.de web.de gmx.net t-online.de freenet.de gmx.at gmx.ch bluewin.ch hotmail.fr orange.fr free.fr laposte.net wanadoo.fr sfr.fr yahoo.fr
	hotmail.co.uk yahoo.co.uk btinternet.com virginmedia.com libero.it virgilio.it hotmail.it telia.com hotmail.se hotmail.es yahoo.es
	protonmail.com proton.me zoho.com fastmail.com mail.ru yandex.ru rambler.ru seznam.cz wp.pl onet.pl o2.pl interia.pl
	qq.com 163.com 126.com sina.com naver.com daum.net rediffmail.com uol.com.br bol.com.br terra.com.br verizon.net att.net
	sbcglobal.net bellsouth.net cox.net telenet.be skynet.be ziggo.nl kpnmail.nl bigpond.com optusnet.com.au abv.bg`)

// real are domains that look like a mistyped popular one and are not.
var realDomains = words(`mail.com email.com ymail.com rocketmail.com gmx.com gmx.us gmx.li gmx.eu me.com mac.com hey.com pm.me aon.at live.de live.se
	live.fr live.nl live.it live.ca live.no live.dk live.be live.at live.co.uk outlook.de outlook.fr outlook.es outlook.it outlook.se outlook.at
	hotmail.de hotmail.nl hotmail.no hotmail.dk hotmail.be hotmail.ca hotmail.ch hotmail.gr yahoo.de yahoo.it yahoo.ca yahoo.in yahoo.se yahoo.no yahoo.dk
	yahoo.gr yahoo.ie yahoo.nl yahoo.at yahoo.com.br yahoo.com.au yahoo.com.mx yahoo.com.ar yahoo.co.jp yahoo.co.in yandex.com yandex.ua ya.ru
	bk.ru list.ru inbox.ru inbox.lv o2.co.uk o2.ie sina.cn 139.com 189.com 188.com 263.com mail.de email.de email.cz centrum.cz tele2.se tele2.nl
	fastmail.fm zoho.eu zoho.in voo.be proton.ch protonmail.ch gmail.de libero.com free.com orange.com orange.es sfr.com web.com live.com.au outlook.be
	webb.de webs.de we.de wp.com wp.eu pl.com onet.eu msn.de msn.se aol.de aol.fr aol.co.uk box.net cos.net cox.com att.com uol.com bol.com terra.com mail.bg mail.ee ml.ru`)

// endings are top-level domains that do not exist and what was meant.
var endings = map[string]string{
	"con": "com", "cmo": "com", "ocm": "com", "comm": "com", "coom": "com", "vom": "com", "xom": "com", "cpm": "com", "clm": "com", "cim": "com",
	"c0m": "com", "copm": "com", "cop": "com", "comn": "com", "ogr": "org", "orgg": "org", "rog": "org", "og": "org", "nte": "net", "nett": "net",
	"ent": "net", "edy": "edu", "eud": "edu", "gvo": "gov",
}

// MeantDomain returns the domain that was probably meant where one of a great
// mail host is mistyped by one keystroke, or its ending does not exist; else "".
func MeantDomain(domain string) string {
	if realDomains[domain] {
		return ""
	}
	for _, p := range popular {
		if p == domain {
			return ""
		}
	}
	fixed := domain
	if i := strings.LastIndexByte(domain, '.'); i > 0 {
		if ending := endings[domain[i+1:]]; ending != "" {
			fixed = domain[:i+1] + ending
		}
	}
	for _, p := range popular {
		if fixed == p || oneKey(fixed, p) {
			return p
		}
	}
	// gmail.co, hotmail.cm, gmail: the name is right and the ending is not there.
	if name, ending, ok := strings.Cut(fixed, "."); ok && (ending == "co" || ending == "cm" || ending == "om" || ending == "comcom" || ending == "com.com") {
		for _, p := range popular[:9] {
			if p == name+".com" {
				return p
			}
		}
	}
	if fixed != domain {
		return fixed
	}
	return ""
}

// oneKey reports whether a is b with one letter missing, one too many, one
// wrong, or two swapped. Short names are too near to each other for that.
func oneKey(a, b string) bool {
	if len(b) < 7 || len(a) < len(b)-1 || len(a) > len(b)+1 || a == b {
		return false
	}
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		start++
	}
	endA, endB := len(a), len(b)
	for endA > start && endB > start && a[endA-1] == b[endB-1] {
		endA, endB = endA-1, endB-1
	}
	left, right := a[start:endA], b[start:endB]
	switch {
	case len(left) <= 1 && len(right) <= 1:
		return true
	case len(left) == 2 && len(right) == 2:
		return left[0] == right[1] && left[1] == right[0]
	}
	return false
}
