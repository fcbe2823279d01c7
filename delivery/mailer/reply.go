package mailer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"postrider/delivery"
)

// Bounds of a reply; RFC 5321 §4.5.3.1.5 has 512 octets a line and knows no
// more lines than EHLO's.
const (
	maxReplyLines = 100
	maxReplyBytes = 64 << 10
	maxReplyText  = 500
)

var errReply = errors.New("the mail server's reply is not SMTP")

// readReply reads one reply (RFC 5321 §4.2). A reply that ends early is an
// error, even where its code has come: half a reply is none.
func readReply(r *bufio.Reader) (delivery.Reply, error) {
	var text strings.Builder
	code, read := 0, 0
	for range maxReplyLines {
		line, n, err := readReplyLine(r, maxReplyBytes-read)
		if err != nil {
			return delivery.Reply{}, err
		}
		read += n
		lineCode, more, rest, ok := splitReply(line)
		if !ok || code != 0 && lineCode != code {
			return delivery.Reply{}, fmt.Errorf("%w: %.80q", errReply, line)
		}
		code = lineCode
		if text.Len() <= maxReplyText {
			if text.Len() > 0 {
				text.WriteByte('\n')
			}
			text.Write(rest)
		}
		if !more {
			return newReply(code, text.String()), nil
		}
	}
	return delivery.Reply{}, fmt.Errorf("%w: it has more than %d lines", errReply, maxReplyLines)
}

// readReplyLine returns a line without its end, or the beginning of a long one,
// and how many octets it had. The line is valid until the next read.
func readReplyLine(r *bufio.Reader, limit int) ([]byte, int, error) {
	line, err := r.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		if err == nil && len(line) > limit {
			err = fmt.Errorf("%w: it has more than %d octets", errReply, maxReplyBytes)
		}
		return bytes.TrimRight(line, "\r\n"), len(line), err
	}
	kept, n := bytes.Clone(line), len(line)
	for errors.Is(err, bufio.ErrBufferFull) {
		if n > limit {
			return nil, n, fmt.Errorf("%w: it has more than %d octets", errReply, maxReplyBytes)
		}
		line, err = r.ReadSlice('\n')
		n += len(line)
	}
	return kept, n, err
}

func splitReply(line []byte) (code int, more bool, text []byte, ok bool) {
	if len(line) < 3 {
		return 0, false, nil, false
	}
	for _, c := range line[:3] {
		if c < '0' || c > '9' {
			return 0, false, nil, false
		}
		code = code*10 + int(c-'0')
	}
	if code < 200 || code > 599 {
		return 0, false, nil, false
	}
	if len(line) == 3 {
		return code, false, nil, true
	}
	return code, line[3] == '-', line[4:], line[3] == '-' || line[3] == ' '
}

// newReply makes the contract's Reply of a code and the lines that came with
// it. The enhanced code (RFC 3463) stands at the start of each line; where its
// class contradicts the code, RFC 2034 §4 forbids it and it is only text.
func newReply(code int, text string) delivery.Reply {
	reply := delivery.Reply{Code: code}
	var b strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		line = oneLine(line)
		if enhanced, rest := cutEnhanced(line); enhanced != "" && int(enhanced[0]-'0') == code/100 && (reply.Enhanced == "" || reply.Enhanced == enhanced) {
			reply.Enhanced, line = enhanced, rest
		}
		if line != "" && b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(line)
	}
	reply.Text = shorten(b.String(), maxReplyText)
	return reply
}

// cutEnhanced returns the enhanced code at the start of a line, and what follows.
func cutEnhanced(line string) (enhanced, rest string) {
	word, rest, _ := strings.Cut(line, " ")
	if len(word) < len("2.0.0") || word[1] != '.' || strings.IndexByte("245", word[0]) < 0 {
		return "", line
	}
	subject, detail, ok := strings.Cut(word[2:], ".")
	if !ok || !upTo3Digits(subject) || !upTo3Digits(detail) {
		return "", line
	}
	return word, strings.TrimLeft(rest, " ")
}

func upTo3Digits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= 3
}

// shorten cuts s to at most n octets without cutting a character.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
