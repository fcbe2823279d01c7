// What the themes use that some mail programs do not show, by caniemail.com's
// data: a table for docs/themes.md. Run it with `make mailfeatures`.
import { readFileSync } from "node:fs";
import { caniemail } from "caniemail";

const clients = ["gmail.android", "gmail.desktop-webmail", "gmail.ios", "apple-mail.ios", "apple-mail.macos", "outlook.android", "outlook.ios", "outlook.macos",
	"outlook.outlook-com", "outlook.windows", "outlook.windows-mail", "yahoo.android", "yahoo.desktop-webmail", "yahoo.ios", "samsung-email.android", "thunderbird.macos"];
const unknown = new Map(); // what the data does not say of a program
const folder = new URL("../testdata/blocks/", import.meta.url);
const missing = new Map();
for (const theme of ["default", "letter", "cards"]) {
	const html = readFileSync(new URL(theme + ".html.golden", folder), "utf8");
	const css = [...html.matchAll(/<style>([\s\S]*?)<\/style>/g)].map((m) => m[1]).join("\n");
	for (const part of [{ html }, { css }]) {
		for (const client of clients) {
			let issues;
			try {
				({ issues } = caniemail({ clients: [client], ...part }));
			} catch (e) {
				unknown.set(client, e.message);
				continue;
			}
			for (const { title } of [...issues.errors.values()].flat()) {
				if (!missing.has(title)) missing.set(title, { clients: new Set(), themes: new Set() });
				missing.get(title).clients.add(client);
				missing.get(title).themes.add(theme);
			}
		}
	}
}
console.log("| Used | Not shown by |\n|---|---|");
for (const [title, { clients, themes }] of [...missing].sort((a, b) => a[0].localeCompare(b[0]))) {
	const only = themes.size < 3 ? ` (${[...themes].join(", ")})` : "";
	console.log(`| ${title.replaceAll("|", "\\|")}${only} | ${[...clients].sort().join(", ")} |`);
}
for (const [client, why] of unknown) console.log(`\n${client} could not be judged whole: ${why}`);
