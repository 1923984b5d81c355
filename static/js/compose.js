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
  form.addEventListener("submit", (event) => {
    if (isSending) { event.preventDefault(); return; }
    isSending = true;
    clearTimeout(due);
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
})();
