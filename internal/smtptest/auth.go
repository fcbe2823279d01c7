package smtptest

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// authenticate answers AUTH: the script, else a real check of the mechanism.
func (ss *session) authenticate(rest string) error {
	mechanism, initial, _ := strings.Cut(rest, " ")
	if a := ss.s.script.next("AUTH", mechanism); a != nil {
		code, err := ss.perform(a, 235, "2.7.0 welcome")
		ss.auth = ss.auth || code == 235
		return err
	}
	if !slices.Contains(ss.s.config.mechanisms, mechanism) {
		return ss.say(wire(504, "5.5.4 no such mechanism"))
	}
	check := map[string]func(string) (bool, error){
		"PLAIN": ss.plain, "LOGIN": ss.login, "CRAM-MD5": ss.cram, "SCRAM-SHA-256": ss.scram, "XOAUTH2": ss.xoauth2,
	}[mechanism]
	if initial != "" {
		b, err := base64.StdEncoding.DecodeString(initial)
		if err != nil {
			return ss.say(wire(501, "5.5.2 not base64"))
		}
		initial = string(b)
	}
	ok, err := check(initial)
	switch {
	case err != nil:
		return err
	case ok:
		ss.auth = true
		return ss.say(wire(235, "2.7.0 welcome"))
	}
	return ss.say(wire(535, "5.7.8 wrong name or password"))
}

// ask sends a challenge and returns what came back.
func (ss *session) ask(challenge string) (string, error) {
	if err := ss.say(wire(334, base64.StdEncoding.EncodeToString([]byte(challenge)))); err != nil {
		return "", err
	}
	line, err := ss.readLine("an answer to a challenge")
	if err != nil {
		return "", err
	}
	b, err := base64.StdEncoding.DecodeString(string(line))
	if err != nil {
		return "", nil //nolint:nilerr // a wrong answer, not a broken line
	}
	return string(b), nil
}

func (ss *session) plain(initial string) (bool, error) {
	return initial == "\x00"+ss.s.config.user+"\x00"+ss.s.config.password, nil
}

func (ss *session) login(initial string) (bool, error) {
	var err error
	if initial == "" {
		if initial, err = ss.ask("Username:"); err != nil {
			return false, err
		}
	}
	password, err := ss.ask("Password:")
	return initial == ss.s.config.user && password == ss.s.config.password, err
}

func (ss *session) xoauth2(initial string) (bool, error) {
	if initial == "user="+ss.s.config.user+"\x01auth=Bearer "+ss.s.config.password+"\x01\x01" {
		return true, nil
	}
	_, err := ss.ask(`{"status":"401"}`)
	return false, err
}

func (ss *session) cram(string) (bool, error) {
	challenge := fmt.Sprintf("<%d.1@smtptest>", ss.n)
	answer, err := ss.ask(challenge)
	mac := hmac.New(md5.New, []byte(ss.s.config.password))
	mac.Write([]byte(challenge))
	return answer == ss.s.config.user+" "+hex.EncodeToString(mac.Sum(nil)), err
}

// scram is the server's side of RFC 5802 with SHA-256.
func (ss *session) scram(first string) (bool, error) {
	const salt, rounds = "pepper", 4096
	if first == "" {
		var err error
		if first, err = ss.ask(""); err != nil {
			return false, err
		}
	}
	bare, ok := strings.CutPrefix(first, "n,,")
	name, nonce, _ := strings.Cut(strings.TrimPrefix(bare, "n="), ",r=")
	if !ok || name != ss.s.config.user {
		return false, nil
	}
	nonce += "server"
	serverFirst := fmt.Sprintf("r=%s,s=%s,i=%d", nonce, base64.StdEncoding.EncodeToString([]byte(salt)), rounds)
	final, err := ss.ask(serverFirst)
	if err != nil {
		return false, err
	}
	withoutProof, proof, _ := strings.Cut(final, ",p=")
	if withoutProof != "c=biws,r="+nonce {
		return false, nil
	}
	salted, err := pbkdf2.Key(sha256.New, ss.s.config.password, []byte(salt), rounds, sha256.Size)
	if err != nil {
		return false, err
	}
	message := bare + "," + serverFirst + "," + withoutProof
	clientKey := sign(salted, "Client Key")
	stored := sha256.Sum256(clientKey)
	want := sign(stored[:], message)
	for i := range want {
		want[i] ^= clientKey[i]
	}
	if proof != base64.StdEncoding.EncodeToString(want) {
		return false, nil
	}
	_, err = ss.ask("v=" + base64.StdEncoding.EncodeToString(sign(sign(salted, "Server Key"), message)))
	return true, err
}

func sign(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
