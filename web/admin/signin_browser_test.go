package admin

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postrider/internal/auth"
	"postrider/internal/browsertest"
	"postrider/internal/secrets"
	"postrider/store/storetest"
)

// served is a world behind a real port, with the clock of the machine.
func served(t *testing.T) (*world, string) {
	t.Helper()
	w := build(t)
	w.now = time.Now() // sessions, codes and cookies are of today
	server := httptest.NewServer(w.handler)
	t.Cleanup(server.Close)
	address := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	w.house.URL = address
	return w, address
}

// looker takes a page's picture in all four views where POSTRIDER_PICTURES
// names a folder, and always holds it against axe's rules.
func looker(t *testing.T, p *browsertest.Page) func(name string) {
	return func(name string) {
		t.Helper()
		view, folder := 0, os.Getenv("POSTRIDER_PICTURES")
		p.Everywhere(func(browsertest.View) {
			if view++; folder != "" {
				p.Picture(filepath.Join(folder, fmt.Sprintf("%s.%d.png", name, view)))
			}
		})
		p.Look(browsertest.Desk)
	}
}

// TestSigningInInABrowser walks from an invitation to an account with one-time
// codes, and in again.
func TestSigningInInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("not tested: signing in with a browser takes a while")
	}
	w, address := served(t)
	w.ada()
	p := browsertest.Start(t).Page(browsertest.Desk)
	look := looker(t, p)
	p.Open(address + "/team")
	look("signin")
	p.Fill("#f-email", "ada@desk.example")
	p.Fill("#f-password", "not her password")
	p.Follow("main button.primary")
	p.WantText(".wrong", "is wrong")
	look("signin-wrong")
	p.Fill("#f-password", passphrase)
	p.Follow("main button.primary")
	p.WantText("h1", "Team")
	look("team")
	p.Follow("main a[href='/team/provider']")
	look("provider")
	p.Open(address + "/team")
	p.Follow("main a[href='/team/invite']")
	look("invite")
	p.Fill("#f-email", "bo@desk.example")
	p.Fill("#f-name", "Bo Ek")
	p.Follow("main button.primary")
	look("invited")
	var link string
	p.Eval(`document.getElementById("f-link").value`, &link)
	p.Open(address + "/team")
	look("team-invitations")

	bo := browsertest.Start(t).Page(browsertest.Desk)
	bo.Open(link)
	lookBo := looker(t, bo)
	lookBo("join")
	bo.Fill("#f-password", "short")
	bo.Follow("main button.primary")
	bo.WantText("#e-password", "12 characters")
	lookBo("join-wrong")
	bo.Fill("#f-password", "a long walk by the sea")
	bo.Follow("main button.primary")
	bo.WantText(".flash", "Welcome, Bo Ek")
	bo.Open(address + "/account")
	lookBo("account")
	bo.Open(address + "/account/password")
	lookBo("account-password")
	bo.Open(address + "/account/codes")
	lookBo("account-codes")
	secret := secrets.Secret(strings.ReplaceAll(bo.Text("code.code"), " ", ""))
	code, err := auth.Code(secret, w.now)
	if err != nil {
		t.Fatal(err)
	}
	bo.Fill("#f-code", code)
	bo.Fill("#f-current", "a long walk by the sea")
	bo.Follow("main button.primary")
	bo.WantText("main", "shown this once")
	lookBo("account-recovery")
	bo.Open(address + "/account/codes")
	lookBo("account-codes-on")
	p.Open(address + "/team")
	p.Follow("tbody tr:nth-child(2) a.go")
	look("member")
	p.Follow("main a.danger")
	look("member-remove")

	// A form that is sent too late.
	bo.Open(address + "/account")
	bo.Fill("#f-name", "Bo Ekström")
	w.now = w.now.Add(25 * time.Hour)
	bo.Follow("main button.primary")
	bo.WantText(".note", "has been kept")
	lookBo("signin-lapsed")
	bo.Fill("#f-email", "bo@desk.example")
	bo.Fill("#f-password", "a long walk by the sea")
	bo.Follow("main button.primary")
	lookBo("signin-code")
	if code, err = auth.Code(secret, w.now); err != nil {
		t.Fatal(err)
	}
	bo.Fill("#code", code)
	bo.Follow("main button.primary")
	lookBo("signin-kept")
	bo.Follow("main button.primary")
	bo.WantText(".flash", "Saved")
	bo.WantText(".who summary", "Bo Ekström")
}

// TestPasskeysInABrowser makes a passkey, signs in with it and removes it, with
// an authenticator that the browser plays.
func TestPasskeysInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("not tested: passkeys need a browser")
	}
	w, address := served(t)
	w.ada()
	p := browsertest.Start(t).Page(browsertest.Desk)
	p.Passkeys()
	look := looker(t, p)
	p.Open(address + "/account")
	p.Fill("#f-email", "ada@desk.example")
	p.Fill("#f-password", passphrase)
	p.Follow("main button.primary")
	p.Fill("#f-passkey", "The telephone")
	p.Fill("#f-passkey-current", "not her password")
	p.Click("form[data-passkey] button")
	p.WaitText("[data-said]", "not your present password")
	p.Paste("#f-passkey-current", passphrase)
	p.Follow("form[data-passkey] button")
	p.WantText(".flash", "The telephone")
	look("account-passkeys")
	p.Open(address + "/account/password")
	p.Open(address + "/account")
	p.Fill("#f-passkey-current", passphrase)
	p.Click("form[data-passkey] button")
	p.WaitText("[data-said]", "has a passkey for your account already")

	p.Click(".who summary")
	p.Follow("form[action='/sign-out'] button")
	p.Open(address + "/campaigns")
	p.WantText("h1", "Sign in")
	p.Follow("form[data-passkey] button")
	p.WantText("h1", "Campaigns")
	p.Open(address + "/account")
	p.WantText(".own-keys", "last used")
	if got := storetest.Column[string](t, w.store, `SELECT method FROM sessions ORDER BY id`); got[len(got)-1] != "passkey" {
		t.Errorf("she is signed in by %v", got)
	}

	// Removed here, it opens nothing more, whatever the device still has.
	p.Follow(".own-keys button.danger")
	p.WantText(".flash", "removed")
	p.Click(".who summary")
	p.Follow("form[action='/sign-out'] button")
	p.Open(address + "/")
	p.Follow("form[data-passkey] button")
	p.WantText(".wrong", "did not fit")
	w.wantAudit("did not get in", "visitor")
}

// TestSigningInWithoutScripts: a password is enough, and nothing asks for a
// passkey.
func TestSigningInWithoutScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("not tested: needs a browser")
	}
	w, address := served(t)
	w.ada()
	view := browsertest.Desk
	view.NoScript = true
	p := browsertest.Start(t).Page(view)
	p.Open(address + "/campaigns")
	p.Fill("#f-email", "ada@desk.example")
	p.Fill("#f-password", passphrase)
	p.Follow("main button.primary")
	p.WantText("h1", "Campaigns")
}

// TestFirstAccountInABrowser opens the address that the program prints and
// makes the account that ends its token.
func TestFirstAccountInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("not tested: the first account needs a browser")
	}
	_, address := served(t)
	p := browsertest.Start(t).Page(browsertest.Desk)
	look := looker(t, p)
	p.Open(address + "/")
	look("signin-token")
	p.Fill("#token", token)
	p.Follow("main button.primary")
	p.Open(address + "/team")
	look("team-nobody")
	p.Follow("main a[href='/account']")
	look("account-first")
	p.Fill("#f-name", "Ada Lovelace")
	p.Fill("#f-email", "ada@desk.example")
	p.Fill("#f-password", passphrase)
	p.Follow("main button.primary")
	p.WantText(".flash", "no longer opens anything")
	p.Click(".who summary")
	p.Follow("form[action='/sign-out'] button")
	p.Open(address + "/?token=" + token)
	p.WantText(".wrong", "sign in with your account")
	p.Fill("#f-email", "ada@desk.example")
	p.Fill("#f-password", passphrase)
	p.Follow("main button.primary")
	p.Open(address + "/team")
	p.WantText("main table", "Ada Lovelace")
}
