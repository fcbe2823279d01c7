package networks

// table is every network, the defaults first. Where a limit is published, the
// comment names where; Estimated rows are our own choice, easy to correct.
var table = []Network{
	{ // A page may hold 63,206, but tools that post for people stop at 5,000.
		ID: "facebook", Name: "Facebook", Limit: 5000, Unit: "characters", count: countRunes,
		MaxTags: 1, TagStyle: TagsField,
		InMail: true, Default: true, link: linkFacebook,
	},
	{ // docs.x.com/fundamentals/counting-characters; twitter-text config/v3.json
		ID: "x", Name: "X", Limit: 280, Unit: "weighted characters", count: countWeighted,
		URLInText: true, TextInLink: true, MaxTags: 2, TagStyle: TagsInText,
		InMail: true, Default: true, link: linkX,
	},
	{ // The link ignores any text: people copy it.
		ID: "linkedin", Name: "LinkedIn", Limit: 3000, Unit: "characters", count: countRunes,
		MaxTags: 5, TagStyle: TagsOwnLine,
		InMail: true, Default: true, link: linkLinkedIn,
	},
	{ // lexicon app.bsky.feed.post; docs.bsky.app, Action Intent Links
		ID: "bluesky", Name: "Bluesky", Limit: 300, Unit: "graphemes", Bytes: 3000, count: countGraphemes,
		URLInText: true, TextInLink: true, MaxTags: 3, TagStyle: TagsInText,
		InMail: true, Default: true, link: linkBluesky,
	},
	{ // blog.joinmastodon.org/2026/03/a-new-share-button
		ID: "mastodon", Name: "Mastodon", Limit: 500, Unit: "graphemes", count: countMastodon,
		URLInText: true, TextInLink: true, MaxTags: 5, TagStyle: TagsOwnLine,
		InMail: true, Default: true, link: linkMastodon,
	},
	{ // developers.facebook.com: Threads, Posts and Web Intents
		ID: "threads", Name: "Threads", Limit: 500, Unit: "characters", count: countThreads,
		TextInLink: true, MaxTags: 1, TagStyle: TagsTopic,
		InMail: true, Default: true, link: linkThreads,
	},
	{ // A message may be far longer; it is folded soon, and the link must stay short.
		ID: "whatsapp", Name: "WhatsApp", Limit: 1000, Estimated: true, Unit: "characters", count: countRunes,
		URLInText: true, TextInLink: true, TagStyle: TagsNone,
		InMail: true, Default: true, link: linkWhatsApp,
	},
	{ // core.telegram.org/api/links
		ID: "telegram", Name: "Telegram", Limit: 4096, Unit: "UTF-16 units", count: countUTF16,
		TextInLink: true, TagStyle: TagsNone,
		InMail: true, Default: true, link: linkTelegram,
	},
	{
		ID: "reddit", Name: "Reddit", Limit: 300, Unit: "characters", count: countRunes,
		TextInLink: true, OneLine: true, TagStyle: TagsNone,
		InMail: true, Default: true, link: titled("https://www.reddit.com/submit", "url", "title"),
	},
	{ // RFC 6068; encoding nearly doubles a body, and mail programs cut long addresses.
		ID: "email", Name: "Email", Limit: 1000, Unit: "characters", count: countRunes,
		URLInText: true, TextInLink: true, TagStyle: TagsNone,
		InMail: true, Default: true, link: linkEmail,
	},
	{
		ID: "hackernews", Name: "Hacker News", Limit: 80, Unit: "characters", count: countRunes,
		TextInLink: true, OneLine: true, TagStyle: TagsNone,
		InMail: true, link: titled("https://news.ycombinator.com/submitlink", "u", "t"),
	},
	{
		ID: "lobsters", Name: "Lobsters", Limit: 150, Estimated: true, Unit: "characters", count: countRunes,
		TextInLink: true, OneLine: true, TagStyle: TagsNone,
		InMail: true, link: titled("https://lobste.rs/stories/new", "url", "title"),
	},
	{
		ID: "pinterest", Name: "Pinterest", Limit: 500, Unit: "characters", count: countRunes,
		TextInLink: true, NeedsImage: true, MaxTags: 3, TagStyle: TagsInText,
		InMail: true, link: linkPinterest,
	},
	{
		ID: "tumblr", Name: "Tumblr", Limit: 32_768, Unit: "characters", count: countRunes,
		TextInLink: true, MaxTags: 5, TagStyle: TagsField,
		InMail: true, link: linkTumblr,
	},
	{
		ID: "vk", Name: "VK", Limit: 2048, Unit: "characters", count: countRunes,
		TextInLink: true, OneLine: true, TagStyle: TagsNone,
		InMail: true, link: pictured("https://vk.com/share.php", "image"),
	},
	{
		ID: "ok", Name: "Odnoklassniki", Limit: 300, Estimated: true, Unit: "characters", count: countRunes,
		TextInLink: true, OneLine: true, TagStyle: TagsNone,
		InMail: true, link: pictured("https://connect.ok.ru/offer", "imageUrl"),
	},
	{
		ID: "weibo", Name: "Weibo", Limit: 140, Estimated: true, Unit: "characters", count: countRunes,
		TextInLink: true, OneLine: true, TagStyle: TagsNone,
		InMail: true, link: pictured("https://service.weibo.com/share/share.php", "pic"),
	},
	{
		ID: "qzone", Name: "QZone", Limit: 200, Estimated: true, Unit: "characters", count: countRunes,
		TextInLink: true, OneLine: true, TagStyle: TagsNone,
		InMail: true, link: titled("https://sns.qzone.qq.com/cgi-bin/qzshare/cgi_qzshare_onekey", "url", "title"),
	},
	{ // The official widget drops the text in Safari on iPhones; this one keeps it.
		ID: "line", Name: "LINE", Limit: 1000, Estimated: true, Unit: "characters", count: countRunes,
		URLInText: true, TextInLink: true, TagStyle: TagsNone,
		InMail: true, link: linkLINE,
	},
	{
		ID: "xing", Name: "XING", Limit: 420, Estimated: true, Unit: "characters", count: countRunes,
		TagStyle: TagsNone,
		InMail:   true, link: linkXING,
	},
	{
		ID: "viber", Name: "Viber", Limit: 200, Estimated: true, Unit: "characters", count: countRunes,
		URLInText: true, TextInLink: true, TagStyle: TagsNone,
		link: linkViber,
	},
	{
		ID: "threema", Name: "Threema", Limit: 3500, Estimated: true, Unit: "bytes", count: countBytes,
		URLInText: true, TextInLink: true, TagStyle: TagsNone,
		link: linkThreema,
	},
	{
		ID: "teams", Name: "Microsoft Teams", Limit: 1000, Estimated: true, Unit: "characters", count: countRunes,
		TextInLink: true, TagStyle: TagsNone,
		InMail: true, link: titled("https://teams.microsoft.com/share", "href", "msgText"),
	},
	{
		ID: "flipboard", Name: "Flipboard", Limit: 300, Estimated: true, Unit: "characters", count: countRunes,
		TextInLink: true, OneLine: true, TagStyle: TagsNone,
		InMail: true, link: linkFlipboard,
	},
	{
		ID: "instapaper", Name: "Instapaper", Limit: 1000, Estimated: true, Unit: "characters", count: countRunes,
		TextInLink: true, TagStyle: TagsNone,
		InMail: true, link: linkInstapaper,
	},
	{ // Three parts: longer ones are seldom joined well.
		ID: "sms", Name: "SMS", Limit: 3, Estimated: true, Unit: "message parts", count: countSMS,
		URLInText: true, TextInLink: true, TagStyle: TagsNone,
		link: linkSMS,
	},
}
