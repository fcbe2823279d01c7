// Package passkey asks browsers for passkeys and checks what they answer
// (WebAuthn, level 3). It keeps nothing: a question's state and a passkey's
// record are texts for its caller to keep. A passkey here always makes sure
// who touches it, so that it stands for both steps of a sign-in.
package passkey

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net"
	"net/url"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"postrider/internal/errs"
)

// Site is the address that passkeys are for. A passkey of one site opens no
// other.
type Site struct{ w *webauthn.WebAuthn }

// For returns the site of an administration's address, "https://desk.example".
// Browsers allow passkeys for names over HTTPS and for localhost only: anything
// else is Invalid.
func For(address, name string) (*Site, error) {
	if !Allowed(address) {
		return nil, errs.Invalidf("passkeys work over https, or on localhost: they are for names, not for numbers")
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, errs.Invalidf("reading the address of the administration: %w", err)
	}
	w, err := webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: name, RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationRequired,
		},
	})
	if err != nil {
		return nil, errs.Invalidf("setting up passkeys: %w", err)
	}
	return &Site{w}, nil
}

// Allowed reports whether browsers allow passkeys at an address.
func Allowed(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || net.ParseIP(u.Hostname()) != nil {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && u.Hostname() == "localhost"
}

// Owner is whose passkeys they are.
type Owner struct {
	Handle  []byte // which the passkey keeps; tells nothing about them
	Name    string // address
	Display string
	Records []string // of the passkeys that they have
}

// owner makes an Owner what the library wants.
type owner struct {
	Owner
	credentials []webauthn.Credential
}

func (o owner) WebAuthnID() []byte                         { return o.Handle }
func (o owner) WebAuthnName() string                       { return o.Name }
func (o owner) WebAuthnDisplayName() string                { return o.Display }
func (o owner) WebAuthnCredentials() []webauthn.Credential { return o.credentials }

func read(o Owner) (owner, error) {
	out := owner{Owner: o}
	for _, r := range o.Records {
		var c webauthn.Credential
		if err := json.Unmarshal([]byte(r), &c); err != nil {
			return out, errs.Conflictf("a passkey in the database cannot be read: remove it and make it again")
		}
		out.credentials = append(out.credentials, c)
	}
	return out, nil
}

// Question is what the browser is asked. State is what the answer is checked
// against, once, and never given to the browser.
type Question struct {
	Options json.RawMessage // for navigator.credentials, with binary values in base64url
	State   string
}

// Record is a passkey as it is kept. ID finds it; Text has its public key.
type Record struct{ ID, Text string }

func question(options any, session *webauthn.SessionData) (Question, error) {
	text, err := json.Marshal(options)
	if err != nil {
		return Question{}, err
	}
	state, err := json.Marshal(session)
	return Question{Options: text, State: string(state)}, err
}

func record(c *webauthn.Credential) (Record, error) {
	text, err := json.Marshal(c)
	return Record{ID: base64.RawURLEncoding.EncodeToString(c.ID), Text: string(text)}, err
}

// AskNew asks for a new passkey, on none of the devices that hold one already.
func (s *Site) AskNew(o Owner) (Question, error) {
	who, err := read(o)
	if err != nil {
		return Question{}, err
	}
	options, session, err := s.w.BeginRegistration(who, webauthn.WithExclusions(webauthn.Credentials(who.credentials).CredentialDescriptors()))
	if err != nil {
		return Question{}, errs.Invalidf("asking for a passkey: %w", err)
	}
	return question(options.Response, session)
}

// errAnswer is said of every answer that does not fit: no more than that is
// told.
var errAnswer = errs.Forbiddenf("this passkey did not fit: try again, or come in another way")

// New checks the answer to AskNew and returns the passkey to keep.
func (s *Site) New(o Owner, state string, answer []byte) (Record, error) {
	who, err := read(o)
	if err != nil {
		return Record{}, err
	}
	var session webauthn.SessionData
	if err := json.Unmarshal([]byte(state), &session); err != nil {
		return Record{}, errAnswer
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return Record{}, errAnswer
	}
	c, err := s.w.CreateCredential(who, session, parsed)
	if err != nil {
		return Record{}, errAnswer
	}
	return record(c)
}

// Ask asks for any passkey of this site.
func (s *Site) Ask() (Question, error) {
	options, session, err := s.w.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return Question{}, errs.Invalidf("asking for a passkey: %w", err)
	}
	return question(options.Response, session)
}

// Check checks the answer to Ask. find returns the owner of a handle, NotFound
// where there is none. The record has changed and is to be kept. A passkey
// that somebody seems to have copied is Forbidden, as is every other answer
// that does not fit.
func (s *Site) Check(state string, answer []byte, find func(handle []byte) (Owner, error)) (Owner, Record, error) {
	var session webauthn.SessionData
	if err := json.Unmarshal([]byte(state), &session); err != nil {
		return Owner{}, Record{}, errAnswer
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return Owner{}, Record{}, errAnswer
	}
	var found Owner
	var trouble error // of ours, not of the answer
	_, c, err := s.w.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
		o, err := find(bytes.Clone(handle))
		if err != nil {
			if !errs.Is(err, errs.NotFound) {
				trouble = err
			}
			return nil, err
		}
		found = o
		return read(o)
	}, session, parsed)
	if trouble != nil {
		return Owner{}, Record{}, trouble
	}
	if err != nil || c.Authenticator.CloneWarning {
		return Owner{}, Record{}, errAnswer
	}
	r, err := record(c)
	return found, r, err
}
