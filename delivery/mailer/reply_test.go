package mailer

import (
	"bufio"
	"strings"
	"testing"
	"unicode/utf8"

	"postrider/delivery"
)

func TestReadReply(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		want delivery.Reply
	}{
		{"250 2.0.0 ok\r\n", delivery.Reply{Code: 250, Enhanced: "2.0.0", Text: "ok"}},
		{"250 ok\n", delivery.Reply{Code: 250, Text: "ok"}},
		{"250\r\n", delivery.Reply{Code: 250}},
		{"250 \r\n", delivery.Reply{Code: 250}},
		{"550 5.1.1\r\n", delivery.Reply{Code: 550, Enhanced: "5.1.1"}},
		{"550-5.1.1 no\r\n550-5.1.1 such\r\n550 5.1.1 user\r\n", delivery.Reply{Code: 550, Enhanced: "5.1.1", Text: "no such user"}},
		{"550-5.1.1 no\r\n550 5.7.1 mixed\r\n", delivery.Reply{Code: 550, Enhanced: "5.1.1", Text: "no 5.7.1 mixed"}},
		{"550-the user\r\n550 5.1.1 is unknown\r\n", delivery.Reply{Code: 550, Enhanced: "5.1.1", Text: "the user is unknown"}},
		{"450 5.1.1 contradiction\r\n", delivery.Reply{Code: 450, Text: "5.1.1 contradiction"}},
		{"550 5.1000.1 x\r\n", delivery.Reply{Code: 550, Text: "5.1000.1 x"}},
		{"550 5.1.1.1 x\r\n", delivery.Reply{Code: 550, Text: "5.1.1.1 x"}},
		{"550 5.1. x\r\n", delivery.Reply{Code: 550, Text: "5.1. x"}},
		{"550 127.0.0.1 listed\r\n", delivery.Reply{Code: 550, Text: "127.0.0.1 listed"}},
		{"550 5.7.1 a\tb\x00c\x1b[31m\r\n", delivery.Reply{Code: 550, Enhanced: "5.7.1", Text: "a b c [31m"}},
		{"550 5.7.1 caf\xe9\r\n", delivery.Reply{Code: 550, Enhanced: "5.7.1", Text: "caf\ufffd"}},
		{"550 " + strings.Repeat("é", 300) + "\r\n", delivery.Reply{Code: 550, Text: strings.Repeat("é", 250)}},
		{"550 " + strings.Repeat("x", 20_000) + "\r\n", delivery.Reply{Code: 550, Text: strings.Repeat("x", 500)}},
	}
	for _, tt := range tests {
		got, err := readReply(bufio.NewReader(strings.NewReader(tt.in)))
		if err != nil || got != tt.want {
			t.Errorf("%.60q: got %+v, %v; want %+v", tt.in, got, err, tt.want)
		}
	}
	for _, in := range []string{
		"", "2", "250", "250 ok", "250 ok\r", "250-ok\r\n", "250-ok\r\n250 half", "25 ok\r\n", "ok\r\n", "2x0 ok\r\n", "250_ok\r\n", "250ok\r\n", "150 ok\r\n", "650 ok\r\n",
		"\r\n", "250-ok\r\n550 no\r\n", strings.Repeat("250-x\r\n", 100) + "250 x\r\n", "250 " + strings.Repeat("x", 70_000) + "\r\n", strings.Repeat("250-"+strings.Repeat("x", 1000)+"\r\n", 70) + "250 x\r\n",
	} {
		if got, err := readReply(bufio.NewReader(strings.NewReader(in))); err == nil {
			t.Errorf("%.60q: got %+v, want an error", in, got)
		}
	}
}

func FuzzReadReply(f *testing.F) {
	for _, s := range []string{"250 2.0.0 ok\r\n", "550-5.1.1 a\r\n550 b\r\n", "250", "\x00\r\n", "250-\r\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := readReply(bufio.NewReaderSize(strings.NewReader(string(b)), 16))
		if err != nil {
			return
		}
		if r.Code < 200 || r.Code > 599 || len(r.Text) > 500 || !utf8.ValidString(r.Text) || strings.ContainsAny(r.Text+r.Enhanced, "\r\n\x00\x1b\t") {
			t.Fatalf("%q became %+v", b, r)
		}
	})
}
