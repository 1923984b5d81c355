// Keeps the draft while one writes, and sends with Ctrl Enter.
"use strict";
(() => {
  const IDLE = 3000;
  const form = document.getElementById("composer");
  if (!form) return;
  let due = 0;
  let isSending = false;

  const keep = () => { if (!isSending) htmx.trigger("#draft-state", "draftDue"); };
  form.addEventListener("input", () => { clearTimeout(due); due = setTimeout(keep, IDLE); });
  form.addEventListener("change", (event) => {
    if (event.target.type === "file" || event.target.name === "keep") { clearTimeout(due); due = setTimeout(keep, 200); }
  });
  // Sending waits for a draft that is being kept, or that draft would be left behind.
  let isKeeping = false;
  let button = null;
  form.addEventListener("htmx:beforeRequest", () => { isKeeping = true; });
  form.addEventListener("htmx:afterRequest", () => {
    isKeeping = false;
    if (button === null) return;
    const waiting = button;
    button = null;
    setTimeout(() => form.requestSubmit(waiting), 50);
  });
  form.addEventListener("submit", (event) => {
    if (isSending || button !== null) { event.preventDefault(); return; }
    clearTimeout(due);
    if (isKeeping) {
      event.preventDefault();
      button = event.submitter || form.querySelector(".btn--post");
      return;
    }
    isSending = true;
  });
  window.addEventListener("pageshow", () => { isSending = false; });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    if (event.ctrlKey || event.metaKey) {
      form.requestSubmit();
    } else if (event.target.matches(".line input")) {
      // Enter in a field goes on to the next one; a letter is not sent by it.
      event.preventDefault();
      const fields = [...form.querySelectorAll(".line input, textarea")].filter((field) => field.offsetParent);
      fields[fields.indexOf(event.target) + 1]?.focus();
    }
  });
})();
