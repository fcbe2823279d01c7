package networks_test

import (
	"strings"
	"testing"

	"postrider/networks"

	"pgregory.net/rapid"
)

func TestMeasureOfAnything(t *testing.T) {
	t.Parallel()
	all := networks.All()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(t, "text")
		checkMeasure(t, all, text)
	})
}

func FuzzMeasure(f *testing.F) {
	for _, seed := range []string{"", "a.co", "https://example.org/(a(b)c)?q=1 👩\u200d⚕️ 1️⃣ 🇨🇭", "例え.рф/x", "@a@b.c", "\xff\xf0\x9f", "t.co/x", "健。a.健康.中国"} {
		f.Add(seed)
	}
	all := networks.All()
	f.Fuzz(func(t *testing.T, text string) { checkMeasure(t, all, text) })
}

func checkMeasure(t interface{ Fatalf(string, ...any) }, all []networks.Network, text string) {
	for _, n := range all {
		c := n.Measure(text)
		if c.Count < 0 || (c.Count == 0) != (text == "") {
			t.Fatalf("%s counts %q %d", n.ID, text, c.Count)
		}
		// No rule but the fixed price of an address is above 6 per byte.
		if limit := 23 * len(text); c.Count > limit {
			t.Fatalf("%s counts %q %d, more than %d", n.ID, text, c.Count, limit)
		}
		if c.Limit != n.Limit || c.Fits && c.Count > c.Limit {
			t.Fatalf("%s: %+v contradicts itself", n.ID, c)
		}
		if again := n.Measure(text); again != c {
			t.Fatalf("%s counts %q as %+v, then %+v", n.ID, text, c, again)
		}
	}
}

func BenchmarkMeasure(b *testing.B) {
	post := "Key takeaways: health for all 🎉 — الصحة للجميع, 全民健康 स्वास्थ्य #GlobalHealth https://example.org/r/care?from=x "
	for _, size := range []struct {
		name string
		text string
	}{{"post", post}, {"article", strings.Repeat(post, 40)}, {"one script", strings.Repeat("健", 4000) + ".中国"}, {"dots", strings.Repeat("a.", 10_000)}} {
		for _, id := range []string{"x", "bluesky", "mastodon", "threads", "telegram", "sms"} {
			b.Run(size.name+"/"+id, func(b *testing.B) {
				n := find(b, id)
				b.SetBytes(int64(len(size.text)))
				b.ReportAllocs()
				for b.Loop() {
					n.Measure(size.text)
				}
			})
		}
	}
}
