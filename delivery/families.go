package delivery

import (
	"slices"
	"strings"
)

// families are the mail hosts that run many recipient domains and count them
// together. A word with a star stands for its own country endings below.
var families = []struct{ name, domains string }{
	{"google", "gmail.com googlemail.com"},
	{"microsoft", "outlook.* hotmail.* live.* msn.com windowslive.com outlook.jp outlook.sa livemail.tw"},
	{"yahoo", "yahoo.* ymail.com rocketmail.com myyahoo.com aol.* aim.com love.com games.com wow.com netscape.net " +
		"verizon.net att.net sbcglobal.net bellsouth.net pacbell.net ameritech.net swbell.net snet.net sky.com rogers.com frontier.com"},
	{"apple", "icloud.com me.com mac.com privaterelay.appleid.com"},
	{"proton", "proton.me protonmail.com protonmail.ch pm.me"},
	{"fastmail", "fastmail.com fastmail.fm fastmail.net fastmail.org sent.com"},
	{"zoho", "zoho.com zohomail.com zohomail.eu zoho.eu zoho.in"},
	{"united-internet", "gmx.* web.de 1und1.de online.de email.de mail.com caramail.com"},
	{"telekom", "t-online.de magenta.de"},
	{"freenet", "freenet.de"},
	{"vodafone", "vodafone.de arcor.de"},
	{"orange", "orange.fr wanadoo.fr voila.fr"},
	{"laposte", "laposte.net"},
	{"free", "free.fr aliceadsl.fr libertysurf.fr online.fr"},
	{"sfr", "sfr.fr neuf.fr cegetel.net club-internet.fr numericable.fr"},
	{"italiaonline", "libero.it virgilio.it iol.it inwind.it blu.it giallo.it"},
	{"tim", "tim.it alice.it tin.it"},
	{"aruba", "aruba.it technet.it"},
	{"bt", "btinternet.com btopenworld.com talk21.com"},
	{"virgin", "virginmedia.com virgin.net ntlworld.com blueyonder.co.uk"},
	{"talktalk", "talktalk.net tiscali.co.uk"},
	{"ziggo", "ziggo.nl home.nl casema.nl upcmail.nl chello.nl"},
	{"kpn", "kpnmail.nl planet.nl hetnet.nl kpn.nl xs4all.nl"},
	{"telenet", "telenet.be"},
	{"proximus", "proximus.be skynet.be"},
	{"swisscom", "bluewin.ch bluemail.ch swissonline.ch"},
	{"telia", "telia.com telia.se"},
	{"seznam", "seznam.cz email.cz post.cz spoluzaci.cz"},
	{"wp", "wp.pl o2.pl tlen.pl"},
	{"onet", "onet.pl op.pl poczta.onet.pl onet.eu vp.pl"},
	{"interia", "interia.pl interia.eu poczta.fm"},
	{"comcast", "comcast.net"},
	{"charter", "charter.net rr.com twc.com spectrum.net roadrunner.com brighthouse.com"},
	{"cox", "cox.net"},
	{"centurylink", "centurylink.net q.com embarqmail.com"},
	{"bell", "bell.net sympatico.ca"},
	{"shaw", "shaw.ca"},
	{"telus", "telus.net"},
	{"telstra", "bigpond.com bigpond.net.au telstra.com"},
	{"optus", "optusnet.com.au"},
	{"uol", "uol.com.br bol.com.br"},
	{"terra", "terra.com.br terra.com"},
	{"mail.ru", "mail.ru inbox.ru bk.ru list.ru internet.ru xmail.ru"},
	{"yandex", "yandex.* ya.ru narod.ru"},
	{"rambler", "rambler.ru lenta.ru autorambler.ru myrambler.ru ro.ru"},
	{"ukr.net", "ukr.net"},
	{"tencent", "qq.com foxmail.com vip.qq.com"},
	{"netease", "163.com 126.com yeah.net vip.163.com 188.com"},
	{"sina", "sina.com sina.cn vip.sina.com"},
	{"naver", "naver.com"},
	{"kakao", "hanmail.net daum.net kakao.com"},
	{"docomo", "docomo.ne.jp"},
	{"kddi", "ezweb.ne.jp au.com"},
	{"softbank", "softbank.ne.jp i.softbank.jp"},
	{"rediff", "rediffmail.com rediff.com"},
}

// endings are those under which a family's starred names belong to it.
var endings = map[string]string{
	"outlook": "com at be cl cz de dk es fr hu ie in it kr lv my ph pt sg sk co.id co.il co.th com.ar com.au com.br com.gr com.tr com.vn",
	"hotmail": "com at be ca ch cl cz de dk es fi fr gr hu it lt lv nl no ph rs se sg sk co.id co.il co.in co.jp co.kr co.nz co.th co.uk co.za com.ar com.au com.br com.hk com.tr com.tw com.vn",
	"live":    "com at be ca ch cl cn de dk fi fr hk ie in it jp nl no ru se sg co.in co.kr co.uk co.za com.ar com.au com.mx com.my com.ph com.pt com.sg",
	"yahoo":   "com at be bg ca cl cn cz de dk ee es fi fr gr hr hu ie in it lt lv nl no pl pt ro se sk co.id co.il co.in co.jp co.kr co.nz co.th co.uk co.za com.ar com.au com.br com.cn com.co com.hk com.mx com.my com.pe com.ph com.sg com.tr com.tw com.ua com.ve com.vn",
	"aol":     "com at be ch cl co.nz co.uk com.ar com.au com.br com.mx cz de dk es fi fr hk in it jp nl pl ru se",
	"gmx":     "com at biz ch co.uk co.in de es eu fr hk ie info it li lu me net org ph pt ru sg tm tw us",
	"yandex":  "com az by co.il com.am com.ge com.tr ee fr kg kz lt lv md pl ru tj tm ua uz",
}

// familyOf is the table by domain.
var familyOf = func() map[string]string {
	out := map[string]string{}
	for _, f := range families {
		for _, domain := range strings.Fields(f.domains) {
			name, starred := strings.CutSuffix(domain, ".*")
			if !starred {
				out[domain] = f.name
				continue
			}
			for _, ending := range strings.Fields(endings[name]) {
				out[name+"."+ending] = f.name
			}
		}
	}
	return out
}()

// Family names the mail host of a recipient domain ("google", "microsoft"),
// empty for one that is not well known. domain is as mailaddr gives it: lower
// case, A-labels. A company's own domain may be hosted by a family too, which
// only its MX would tell; it is paced by itself.
func Family(domain string) string { return familyOf[domain] }

// Families are the names of all families, in alphabetical order.
func Families() []string {
	out := make([]string, 0, len(families))
	for _, f := range families {
		out = append(out, f.name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
