// What every page needs: the browser's time zone for the server, toasts that leave, dialogs that open.
"use strict";
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.includes(`tz=${zone}`)) {
    document.cookie = `tz=${zone}; path=/; max-age=31536000; samesite=lax`;
  }

  const TOAST_STAYS = 10000;
  const watch = (toast) => { if (!toast.hasAttribute("data-stays")) setTimeout(() => toast.remove(), TOAST_STAYS); };
  const shelf = document.getElementById("toast");
  if (shelf) {
    shelf.querySelectorAll(".toast").forEach(watch);
    new MutationObserver((changes) => changes.forEach((change) => change.addedNodes.forEach((node) => {
      if (node.nodeType === 1 && node.matches(".toast")) watch(node);
    }))).observe(shelf, { childList: true });
  }

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens)?.showModal();
    const closer = event.target.closest("[data-closes]");
    if (closer) closer.closest("dialog")?.close();
  });

  document.addEventListener("change", (event) => {
    const source = event.target;
    if (source.matches("[data-submits]")) source.form.requestSubmit();
    if (source.matches("[data-selects]")) {
      document.querySelectorAll(source.dataset.selects).forEach((box) => { box.checked = source.checked; });
    }
  });

  // A refused or failed request must not pass in silence.
  document.addEventListener("htmx:responseError", () => say("failed"));
  document.addEventListener("htmx:sendError", () => say("silent"));
  function say(what) {
    const toast = document.createElement("div");
    toast.className = "toast";
    toast.setAttribute("role", "alert");
    toast.textContent = shelf?.dataset[what] || "";
    shelf?.replaceChildren(toast);
  }
})();
