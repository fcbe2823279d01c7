// The editor: a file dropped onto the text, and the way to a line that has to
// be mended. Its form works without both.
(function editor() {
  const form = document.getElementById("sheet");
  const text = form?.querySelector("textarea");
  if (!text) return;
  document.addEventListener("click", (e) => {
    const to = e.target.closest("[data-line]");
    if (!to) return;
    e.preventDefault();
    const lines = text.value.split("\n"), n = Number(to.dataset.line) - 1;
    const begin = lines.slice(0, n).reduce((sum, l) => sum + l.length + 1, 0);
    text.focus();
    text.setSelectionRange(begin, begin + (lines[n] ?? "").length);
    text.scrollTop = text.scrollHeight * n / lines.length - text.clientHeight / 3;
  });
  // A file is read by the server, which says what it understood.
  const look = () => form.requestSubmit(form.querySelector("[formaction='/recaps/look']"));
  const file = document.getElementById("file");
  text.addEventListener("dragover", (e) => e.preventDefault());
  text.addEventListener("drop", (e) => {
    // A picture is the editor's own script's.
    if (!e.dataTransfer.files.length || e.dataTransfer.files[0].type.startsWith("image/")) return;
    e.preventDefault();
    file.files = e.dataTransfer.files;
    look();
  });
  file.addEventListener("change", () => { if (file.files.length) look(); });
})();
