package passkey

import (
	"encoding/json"
	"strings"
	"testing"

	"postrider/internal/errs"
)

func TestPasskeysAreForNamesOverHTTPS(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"https://desk.example.org": true, "http://localhost:8081": true, "http://127.0.0.1:8081": false, "http://desk.example.org": false,
		"https://192.0.2.1": false, "https://[::1]:8443": false, "": false, "desk.example.org": false, "https://": false,
	} {
		_, err := For(address, "Postrider")
		if Allowed(address) != want || (err == nil) != want || err != nil && !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: allowed %v, %v; want %v", address, Allowed(address), err, want)
		}
	}
}

func TestQuestionsAskForThePersonAndHideTheState(t *testing.T) {
	t.Parallel()
	s, err := For("https://desk.example.org", "Example Desk")
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := s.AskNew(Owner{Handle: []byte{1, 2, 3}, Name: "ada@example.org", Display: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	any, err := s.Ask()
	if err != nil {
		t.Fatal(err)
	}
	var asked struct {
		Challenge        string
		UserVerification string
		RPID             string
		RP               struct{ ID string }
		Selection        struct{ ResidentKey, UserVerification string } `json:"authenticatorSelection"`
	}
	if err := json.Unmarshal(fresh.Options, &asked); err != nil || asked.RP.ID != "desk.example.org" || asked.Selection.ResidentKey != "required" ||
		asked.Selection.UserVerification != "required" || len(asked.Challenge) < 40 {
		t.Errorf("a new one is asked for by %s, %v", fresh.Options, err)
	}
	first := asked.Challenge
	if err := json.Unmarshal(any.Options, &asked); err != nil || asked.RPID != "desk.example.org" || asked.UserVerification != "required" || asked.Challenge == first {
		t.Errorf("one is asked for by %s, %v", any.Options, err)
	}
	find := func([]byte) (Owner, error) { return Owner{}, errs.NotFoundf("nobody") }
	for _, answer := range []string{"", "{}", "[]", strings.Repeat("x", 1000), `{"id":"AA","rawId":"AA","type":"public-key","response":{}}`} {
		if _, _, err := s.Check(any.State, []byte(answer), find); !errs.Is(err, errs.Forbidden) {
			t.Errorf("the answer %.20q: %v", answer, err)
		}
		if _, err := s.New(Owner{Handle: []byte{1, 2, 3}}, fresh.State, []byte(answer)); !errs.Is(err, errs.Forbidden) {
			t.Errorf("the new one %.20q: %v", answer, err)
		}
	}
	if _, err := s.AskNew(Owner{Handle: []byte{1}, Name: "x", Display: "x", Records: []string{"no json"}}); !errs.Is(err, errs.Conflict) {
		t.Errorf("a record that cannot be read: %v", err)
	}
}
