package smtptest

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// stages are the moments of a dialogue that a script can speak about.
var stages = []string{"CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "BODY", "DOT", "RSET", "NOOP", "QUIT"}

// stepKind is what a server does in one step of an action.
type stepKind int

const (
	stepReply   stepKind = iota // send text
	stepDefault                 // send what it would have sent without a script
	stepHalf                    // send the default's first two octets
	stepFlood                   // send n octets without a line end
	stepTrickle                 // send the default, one octet each pause
	stepWait
	stepDrop
	stepRST
	stepHang
	stepStall
	stepHold
	stepAccept // DOT: keep the message, whatever is said about it
)

type step struct {
	kind  stepKind
	code  int
	text  string // lines separated by \n
	n     int
	pause time.Duration
}

type action []step

// script is what remains to be said. It is shared by all connections.
type script struct {
	mu    sync.Mutex
	rules map[string][]action // "RCPT ada@example.org", "RCPT *" → actions in order
}

func parseScript(text string) (*script, error) {
	s := &script{rules: map[string][]action{}}
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		left, right, ok := strings.Cut(line, "->")
		if !ok {
			return nil, fmt.Errorf("script line %d: %q has no ->", n+1, line)
		}
		stage, arg, _ := strings.Cut(strings.TrimSpace(left), " ")
		stage, arg = strings.ToUpper(stage), strings.ToLower(strings.TrimSpace(arg))
		if !known(stage) {
			return nil, fmt.Errorf("script line %d: no stage %q; stages are %s", n+1, stage, strings.Join(stages, " "))
		}
		if arg == "" {
			arg = "*"
		}
		a, err := parseAction(stage, right)
		if err != nil {
			return nil, fmt.Errorf("script line %d: %w", n+1, err)
		}
		s.rules[stage+" "+arg] = append(s.rules[stage+" "+arg], a)
	}
	return s, nil
}

func known(stage string) bool {
	for _, s := range stages {
		if s == stage {
			return true
		}
	}
	return false
}

func parseAction(stage, text string) (action, error) {
	var a action
	spoken := false
	for _, part := range strings.Split(text, ";") {
		steps, err := parseStep(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		for _, s := range steps {
			if s.kind == stepAccept && stage != "DOT" {
				return nil, fmt.Errorf("%q makes sense at DOT only", part)
			}
			spoken = spoken || s.kind != stepWait && s.kind != stepHold
		}
		a = append(a, steps...)
	}
	if !spoken {
		a = append(a, step{kind: stepDefault})
	}
	return a, nil
}

func parseStep(text string) ([]step, error) {
	word, rest, _ := strings.Cut(text, " ")
	switch word {
	case "drop":
		return []step{{kind: stepDrop}}, nil
	case "rst":
		return []step{{kind: stepRST}}, nil
	case "hang":
		return []step{{kind: stepHang}}, nil
	case "stall":
		return []step{{kind: stepStall}}, nil
	case "hold":
		return []step{{kind: stepHold}}, nil
	case "ok":
		return []step{{kind: stepDefault}}, nil
	case "accept":
		return []step{{kind: stepAccept}}, nil
	case "drop-after-250":
		return []step{{kind: stepAccept}, {kind: stepDrop}}, nil
	case "half":
		return []step{{kind: stepHalf}, {kind: stepDrop}}, nil
	case "half-after-250":
		return []step{{kind: stepAccept}, {kind: stepHalf}, {kind: stepDrop}}, nil
	case "flood":
		n, err := strconv.Atoi(rest)
		return []step{{kind: stepFlood, n: n}}, err
	case "wait", "slow":
		pause, err := time.ParseDuration(rest)
		kind := stepWait
		if word == "slow" {
			kind = stepTrickle
		}
		return []step{{kind: kind, pause: pause}}, err
	}
	code, err := strconv.Atoi(word)
	if err != nil || len(word) != 3 {
		return nil, fmt.Errorf("no action %q", text)
	}
	return []step{{kind: stepReply, code: code, text: strings.ReplaceAll(rest, `\n`, "\n")}}, nil
}

// next takes the next action for a stage and its argument, the one for any
// argument where there is none, nil where there is neither. The last stays.
func (s *script) next(stage, arg string) action {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range []string{stage + " " + strings.ToLower(arg), stage + " *"} {
		queue := s.rules[key]
		if len(queue) == 0 {
			continue
		}
		if len(queue) > 1 {
			s.rules[key] = queue[1:]
		}
		return queue[0]
	}
	return nil
}

// wire writes a reply as it goes over the wire, RFC 5321 §4.2.
func wire(code int, text string) []byte {
	var b []byte
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		sep := byte('-')
		if i == len(lines)-1 {
			sep = ' '
		}
		b = strconv.AppendInt(b, int64(code), 10)
		b = append(b, sep)
		b = append(b, line...)
		b = append(b, "\r\n"...)
	}
	return b
}
