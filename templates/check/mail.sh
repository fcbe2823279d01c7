#!/usr/bin/env bash
# What a mail is worth to those who filter and read it: SpamAssassin with its
# local rules only, at most 1.0 points; both parts opened by mutt; no line
# longer than 76 characters in a body; no bare CR or LF. A program that is missing is
# said, and fails with MAILCHECK_ALL=1.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
wrong() { echo "WRONG: $*"; status=1; }
missing() {
	echo "not checked: $1 is not installed"
	[ "${MAILCHECK_ALL:-}" != 1 ] || status=1
}

"${GO:-go}" build -o "$work/postrider" ./cmd/postrider
for theme in "" letter cards; do
	out="$work/${theme:-default}"
	"$work/postrider" recap render recaps/sample.md --out "$out" --theme "$theme" --url https://news.org.example >/dev/null
	mail="$out/email.eml"
	echo "== ${theme:-default}: $(wc -c <"$mail") bytes"
	longest=$(tr -d '\r' <"$mail" | awk 'body && length($0) > n { n = length($0) } /^$/ { body = 1 } END { print n }')
	[ "$longest" -le 76 ] || wrong "a line of the body has $longest characters"
	[ "$(tr -cd '\r' <"$mail" | wc -c)" = "$(grep -c $'\r$' "$mail")" ] || wrong "a CR stands alone"
	[ "$(wc -l <"$mail")" = "$(grep -c $'\r$' "$mail")" ] || wrong "an LF stands alone"
	if command -v spamassassin >/dev/null; then
		report=$(spamassassin -L -t <"$mail" | sed -n 's/^Content analysis details: *(\(-\{0,1\}[0-9.]*\) points.*/\1/p')
		echo "SpamAssassin: ${report:-no answer} points"
		awk -v points="${report:-99}" 'BEGIN { exit !(points <= 1.0) }' || wrong "SpamAssassin gives ${report:-no answer}: at most 1.0"
	else
		missing spamassassin
	fi
	if command -v mutt >/dev/null; then
		# mutt opens the mail as a mailbox and pipes each part, decoded, to a file.
		{ echo "From MAILER-DAEMON Thu Jan  1 00:00:00 1970"; tr -d '\r' <"$mail"; } >"$work/box"
		for part in plain html; do
			timeout 60 env TERM=xterm LC_ALL=C.UTF-8 script -qec "mutt -n -F /dev/null -R -f $work/box \
				-e 'set pipe_decode=yes wait_key=no mbox_type=mbox' -e 'alternative_order text/$part' \
				-e 'set mailcap_path=/dev/null folder=$work record= postponed=' -e 'push \"<pipe-message>cat >$work/$part<enter><exit>\"'" /dev/null </dev/null >/dev/null 2>&1 || true
		done
		grep -q "The energy is real" "$work/plain" 2>/dev/null || wrong "mutt does not show the text part"
		if grep -q "Content-Type: text/html" "$mail" && grep -q "<h1" "$work/html" 2>/dev/null; then
			echo "mutt: opens both parts"
		else
			wrong "mutt does not show the HTML part"
		fi
	else
		missing mutt
	fi
done
exit $status
