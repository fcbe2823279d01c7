package subscribers

// SampleReaders are 25 invented people for the demo and for tests: names in
// many scripts and lengths, some without one, at domains that are reserved for
// examples (RFC 2606 and the IDN test domains). Each has the field "city".
func SampleReaders() []Newcomer {
	people := []struct{ email, name, language, zone, city string }{
		{"ada.lindqvist@example.org", "Ada Lindqvist", "sv", "Europe/Stockholm", "Göteborg"},
		{"o.nuallain@example.org", "Órla Ó Nualláin", "ga", "Europe/Dublin", "Gaillimh"},
		{"zoltan@example.com", "Őry-Szűcs Zoltán", "hu", "Europe/Budapest", "Győr"},
		{"elena.petrova@example.com", "Елена Петрова", "bg", "Europe/Sofia", "Пловдив"},
		{"nikos@example.net", "Νίκος Παπαδόπουλος", "el", "Europe/Athens", "Θεσσαλονίκη"},
		{"noa.levi@example.org", "נועה לוי", "he", "Asia/Jerusalem", "חיפה"},
		{"salma@example.com", "سلمى الحسيني", "ar", "Africa/Cairo", "الإسكندرية"},
		{"shirin@example.net", "شیرین می\u200cنویسد", "fa", "Asia/Tehran", "شیراز"},
		{"asha.rao@example.org", "आशा राव", "hi", "Asia/Kolkata", "पुणे"},
		{"kavitha@example.com", "கவிதா முருகன்", "ta", "Asia/Colombo", "யாழ்ப்பாணம்"},
		{"suda@example.net", "สุดา วงศ์สวัสดิ์", "th", "Asia/Bangkok", "เชียงใหม่"},
		{"sato@xn--r8jz45g.xn--zckzah", "佐藤 花子", "ja", "Asia/Tokyo", "札幌"},
		{"kim.minjun@example.org", "김민준", "ko", "Asia/Seoul", "부산"},
		{"wang.fang@example.com", "王芳", "zh-Hans", "Asia/Shanghai", "成都"},
		{"li.yating@example.net", "李雅婷", "zh-Hant", "Asia/Taipei", "高雄"},
		{"nguyen.anh@example.org", "Nguyễn Thị Ánh", "vi", "Asia/Ho_Chi_Minh", "Huế"},
		{"chidi+news@example.com", "Chidi Ọkọnkwọ", "ig", "Africa/Lagos", "Ọ̀wẹ́rẹ́"},
		{"almaz@example.net", "አልማዝ ተስፋዬ", "am", "Africa/Addis_Ababa", "ጎንደር"},
		{"mere@example.org", "Mere Ngāta", "mi", "Pacific/Auckland", "Whakatāne"},
		{"d'arcy@example.com", `Siobhán "Vonnie" D'Arcy-O'Brien`, "en-IE", "Europe/Dublin", "Cork"},
		{"maria.da.conceicao@example.net", "Maria da Conceição Evangelina de Albuquerque e Vasconcelos Figueiredo-Montenegro de Bragança", "pt-BR", "America/Fortaleza", "Juazeiro do Norte"},
		{"j@example.org", "J", "en", "Australia/Lord_Howe", "Lord Howe Island"},
		{"reader-23@example.com", "", "en", "America/New_York", "Albany"},
		{"hola@xn--9t4b11yi5a.xn--11b5bs3a9aj6g", "", "es", "America/Mexico_City", "Oaxaca"},
		{"SHOUTING@example.net", "ПАВЛО & Söhne <GmbH>", "de", "Europe/Berlin", "Gießen"},
	}
	out := make([]Newcomer, len(people))
	for i, p := range people {
		out[i] = Newcomer{Email: p.email, Name: p.name, Language: p.language, Zone: p.zone, Fields: map[string]string{"city": p.city}}
	}
	return out
}
