// Comforts of the administration. Every page can be read and every button
// works without this file.
"use strict";
document.documentElement.classList.add("js");

// Keys: "g h" goes home, "?" shows all, "/" searches, j and k walk rows.
(function keys() {
  const typing = (el) => el.closest("input,textarea,select,[contenteditable=true]");
  const rows = () => [...document.querySelectorAll("main .rows .go")];
  let first = "", timer = 0;
  const walk = (step) => {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(document.activeElement);
    all[Math.max(0, Math.min(all.length - 1, at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step))].focus();
  };
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || typing(e.target)) return;
    const sheet = document.getElementById("keys");
    if (first) {
      const to = document.querySelector(`[data-keys="${CSS.escape(first + " " + e.key)}"]`);
      first = "";
      if (to) { e.preventDefault(); location.assign(to.href); }
      return;
    }
    switch (e.key) {
      case "g": first = "g"; clearTimeout(timer); timer = setTimeout(() => { first = ""; }, 1500); break;
      case "?": if (sheet?.togglePopover) { e.preventDefault(); sheet.togglePopover(); } break;
      case "/": { const box = document.querySelector("main input[type=search]"); if (box) { e.preventDefault(); box.focus(); box.select(); } break; }
      case "j": walk(1); break;
      case "k": walk(-1); break;
    }
  });
})();

// A form with something wrong begins at what is wrong.
document.getElementById("errors")?.focus();

// What live parts say is read out in a region that stays, and not at each look.
(function say() {
  const region = document.getElementById("said");
  if (!region) return;
  let last = "", at = 0;
  document.addEventListener("htmx:afterSettle", () => {
    const now = document.querySelector("[data-say]")?.dataset.say ?? "";
    if (!now || now === last || Date.now() - at < 15000) return;
    last = now; at = Date.now();
    region.textContent = now;
  });
})();

// Countdowns go on from the seconds that the server said, by this machine's
// clock only for the time since then.
(function countdown() {
  const ends = new WeakMap();
  setInterval(() => {
    for (const el of document.querySelectorAll("[data-left]")) {
      if (!ends.has(el)) ends.set(el, performance.now() + Number(el.dataset.left) * 1000);
      const left = String(Math.max(0, Math.ceil((ends.get(el) - performance.now()) / 1000)));
      if (el.textContent !== left) el.textContent = left;
    }
  }, 250);
})();

// A part that could not be fetched says so once, and is tried again.
document.addEventListener("htmx:beforeSwap", (e) => {
  // A look that lapsed into the sign-in page must not stand inside this page.
  if (e.detail.xhr.status === 401) { e.detail.shouldSwap = false; location.reload(); }
});
// Nobody looks at a hidden page: it asks again when it is seen.
document.addEventListener("htmx:beforeRequest", (e) => {
  if (document.hidden && e.detail.requestConfig.triggeringEvent?.type !== "submit") e.preventDefault();
});
document.addEventListener("htmx:configRequest", (e) => { e.detail.headers["X-Requested-With"] = "live"; });
