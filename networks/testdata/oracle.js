// Writes oracle.json: strings with the count that each network's own library
// gives them. The strings are the same on every run.
//
//   mkdir /tmp/oracle && cp package.json oracle.js /tmp/oracle && cd /tmp/oracle
//   npm install --ignore-scripts && node oracle.js > /path/to/networks/testdata/oracle.json
//
// Bluesky's library counts with Intl.Segmenter, so Node must know Unicode 15.1
// or later: see process.versions.unicode. One case a line: [text, X, Bluesky].
const { parseTweet } = require('twitter-text');
const { RichText } = require('@atproto/api');

// mulberry32: small, seeded, the same everywhere.
let seed = 20270101;
function random() {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const below = (n) => Math.floor(random() * n);
const pick = (list) => list[below(list.length)];
const some = (most, make) => Array.from({ length: 1 + below(most) }, make).join('');
const at = (from, to) => String.fromCodePoint(from + below(to - from + 1));
const letters = (from, to) => () => some(8, () => at(from, to));

const words = {
  latin: 'Care for everyone, everywhere: clinics naïve façade Straße fiancé œuvre İstanbul ǅungla “quoted” it’s 50% – dash — dots… C++ e.g. i.e. No.5'.split(' '),
  vietnamese: 'Việt Nam tiếng đường Nguyễn sức khỏe'.split(' '),
  cyrillic: 'здоровье мир Київ український қазақ ћирилица'.split(' '),
  greek: 'υγεία κόσμος Ἀθήνα ᾳ'.split(' '),
  chinese: '健康 全民健康覆盖 世界 衛生組織 。 ， 「引」'.split(' '),
  japanese: '健康 ヘルス こんにちは 世界 ｶﾞ が ー 々'.split(' '),
  korean: '건강 세계 안녕하세요 한국 ᄒᆞᆫ 가나다'.split(' '),
  arabic: 'الصحة للجميع العالم مُحَمَّد ﷺ لا'.split(' '),
  persian: 'سلامت می‌خواهم کتاب‌ها'.split(' '),
  hebrew: 'בריאות עולם שָׁלוֹם'.split(' '),
  hindi: 'क्षि स्वास्थ्य हिन्दी विश्व त्र्य कर्त्ता क्‍ष क्‌ष'.split(' '),
  bengali: 'স্বাস্থ্য বাংলা ক্ষ বিশ্ব'.split(' '),
  tamil: 'நலம் தமிழ் க்ஷௌ'.split(' '),
  telugu: 'ఆరోగ్యం తెలుగు క్ష్మ'.split(' '),
  malayalam: 'ആരോഗ്യം മലയാളം ക്ഷ ന്‍റെ'.split(' '),
  gujarati: 'આરોગ્ય ગુજરાતી ક્ષ'.split(' '),
  sinhala: 'සෞඛ්‍යය ශ්‍රී'.split(' '),
  thai: 'สุขภาพ ภาษาไทย น้ำ ที่'.split(' '),
  lao: 'ສຸຂະພາບ ລາວ ນ້ຳ'.split(' '),
  khmer: 'សុខភាព ភាសាខ្មែរ ស្ត្រី'.split(' '),
  burmese: 'ကျန်းမာရေး မြန်မာ'.split(' '),
  tibetan: 'བདེ་ཐང་ བོད་'.split(' '),
  amharic: 'ጤና አማርኛ'.split(' '),
  georgian: 'ჯანმრთელობა საქართველო'.split(' '),
  armenian: 'առողջություն Հայաստան'.split(' '),
};
const emoji = ['😀', '🎉', '❤', '❤️', '❤︎', '✔', '✔️', '☎️', '©', '©️', '®️', '™', '™️', 'ℹ️', '♟️', '♾️', '🀄', '👍', '👍🏽', '☝🏿', '☝️', '☝️🏿', '✌️🏻', '🫱🏽‍🫲🏿', '🫠', '🫶🏼',
  '👨‍👩‍👧‍👦', '👩‍👩‍👦‍👦', '👨‍👨‍👧‍👧', '👩‍👧', '👨‍👦‍👦', '👨‍👦‍👧', '👩‍👨‍👦', '👩‍❤️‍👨', '👩‍❤️‍💋‍👩', '👨‍❤️‍👨', '👩🏽‍⚕️', '👩‍⚕', '👨🏿‍🚀', '🧑‍🚀', '🧑🏽‍🤝‍🧑🏿', '👩🏻‍🦰', '👨‍🦳',
  '🏳️‍🌈', '🏳️‍⚧️', '🏴‍☠️', '👁‍🗨', '👁️‍🗨️', '🇨🇭', '🇺🇳', '🇪🇺', '🇨', '🇽🇽', '🇨🇭🇫🇷', '🇨🇨🇭', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '🏴󠁧󠁢󠁳󠁣󠁴󠁿', '🏴󠁵󠁳󠁴󠁸󠁿', '🏴', '1️⃣', '#️⃣', '*⃣', '9⃣', '5️', '🏃‍♀️', '🏃🏽‍♂️', '🏋️‍♀️', '🏋🏿‍♂️', '⛹️‍♀️', '🕵️‍♀️', '🕵🏼‍♂️',
  '🤼‍♀️', '🧞‍♂️', '👯‍♀️', '🧟‍♀️', '🏃‍♀', '🐻‍❄️', '🐈‍⬛', '❤️‍🔥', '😮‍💨', '\u200d', '\ufe0f', '🏽', '🇦', '🦸🏽‍♀️', '🤵‍♀️', '🧏🏽‍♀️', '⛷🏽', '🎅🏿', '💃', '🕴️', '🫡', '🪿'];
const tlds = ['com', 'org', 'net', 'int', 'co', 'ch', 'io', 'health', 'ngo', 'COM', 'Org', 'app', 'dev', 'museum', 'travel', 'uk', 'co.uk', 'xn--p1ai', 'рф', 'РФ', 'рус', '中国', '中國', '公司', '한국', 'भारत', 'भारतम्', 'გე', 'ไทย', 'مصر', 'vermögensberatung',
  'html', 'notatld', 'c', 'localhost', '123', 'onion', 'zip', 'commune', 'example', 'ελ', '嘉里', '嘉里大酒店'];
const hosts = ['a', 'example', 'www.example', 'who', 'x--y', 'foo-bar', 'a_b.example', 'exa_mple', '-bad', 'bad-', 'münchen', 'bücher', 'пример', '例え', '日本語example', 'exämple', '1', '127.0.0', 'a.b.c.d', 'example日本', 'sub..example', 't', 'xn--e1afmkfd', 'xn--é', 'x'.repeat(63), 'x'.repeat(64), '健'.repeat(20), '全民健康覆盖'.repeat(4), 'a。b', 'Ιota', 'ιota', "o'neil", 'a"b', 'ⱥ'];
const schemes = ['', '', '', 'https://', 'https://', 'http://', 'HTTPS://', 'ftp://', '//', 'https:', 'mailto:', 'https://user@', 'https://@'];
const paths = ['', '', '', '/', '/a', '/a/b/c', '/a.', '/a!', '/a,', '/a)', '/(a)', '/a_(b)', '/a_(b_(c))', '/a_(b_(c_(d)))', '/()', '/a(b', '/@user', '/@user/', '/путь', '/é', '/日本', '/a–b', '/a—b', '/a%20b', '/~x', '/a;b:c', "/it's", '/a*', '/x[1]', '/a|b', '/a#b', '#top', '/#top', '/a.b.', '/Ιι', '/(a)(b)!', '/(a(b)c).'];
const queries = ['', '', '', '?', '?a=1', '?a=1&b=2', '?a=1.', '?a=é', '?q=a+b', '?q=(a)', '?!', '??x', '?a=1#b', '?a[]=1&', "?it's"];
const ports = ['', '', '', '', ':80', ':8080', ':', ':x'];
const befores = ['', ' ', ' ', ' ', '(', '"', '“', '.', '-', '_', '/', '@', '#', '$', '＠', '＃', 'a', '1', '日', 'é', '😀', '👨‍👩‍👧', '\u200e', '\u202b', '\ufeff', ':', '،', '。', '\n', '\u00a0', 'https://'];
const afters = ['', ' ', ' ', '.', ',', ')', '!', '?', '…', '"', '日本', 'é', '@x', '-', '+', '_', '😀', '\u200b', '、', '\n', ':', ';', "'s", '/', '\u3000'];
const mentions = ['@who', '@user.bsky.social', '@user@example.social', '＠who', '@a_b', 'user@example.org', '@', '#health', '#GlobalHealth', '#日本', '＃健康', '#2026', '#a-b', '$TWTR', '#', '#example.com', '@example.com'];
const marks = ['e\u0301', 'a\u0308\u0304', 'Z\u0351\u036b\u0343', '\u0301', 'q\u0323\u0307', '\u1100\u1161\u11a8', 'a\u20dd', '\u212b', '\u2126', '\ufb01', 'ﬁ', '\u200b', '\u200c', '\u2060', '\u00ad', '\u202e', '\t', '\r\n', '\n', '\u2028', '\u0000', '\u001b', '\u007f', '\u10ff', '\u1100', '\u2000', '\u200d', '\u200e', '\u2010', '\u201f', '\u2020', '\u2032', '\u2037', '\u2038', '\u{1d49c}', '\u{20000}', '\u{10ffff}', '\ufffd', '\u{1f1e6}', '\u0e33', '\u0600\u0661', '\u0d4e\u0d15'];

const url = () => pick(schemes) + pick(hosts) + '.' + pick(tlds) + pick(ports) + pick(paths) + pick(queries);
const wrapped = () => pick(befores) + url() + pick(afters);
const word = () => pick(words[pick(Object.keys(words))]);
const sentence = (script) => Array.from({ length: 1 + below(9) }, () => pick(words[script])).join(/chinese|japanese|thai|khmer|lao|burmese|tibetan/.test(script) ? '' : ' ');
const alphabets = [letters(0x20, 0x7e), letters(0xa0, 0x24f), letters(0x370, 0x52f), letters(0x590, 0x6ff), letters(0x900, 0xdff), letters(0xe00, 0xfff), letters(0x1000, 0x17ff), letters(0x1e00, 0x206f), letters(0x20a0, 0x2bff), letters(0x3000, 0x30ff), letters(0xac00, 0xd7a3), letters(0x1f300, 0x1f6ff), letters(0x1f900, 0x1f9ff), letters(0x1f1e6, 0x1f1ff)];
const emojiParts = ['👨', '👩', '👦', '👧', '🧑', '🏽', '🏿', '\u200d', '\u200d', '\u200d', '\ufe0f', '\ufe0f', '\ufe0e', '❤', '💋', '⚕', '♀', '♂', '🚀', '🏋', '⛹', '🕵', '🏃', '🏳', '🌈', '🏴', '☠', '👁', '🗨', '☝', '✌', '🇨', '🇭', '🇺', '1', '#', '\u20e3', '©', '™', '🦰', '👯', '🖐'];
const pieces = [word, word, () => pick(emoji), url, wrapped, () => pick(mentions), () => pick(marks), () => pick(alphabets)()];

const cases = new Set(['', ' ', 'a.co', 'क्षि']);
for (const e of [...emoji, ...mentions, ...marks]) { cases.add(e); cases.add('a' + e + 'b'); cases.add(e + e); cases.add(e + ' example.org'); cases.add(e + 'example.org/x'); cases.add('example.org' + e); cases.add('https://example.org/' + e); }
for (const script of Object.keys(words)) for (let i = 0; i < 12; i++) { cases.add(sentence(script)); cases.add(sentence(script) + pick(['', ' ']) + wrapped()); }
for (const tld of tlds) for (const s of ['', 'https://']) cases.add('See ' + s + 'example.' + tld + ' for more');
for (const a of paths) for (const b of queries) if (random() < 0.35) cases.add('https://example.org' + a + b + pick(afters));
for (let i = 0; i < 500; i++) cases.add(some(4, wrapped));
for (let i = 0; i < 500; i++) cases.add(url());
for (let i = 0; i < 500; i++) cases.add(some(9, () => pick(emojiParts)));
for (let i = 0; i < 300; i++) cases.add(some(5, pick(alphabets)));
for (let i = 0; i < 900; i++) cases.add(some(7, () => pick(pieces)() + pick(['', '', ' '])));
for (const slug of ['', 'a', 'Ab12', 'x'.repeat(40), 'x'.repeat(41)]) for (const rest of ['', '/b', '?a=1', '.', 'é', '#x']) cases.add('https://t.co/' + slug + rest);
for (const n of [4080, 4088, 4089, 4096, 4097]) { cases.add('https://a.co/' + 'x'.repeat(n - 13)); cases.add('a.co/' + 'x'.repeat(n - 13)); }

const text = (s) => s.isWellFormed ? s.isWellFormed() : !/\p{Surrogate}/u.test(s);
const rows = [...cases].filter(text).map((s) => JSON.stringify([s, parseTweet(s).weightedLength, new RichText({ text: s }).graphemeLength]));
process.stdout.write('[\n' + rows.join(',\n') + '\n]\n');
