package browsertest

import (
	"github.com/chromedp/cdproto/webauthn"
)

// Passkeys gives the page's browser an authenticator that says yes to
// whatever is asked, as a person with a fingerprint reader would.
func (p *Page) Passkeys() {
	p.t.Helper()
	p.do("adding an authenticator", call(webauthn.Enable, webauthn.EnableParams{}),
		call(webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		}}))
}
