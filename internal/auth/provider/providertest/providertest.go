// Package providertest plays an identity provider (OpenID Connect) for tests:
// discovery, keys and tokens over TLS on a port of this machine. It checks what
// a real one would: client, secret, PKCE, and that a code is used once.
package providertest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

// What the client is known by.
const (
	ClientID = "postrider"
	Secret   = "canary-client-secret"
)

// Provider is one that runs until the test ends.
type Provider struct {
	Issuer string
	Trust  *x509.CertPool // of its certificate
	Now    func() time.Time
	// Change alters a token before it is signed, to stage what is wrong.
	Change func(claims map[string]any)

	t     testing.TB
	key   *rsa.PrivateKey
	mu    sync.Mutex
	codes map[string]grant
}

type grant struct {
	challenge, back string
	claims          map[string]any
}

// Start runs a provider.
func Start(t testing.TB, now func() time.Time) *Provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &Provider{t: t, key: key, Now: now, codes: map[string]grant{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("POST /token", p.token)
	server := httptest.NewTLSServer(mux)
	t.Cleanup(server.Close)
	p.Issuer, p.Trust = server.URL, x509.NewCertPool()
	p.Trust.AddCert(server.Certificate())
	return p
}

// Approve is what a person does at the provider: it returns where the browser
// is led back to, as the owner of these claims.
func (p *Provider) Approve(going string, claims map[string]any) string {
	p.t.Helper()
	u, err := url.Parse(going)
	if err != nil {
		p.t.Fatal(err)
	}
	q := u.Query()
	if q.Get("client_id") != ClientID || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("state") == "" || q.Get("nonce") == "" {
		p.t.Errorf("the way to the provider is %s", going)
	}
	all := map[string]any{"iss": p.Issuer, "aud": ClientID, "nonce": q.Get("nonce"), "iat": p.Now().Unix(), "exp": p.Now().Add(time.Hour).Unix()}
	for k, v := range claims {
		all[k] = v
	}
	code := rand.Text()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.codes[code] = grant{q.Get("code_challenge"), q.Get("redirect_uri"), all}
	return q.Get("redirect_uri") + "?" + url.Values{"code": {code}, "state": {q.Get("state")}}.Encode()
}

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"issuer": p.Issuer, "authorization_endpoint": p.Issuer + "/authorize", "token_endpoint": p.Issuer + "/token", "jwks_uri": p.Issuer + "/keys",
		"id_token_signing_alg_values_supported": []string{"RS256"}})
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"keys": []map[string]string{{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "k1",
		"n": b64(p.key.N.Bytes()), "e": b64(big.NewInt(int64(p.key.E)).Bytes())}}})
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	refuse := func(why string) {
		w.WriteHeader(http.StatusBadRequest)
		answer(w, map[string]string{"error": why})
	}
	id, secret, ok := r.BasicAuth()
	if !ok {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	p.mu.Lock()
	g, known := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	p.mu.Unlock()
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case id != ClientID || secret != Secret:
		refuse("invalid_client")
	case !known || b64(sum[:]) != g.challenge || r.PostFormValue("redirect_uri") != g.back:
		refuse("invalid_grant")
	default:
		if p.Change != nil {
			p.Change(g.claims)
		}
		answer(w, map[string]any{"access_token": rand.Text(), "token_type": "Bearer", "expires_in": 3600, "id_token": p.sign(g.claims)})
	}
}

// sign makes a JSON web token (RFC 7519) with RS256.
func (p *Provider) sign(claims map[string]any) string {
	head, err := json.Marshal(map[string]string{"alg": "RS256", "kid": "k1", "typ": "JWT"})
	if err != nil {
		p.t.Error(err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		p.t.Error(err)
	}
	text := b64(head) + "." + b64(body)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, p.key, crypto.SHA256, sum[:])
	if err != nil {
		p.t.Error(err)
	}
	return text + "." + b64(signature)
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}
