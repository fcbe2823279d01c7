// Writing a recap: buttons and keys for Markdown, pasting what has structure,
// moving takeaways. All of it goes through the browser's own undo. Loaded by
// the editor's page alone, which works without it.
"use strict";
(function editor() {
  const form = document.getElementById("sheet"), text = document.getElementById("text");
  const tools = form?.querySelector(".tools"), said = document.getElementById("helped");
  if (!form || !text || !tools) return;

  // put writes over what stands from begin to end.
  const put = (begin, end, words) => {
    text.focus({ preventScroll: true });
    text.setSelectionRange(begin, end);
    const did = words ? document.execCommand("insertText", false, words) : begin === end || document.execCommand("delete");
    if (!did) {
      text.setRangeText(words, begin, end, "end");
      text.dispatchEvent(new InputEvent("input", { bubbles: true }));
    }
  };
  const wrap = (mark) => {
    const { selectionStart: b, selectionEnd: e, value } = text, words = value.slice(b, e), n = mark.length;
    if (value.slice(b - n, b) === mark && value.slice(e, e + n) === mark) {
      put(b - n, e + n, words);
      text.setSelectionRange(b - n, e - n);
      return;
    }
    put(b, e, mark + words + mark);
    text.setSelectionRange(b + n, e + n);
  };
  const link = () => {
    const { selectionStart: b, selectionEnd: e, value } = text, words = value.slice(b, e);
    const isAddress = /^https?:\/\/\S+$/.test(words);
    put(b, e, isAddress ? `[](${words})` : `[${words}](https://)`);
    if (isAddress) text.setSelectionRange(b + 1, b + 1);
    else text.setSelectionRange(b + words.length + 3, b + words.length + 11);
  };
  const lines = (mark) => {
    const { value } = text, b = value.lastIndexOf("\n", text.selectionStart - 1) + 1;
    let e = value.indexOf("\n", text.selectionEnd);
    if (e < 0) e = value.length;
    const all = value.slice(b, e).split("\n"), have = all.every((l) => l.startsWith(mark));
    put(b, e, all.map((l) => (have ? l.slice(mark.length) : mark + l)).join("\n"));
  };
  // A takeaway goes below the line, with the number after the last one above.
  const takeaway = () => {
    const { value } = text;
    let at = value.indexOf("\n", text.selectionEnd);
    if (at < 0) at = value.length;
    const above = value.slice(0, at).match(/^\d{1,3}(?=[.)] )/gm);
    const words = `${at && value[at - 1] !== "\n" ? "\n" : ""}${above ? Number(above.at(-1)) + 1 : 1}. `;
    put(at, at, words);
  };
  const use = { bold: () => wrap("**"), italic: () => wrap("*"), link, heading: () => lines("## "), quote: () => lines("> "), list: () => lines("- "), takeaway };
  tools.addEventListener("click", (e) => use[e.target.closest("[data-tool]")?.dataset.tool]?.());
  const keys = { b: "bold", i: "italic", k: "link" };
  text.addEventListener("keydown", (e) => {
    const tool = (e.ctrlKey || e.metaKey) && !e.shiftKey && !e.altKey && keys[e.key.toLowerCase()];
    if (!tool) return;
    e.preventDefault();
    use[tool]();
  });

  const ask = async (to, body) => {
    const answer = await fetch(to, { method: "POST", body, headers: { Accept: "application/json" } });
    return { ok: answer.ok, ...await answer.json() };
  };

  // What has structure is read by the server; while it does, nothing is lost: the
  // plain words stand there until the others take their place.
  text.addEventListener("paste", async (e) => {
    const clip = e.clipboardData.getData("text/html"), plain = e.clipboardData.getData("text/plain").replaceAll("\r\n", "\n");
    if (!clip || !/<(?:h[1-6]|li|b|strong|i|em|a|blockquote|table|p)[\s>]/i.test(clip)) return;
    e.preventDefault();
    const begin = text.selectionStart;
    put(begin, text.selectionEnd, plain);
    const end = begin + plain.length, typed = text.value;
    try {
      const read = await ask("/recaps/clipboard", new Blob([clip], { type: "text/html" }));
      if (!read.ok) said.textContent = read.said;
      else if (read.text && text.value === typed) { put(begin, end, read.text); said.textContent = read.said; }
    } catch { said.textContent = tools.dataset.failed; }
  });

  const keepID = ({ manuscript }) => {
    const id = form.querySelector("[name=manuscript]");
    if (id && manuscript) id.value = manuscript;
  };
  // Only what differs is written over, so that the text keeps its place.
  const become = (words) => {
    const old = text.value;
    let b = 0, n = 0;
    while (b < old.length && old[b] === words[b]) b++;
    while (n < old.length - b && n < words.length - b && old.at(-1 - n) === words.at(-1 - n)) n++;
    put(b, old.length - n, words.slice(b, words.length - n));
  };
  // A picture that is dropped or pasted waits for its words.
  const pictures = document.getElementById("pictures"), wrong = document.getElementById("picture-wrong");
  const pick = document.getElementById("picture"), alt = document.getElementById("alt");
  const isPicture = (files) => files?.length && files[0].type.startsWith("image/");
  const waits = (files) => {
    pick.files = files;
    for (const kept of form.querySelectorAll("[name=kept]:checked")) kept.checked = false;
    pictures.open = true;
    alt.focus();
  };
  text.addEventListener("drop", (e) => {
    if (!isPicture(e.dataTransfer.files)) return;
    e.preventDefault();
    waits(e.dataTransfer.files);
  });
  text.addEventListener("paste", (e) => {
    if (!isPicture(e.clipboardData.files) || e.clipboardData.getData("text/html")) return;
    e.preventDefault();
    waits(e.clipboardData.files);
  });
  document.getElementById("place").addEventListener("click", async (e) => {
    e.preventDefault();
    const typed = text.value, sheet = new FormData(form);
    sheet.delete("file");
    wrong.textContent = "";
    let placed;
    try { placed = await ask("/recaps/picture", sheet); } catch { wrong.textContent = pictures.dataset.failed; return; }
    if (!placed.ok) { wrong.textContent = placed.said; (alt.value ? pick : alt).focus(); return; }
    if (text.value !== typed) { wrong.textContent = pictures.dataset.failed; return; }
    said.textContent = placed.said;
    keepID(placed);
    become(placed.text);
    pick.value = alt.value = "";
    pictures.open = false;
    text.dispatchEvent(new Event("moved"));
  });
  // change asks for the text with one takeaway moved or weighed; focus goes to
  // what has taken the place of the button.
  let wanted = "";
  const change = async (to, name, value, focus) => {
    const sheet = new FormData(form), typed = text.value;
    for (const other of ["file", "picture", "address"]) sheet.delete(other);
    sheet.set(name, value);
    let done;
    try { done = await ask(to, sheet); } catch { return false; }
    if (text.value !== typed) return true; // somebody typed on
    said.textContent = done.said;
    if (!done.ok) return true;
    keepID(done);
    become(done.text);
    wanted = focus;
    text.dispatchEvent(new Event("moved"));
    return true;
  };
  document.addEventListener("click", async (e) => {
    const button = e.target.closest("button[name=move]");
    if (!button) return;
    e.preventDefault();
    const [place, way] = button.value.split("-");
    if (!await change("/recaps/move", "move", button.value, `${way}-${Number(place) + (way === "up" ? -1 : 1)}`)) form.requestSubmit(button);
  });
  document.addEventListener("change", (e) => {
    const n = e.target.name?.match(/^weight-(\d+)$/)?.[1];
    if (n) change("/recaps/weigh", "weigh", n, e.target.id);
  });

  // Takeaways are dragged by their grip; letting go moves, Escape does not.
  let drag = null;
  const unmark = () => { for (const li of document.querySelectorAll(".order li")) li.classList.remove("dragged", "before", "after"); };
  document.addEventListener("pointerdown", (e) => {
    const grip = e.target.closest("[data-drag]");
    if (!grip || e.button) return;
    e.preventDefault();
    grip.setPointerCapture(e.pointerId);
    const items = [...grip.closest("ol").children], from = Number(grip.dataset.drag);
    drag = { items, from, to: from };
    items[from - 1].classList.add("dragged");
  });
  document.addEventListener("pointermove", (e) => {
    if (!drag) return;
    const { items, from } = drag;
    let gap = items.findIndex((li) => { const r = li.getBoundingClientRect(); return e.clientY < r.top + r.height / 2; });
    if (gap < 0) gap = items.length;
    drag.to = gap >= from ? Math.max(gap, 1) : gap + 1;
    for (const li of items) li.classList.remove("before", "after");
    if (drag.to !== from) items[drag.to - 1].classList.add(drag.to < from ? "before" : "after");
  });
  document.addEventListener("pointerup", () => {
    if (!drag) return;
    const { from, to } = drag;
    drag = null;
    unmark();
    if (to !== from) change("/recaps/move", "move", `${from}-${to}`, "");
  });
  const drop = () => { drag = null; unmark(); };
  document.addEventListener("pointercancel", drop);
  document.addEventListener("keydown", (e) => { if (drag && e.key === "Escape") drop(); });
  document.addEventListener("htmx:afterSettle", () => {
    if (!wanted) return;
    const to = document.getElementById(wanted);
    const other = document.getElementById(wanted.replace(/^\w+/, (w) => (w === "up" ? "down" : "up")));
    (to?.disabled ? other : to)?.focus();
    wanted = "";
  });
})();
