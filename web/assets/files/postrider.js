// Small comforts. Every page works without this file: figures are then renewed
// by reloading, and previews by their button.
"use strict";

// Parts with data-live="seconds" and an id are fetched again and swapped in.
// A page whose new version has no such part any more stops asking.
(function renew() {
  const shortest = () => {
    const parts = [...document.querySelectorAll("[data-live]")];
    return parts.length ? Math.min(...parts.map((p) => Number(p.dataset.live) || 10)) : 0;
  };
  const again = async () => {
    if (document.visibilityState === "visible") {
      try {
        const answer = await fetch(location.href, { headers: { "X-Requested-With": "live" }, redirect: "error" });
        if (answer.ok) swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
      } catch { /* the next round asks again */ }
    }
    plan();
  };
  const swap = (fresh) => {
    for (const old of document.querySelectorAll("[data-live]")) {
      const next = fresh.getElementById(old.id);
      if (!next || next.innerHTML === old.innerHTML) {
        if (!next || !next.dataset.live) delete old.dataset.live;
        continue;
      }
      // The element stays, so that readers for the ear hear the change of it.
      const focus = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      old.replaceChildren(...document.adoptNode(next).childNodes);
      if (!next.dataset.live) delete old.dataset.live;
      if (focus) old.querySelector(`[href="${CSS.escape(focus)}"]`)?.focus();
    }
  };
  const plan = () => {
    const seconds = shortest();
    if (seconds) setTimeout(again, seconds * 1000);
  };
  plan();
})();

// The paste box: preview while typing, and files dropped onto the text.
(function preview() {
  const form = document.querySelector("form[data-preview]");
  const result = document.getElementById("result");
  if (!form || !result) return;
  const text = form.querySelector("textarea");
  let timer = 0, round = 0, last = text.value;
  const show = async () => {
    if (text.value === last || !text.value.trim()) return;
    last = text.value;
    const mine = ++round;
    try {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { "X-Requested-With": "live" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const next = page.getElementById("result");
      if (mine !== round || !next) return;
      result.replaceChildren(...document.adoptNode(next).childNodes);
    } catch { /* the button still works */ }
  };
  text.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(show, 600); });
  text.addEventListener("dragover", (e) => e.preventDefault());
  text.addEventListener("drop", async (e) => {
    const file = e.dataTransfer.files[0];
    if (!file) return;
    e.preventDefault();
    text.value = await file.text();
    form.querySelector("[name=name]").value = file.name;
    show();
  });
  form.querySelector("input[type=file]")?.addEventListener("change", async (e) => {
    const file = e.target.files[0];
    if (!file) return;
    text.value = await file.text();
    form.querySelector("[name=name]").value = file.name;
    e.target.value = "";
    show();
  });
})();

// Copying a snippet, where the browser lets us.
document.addEventListener("click", async (e) => {
  const button = e.target.closest("[data-copy]");
  if (!button || !navigator.clipboard) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  const said = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = said; }, 1500);
});
