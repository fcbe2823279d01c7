package mailer

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
	"pgregory.net/rapid"

	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/internal/smtptest"
)

// pair is an RSA key and an Ed25519 key with their records, made once: an RSA
// key takes a while.
var pair = sync.OnceValue(func() (p struct {
	keys []delivery.DKIMKey
	zone map[string]string
}) {
	large, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	public, small, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKIXPublicKey(large.Public())
	if err != nil {
		panic(err)
	}
	p.keys = []delivery.DKIMKey{{Domain: "org.example", Selector: "s1", Key: large}, {Domain: "org.example", Selector: "s1e", Key: small}}
	p.zone = map[string]string{
		"s1._domainkey.org.example":  "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der),
		"s1e._domainkey.org.example": "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public),
	}
	return p
})

// verify checks all signatures of a message and returns how many hold.
func verify(t testing.TB, message []byte) (good int, signed []string) {
	t.Helper()
	found, err := dkim.VerifyWithOptions(bytes.NewReader(message), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
		if v, ok := pair().zone[name]; ok {
			return []string{v}, nil
		}
		return nil, &net.DNSError{IsNotFound: true, Name: name}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 2 {
		t.Fatalf("%d signatures, want 2:\n%.1500s", len(found), message)
	}
	for _, v := range found {
		if v.Err == nil && v.Domain == "org.example" {
			good, signed = good+1, v.HeaderKeys
		}
	}
	return good, signed
}

func signedLetter() delivery.Letter {
	l := letterFor(simpleMail())
	l.Sign = pair().keys
	l.Headers = append(l.Headers, delivery.Header{Name: "List-Archive", Value: "<https://org.example/r/x>"}, delivery.Header{Name: "Feedback-ID", Value: "1:2:edition:orgexample"})
	return l
}

func TestBothSignaturesCoverWhatMatters(t *testing.T) {
	t.Parallel()
	message := spliced(t, compiled(t, signedLetter()), readerFor(map[string]string{"name": "Ada"}))
	good, signed := verify(t, message)
	want := "From From To Subject Date Message-ID Reply-To List-Unsubscribe List-Unsubscribe-Post List-Id List-Help List-Archive Feedback-ID Precedence MIME-Version Content-Type"
	if got := strings.Join(signed, " "); good != 2 || got != want {
		t.Errorf("%d signatures hold, over %s\nwant %s", good, got, want)
	}
	head, _, _ := bytes.Cut(message, []byte("\r\nDate:"))
	for _, tag := range []string{"a=rsa-sha256", "a=ed25519-sha256", "c=relaxed/relaxed", "d=org.example"} {
		if !bytes.Contains(head, []byte(tag)) {
			t.Errorf("no %s in\n%s", tag, head)
		}
	}
	if bytes.Contains(head, []byte(" l=")) {
		t.Errorf("the signature leaves room for more text:\n%s", head)
	}
	if err := checkMessage(message); err != nil {
		t.Error(err)
	}
	if rest := message[len(head)+2:]; !bytes.Equal(withoutDate(rest), withoutDate(spliced(t, unsigned(t), readerFor(map[string]string{"name": "Ada"})))) {
		t.Error("signing changed the message itself")
	}
}

func unsigned(t testing.TB) delivery.Compiled {
	l := signedLetter()
	l.Sign = nil
	return compiled(t, l)
}

func withoutDate(b []byte) []byte { _, rest, _ := bytes.Cut(b, []byte("\r\n")); return rest }

func TestSignaturesNoticeChanges(t *testing.T) {
	t.Parallel()
	message := string(spliced(t, compiled(t, signedLetter()), readerFor(map[string]string{"name": "Ada"})))
	for name, changed := range map[string]string{
		"a second From above":  "From: <evil@example.net>\r\n" + message,
		"a second From below":  strings.Replace(message, "\r\nMIME-Version:", "\r\nFrom: <evil@example.net>\r\nMIME-Version:", 1),
		"another subject":      strings.Replace(message, "Five things", "Six things", 1),
		"another unsubscribe":  strings.Replace(message, "/u/abc", "/u/abd", 1),
		"no one-click":         strings.Replace(message, "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", "", 1),
		"another text":         strings.Replace(message, "Bye", "Buy", 1),
		"more text at its end": message + "more\r\n",
		"another boundary":     strings.Replace(message, "boundary=", "boundary=x", 1),
	} {
		if changed == message {
			t.Errorf("%s: nothing was changed", name)
		}
		if good, _ := verify(t, []byte(changed)); good != 0 {
			t.Errorf("%s: %d signatures still hold", name, good)
		}
	}
	for name, harmless := range map[string]string{
		"another field":      "X-Relay: 1\r\n" + message,
		"folded differently": strings.Replace(message, "\r\n boundary=", "\r\n   boundary=", 1),
		"more empty lines":   message + "\r\n\r\n",
	} {
		if good, _ := verify(t, []byte(harmless)); good != 2 {
			t.Errorf("%s: %d signatures hold, want both", name, good)
		}
	}
}

func TestEveryMailIsSignedRight(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := signedLetter()
		l.From.Name = rapid.StringOfN(rapid.RuneFrom([]rune("Aé日אن.,\"\\ ")), 0, 30, -1).Draw(t, "sender")
		l.Mail.Text.Pieces[0].Text = rapid.StringMatching(`([ .\t\-=A-zäö日]{0,90}\n?){0,4}`).Draw(t, "text")
		c, err := New(Options{}).Compile(l)
		if err != nil {
			t.Skip(err)
		}
		r := readerFor(map[string]string{"name": rapid.String().Draw(t, "name")})
		r.To.Address = rapid.SampledFrom([]string{"ada@example.org", "ünï@example.org", "x@bücher.example"}).Draw(t, "to")
		whole, err := c.Splice(nil, r)
		if err != nil {
			t.Fatal(err)
		}
		if err := whole.(*assembled).check(); err != nil {
			t.Fatal(err)
		}
		message := whole.AppendTo(nil)
		found, err := dkim.VerifyWithOptions(bytes.NewReader(message), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) { return []string{pair().zone[name]}, nil }})
		if err != nil || len(found) != 2 || found[0].Err != nil || found[1].Err != nil {
			t.Fatalf("%d signatures, %v:\n%s", len(found), err, message)
		}
	})
}

// TestSignaturesHoldOnTheWire: what the relay has after its dot-stuffing is what
// was signed, on both paths, with the relay's own headers on top.
func TestSignaturesHoldOnTheWire(t *testing.T) {
	t.Parallel()
	bothPaths(t, func(t *testing.T, start func(string, ...smtptest.Option) (*smtptest.Server, delivery.RelayConfig)) {
		s, relay := start("", smtptest.Offer("SIZE 100000"))
		relay.Headers = []delivery.Header{{Name: "X-PM-Message-Stream", Value: "broadcast"}}
		c := dial(t, t.Context(), New(Options{}), relay)
		letter := compiled(t, signedLetter())
		for _, name := range []string{"Ada", ".dot\n.\r\n..", "", "Zoë 日本 \u202eabc"} {
			message := spliced(t, letter, readerFor(map[string]string{"name": name}))
			if a := c.Hand(t.Context(), to("ada@example.org"), delivery.Octets(message), marked(nil)); a.Reply.Code != 250 {
				t.Fatalf("answer %+v", a)
			}
		}
		for i, m := range s.Accepted() {
			if good, _ := verify(t, m.Data); good != 2 {
				t.Errorf("mail %d: %d signatures hold", i, good)
			}
			if !bytes.HasPrefix(m.Data, []byte("X-PM-Message-Stream: broadcast\r\nDKIM-Signature:")) {
				t.Errorf("mail %d begins with %.80q", i, m.Data)
			}
			if want := fmt.Sprintf("SIZE=%d", len(m.Data)); m.Params != want {
				t.Errorf("mail %d: MAIL said %s, want %s", i, m.Params, want)
			}
		}
	})
}

func TestNoticesAreSignedToo(t *testing.T) {
	t.Parallel()
	l := signedLetter()
	l.Notice, l.Headers = true, nil
	r := readerFor(nil)
	r.ListUnsubscribe = ""
	good, signed := verify(t, spliced(t, compiled(t, l), r))
	if good != 2 || !strings.Contains(strings.Join(signed, " "), "Auto-Submitted") {
		t.Errorf("%d signatures hold, over %v", good, signed)
	}
}

func TestKeysThatCannotSignAreRefused(t *testing.T) {
	t.Parallel()
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := pair().keys[1]
	for name, test := range map[string]struct {
		domain, selector string
		key              crypto.Signer
		want             string
	}{
		"another domain":    {"example.net", "s1", good.Key, "the sender is at org.example"},
		"a subdomain":       {"news.org.example", "s1", good.Key, "the sender is at org.example"},
		"half a name":       {"rg.example", "s1", good.Key, "the sender is at org.example"},
		"no selector":       {"org.example", "", good.Key, "not whole"},
		"no key":            {"org.example", "s1", nil, "not whole"},
		"an elliptic curve": {"org.example", "s1", curve, "RSA and Ed25519"},
	} {
		l := letterFor(simpleMail())
		l.Sign = []delivery.DKIMKey{good, {Domain: test.domain, Selector: test.selector, Key: test.key}}
		if _, err := New(Options{}).Compile(l); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	l := letterFor(simpleMail())
	l.From = mail.Address{Address: "news@mail.org.example"}
	l.Sign = pair().keys // of the parent: aligned
	if _, err := New(Options{}).Compile(l); err != nil {
		t.Error(err)
	}
}

func BenchmarkSpliceSigned(b *testing.B) {
	for _, which := range []struct {
		name string
		keys []delivery.DKIMKey
	}{{"none", nil}, {"ed25519", pair().keys[1:]}, {"rsa", pair().keys[:1]}, {"both", pair().keys}} {
		b.Run(which.name, func(b *testing.B) {
			l := letterFor(largeMail())
			l.Sign = which.keys
			c, r := compiled(b, l), largeReader()
			var m delivery.Message
			b.SetBytes(int64(len(spliced(b, c, r))))
			b.ReportAllocs()
			for b.Loop() {
				m, _ = c.Splice(m, r)
			}
		})
	}
}
