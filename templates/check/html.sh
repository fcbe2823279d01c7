#!/usr/bin/env bash
# Public pages under the Nu HTML checker: 0 errors. Looked at are the pages of
# recaps in four languages and with blocks, and what a running Postrider
# shows. Wants npm, Java and curl.
set -euo pipefail
cd "$(dirname "$0")/../.."
(cd templates/check && npm ci --ignore-scripts --no-audit --no-fund >/dev/null)
work=$(mktemp -d)
serve=
trap '[ -z "$serve" ] || kill "$serve" 2>/dev/null || true; rm -rf "$work"' EXIT
n=0
for page in templates/testdata/*.page.golden templates/testdata/themes/*.page.golden templates/testdata/blocks/page.html.golden \
	templates/testdata/page.html.golden templates/testdata/takeaway.html.golden; do
	[ -e "$page" ] || continue
	cp "$page" "$work/$((n += 1))-$(basename "$page" .golden).html"
done
"${GO:-go}" build -o "$work/postrider" ./cmd/postrider
export POSTRIDER_DB="sqlite:$work/check.db" POSTRIDER_LISTEN="127.0.0.1:${PORT:-18480}" POSTRIDER_ADMIN_LISTEN="127.0.0.1:${ADMIN_PORT:-18481}" \
	POSTRIDER_URL="http://127.0.0.1:${PORT:-18480}"
"$work/postrider" organisation --name "Example Institute" --postal-address "Street 1" --from "News <news@org.example>" --footer "Reg. 12345" --font palatino >/dev/null
"$work/postrider" list create news --public >/dev/null
"$work/postrider" serve >"$work/log" 2>&1 &
serve=$!
base="http://$POSTRIDER_LISTEN"
for _ in $(seq 100); do curl -fsS -o /dev/null "$base/healthz" 2>/dev/null && break; sleep 0.2; done
for lang in en sv de fr es ko ar; do
	for path in / /subscribe /u/none /p/none /confirm/none /r/none; do
		curl -sS -H "Accept-Language: $lang" -o "$work/$lang-$(echo "$path" | tr -c 'a-z\n' _).html" "$base$path"
	done
done
java -jar templates/check/node_modules/vnu-jar/build/dist/vnu.jar --errors-only "$work"/*.html
echo "0 errors in $(ls "$work"/*.html | wc -l) pages"
