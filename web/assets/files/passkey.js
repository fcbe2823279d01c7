// Passkeys: asks the browser for one and puts its answer into the form that
// asks. Loaded only where a passkey can be used; nothing else needs it.
"use strict";
(() => {
  if (!window.PublicKeyCredential || !navigator.credentials) return;
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => buffer && btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  const read = (list) => (list || []).map((c) => ({ ...c, id: bytes(c.id) }));

  // The options come with their binary values in base64url.
  const options = (o, kind) => {
    o.challenge = bytes(o.challenge);
    if (kind === "create") {
      o.user.id = bytes(o.user.id);
      o.excludeCredentials = read(o.excludeCredentials);
    } else {
      o.allowCredentials = read(o.allowCredentials);
    }
    delete o.extensions;
    return { publicKey: o };
  };

  const answer = (c) => {
    const r = c.response;
    const out = { clientDataJSON: text(r.clientDataJSON) };
    if (r.attestationObject) {
      out.attestationObject = text(r.attestationObject);
      out.transports = r.getTransports ? r.getTransports() : [];
    } else {
      out.authenticatorData = text(r.authenticatorData);
      out.signature = text(r.signature);
      out.userHandle = text(r.userHandle);
    }
    return JSON.stringify({ id: c.id, rawId: text(c.rawId), type: c.type, clientExtensionResults: {}, authenticatorAttachment: c.authenticatorAttachment || undefined, response: out });
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const said = form.querySelector("[data-said]");
    const button = form.querySelector("button");
    form.hidden = false;
    form.addEventListener("submit", async (e) => {
      e.preventDefault();
      said.textContent = "";
      button.disabled = true;
      try {
        const body = new URLSearchParams();
        for (const name of ["name", "current"]) if (form.elements[name]) body.set(name, form.elements[name].value);
        const asked = await fetch(form.dataset.ask, { method: "POST", body, headers: { Accept: "application/json" } });
        const got = asked.headers.get("Content-Type") === "application/json" ? await asked.json() : {};
        if (!got.ask) {
          said.textContent = got.wrong || form.dataset.failed;
          return;
        }
        const o = options(got.ask, form.dataset.passkey);
        const c = form.dataset.passkey === "create" ? await navigator.credentials.create(o) : await navigator.credentials.get(o);
        form.elements.answer.value = answer(c);
        form.submit();
      } catch (err) {
        said.textContent = err.name === "InvalidStateError" && form.dataset.known ? form.dataset.known : form.dataset.failed;
      } finally {
        button.disabled = false;
      }
    });
  }
})();
