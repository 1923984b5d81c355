// Asks the server for a question, a passkey for the answer, and sends that with the form the button stands in.
"use strict";
(() => {
  if (!window.PublicKeyCredential || !navigator.credentials) return;
  const token = () => document.querySelector("input[name=csrfmiddlewaretoken]")?.value || "";

  function toBytes(text) {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (char) => char.charCodeAt(0));
  }

  function toText(buffer) {
    let plain = "";
    new Uint8Array(buffer).forEach((byte) => { plain += String.fromCharCode(byte); });
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function read(options) {
    options.challenge = toBytes(options.challenge);
    if (options.user) options.user.id = toBytes(options.user.id);
    for (const list of [options.allowCredentials, options.excludeCredentials]) {
      (list || []).forEach((one) => { one.id = toBytes(one.id); });
    }
    return options;
  }

  function write(made) {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (made.response[name]) response[name] = toText(made.response[name]);
    }
    return JSON.stringify({ id: made.id, rawId: toText(made.rawId), type: made.type, response });
  }

  async function ask(button) {
    const answer = await fetch(button.dataset.ask, { method: "POST", headers: { "X-CSRFToken": token() }, credentials: "same-origin" });
    if (!(answer.headers.get("Content-Type") || "").startsWith("application/json")) {
      // The proof of who is here has run out meanwhile; the page asks for it again.
      if (answer.status === 403 || answer.status === 409 || answer.redirected) { location.reload(); return null; }
      throw new Error("no question");
    }
    const options = read(await answer.json());
    return button.dataset.makes === undefined
      ? navigator.credentials.get({ publicKey: options })
      : navigator.credentials.create({ publicKey: options });
  }

  document.querySelectorAll("[data-ask]").forEach((button) => {
    const form = button.form;
    const fault = document.getElementById(button.dataset.fault);
    const part = document.getElementById(button.dataset.shows) || button;
    part.hidden = false;
    async function run(event) {
      event?.preventDefault();
      if (button.dataset.makes !== undefined && !form.reportValidity()) return;
      button.disabled = true;
      fault.textContent = "";
      try {
        const made = await ask(button);
        if (made === null) return;
        form.elements.answer.value = write(made);
        form.action = button.dataset.sends;
        form.submit();
      } catch (error) {
        fault.textContent = error.name === "InvalidStateError" ? fault.dataset.known : fault.dataset.failed;
      } finally {
        button.disabled = false;
      }
    }
    button.addEventListener("click", run);
    // Enter in the name of a new key begins; in the form of the door it gives the password.
    if (button.dataset.makes !== undefined) form.addEventListener("submit", run);
  });
})();
