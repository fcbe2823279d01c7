
// A form that asks somebody else says that it waits, and is sent once.
document.addEventListener("submit", (e) => {
  const form = e.target.closest("form[data-busy]");
  if (!form) return;
  const button = form.querySelector("button");
  button.textContent = form.dataset.busy;
  setTimeout(() => { button.disabled = true; });
});

// Copying a record.
document.addEventListener("click", async (e) => {
  const button = e.target.closest("[data-copied]");
  if (!button || !navigator.clipboard) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  const said = button.textContent;
  button.textContent = button.dataset.copied;
  setTimeout(() => { button.textContent = said; }, 1500);
});

// The organisation's colour while it is chosen, and whether it can be read.
(function colour() {
  const text = document.querySelector("[data-accent]");
  const pick = document.querySelector("[data-accent-pick]");
  const box = document.querySelector("[data-swatches]");
  if (!text || !pick || !box) return;
  const parts = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255);
  const light = (c) => c.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const contrast = (a, b) => { const [x, y] = [light(a), light(b)].sort((m, n) => n - m); return (x + 0.05) / (y + 0.05); };
  const hex = (c) => "#" + c.map((v) => Math.round(v * 255).toString(16).padStart(2, "0")).join("");
  const readable = (c, towards, grounds) => {
    for (let k = 0; k <= 1; k += 0.01) {
      const mixed = c.map((v) => v + (towards - v) * k);
      if (Math.min(...grounds.map((g) => contrast(mixed, parts(g)))) >= 4.5) return mixed;
    }
    return [towards, towards, towards];
  };
  const show = () => {
    const given = text.value.trim();
    box.hidden = !/^#[0-9a-f]{6}$/i.test(given);
    if (box.hidden) return;
    const c = parts(given), onLight = readable(c, 0, ["#ffffff", "#f6f5f1"]);
    pick.value = given.toLowerCase();
    box.querySelector("[data-on-light]").setAttribute("fill", hex(onLight));
    box.querySelector("[data-on-dark]").setAttribute("fill", hex(readable(c, 1, ["#15181b", "#1d2125"])));
    const says = hex(onLight) === given.toLowerCase() ? box.dataset.fine : box.dataset.poor;
    const number = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
    box.querySelector("[data-contrast]").textContent = says.replace("{1}", number.format(contrast(c, [1, 1, 1])));
  };
  text.addEventListener("input", show);
  pick.addEventListener("input", () => { text.value = pick.value; show(); });
})();

// Every time zone that the browser knows, to choose from.
for (const input of document.querySelectorAll("[data-zones]")) {
  const list = document.getElementById(input.dataset.zones);
  const known = Intl.supportedValuesOf?.("timeZone") ?? [];
  if (list && known.length) list.replaceChildren(...known.map((z) => Object.assign(document.createElement("option"), { value: z })));
  if (!input.value && input.dataset.guess) input.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
}
