// One-letter shortcuts. Silent in fields, with modifiers, and while a dialog is open.
"use strict";
(() => {
  const rows = () => [...document.querySelectorAll(".row")];
  const here = () => rows().findIndex((row) => row.contains(document.activeElement) || (row.getAttribute("aria-current") && !document.activeElement.closest(".row")));
  const click = (selector) => document.querySelector(selector)?.click();
  const focusedRow = () => document.activeElement.closest(".row");

  function step(by) {
    const all = rows();
    const next = all[Math.min(all.length - 1, Math.max(0, here() + by))];
    const link = next?.querySelector(".who");
    link?.focus();
    link?.scrollIntoView({ block: "nearest" });
    if (document.body.dataset.pane === "thread" && document.getElementById("verbs")) link?.click();
  }

  function verb(name) {
    const row = focusedRow();
    if (row && row.querySelector(".check")) {
      const box = row.querySelector(".check");
      box.checked = true;
      click(`.toolbar--bulk [value="${name}"]`);
    } else if (document.querySelector(".list .row .check:checked")) {
      click(`.toolbar--bulk [value="${name}"]`);
    } else {
      click(`#verbs [value="${name}"]`);
    }
  }

  function star() {
    const row = focusedRow();
    if (row) row.querySelector(".star-button")?.click(); else click("#star");
  }

  function toggle() {
    const box = (focusedRow() || document.querySelector(".row[aria-current]"))?.querySelector(".check");
    if (box) box.checked = !box.checked;
  }

  const actions = {
    j: () => step(1), k: () => step(-1), o: () => focusedRow()?.querySelector(".who").click(), u: () => click("#back") || click(".nav [aria-current]"),
    c: () => click(".side .btn--post"), r: () => click("#reply"), a: () => click("#reply-all"), f: () => click("#forward"),
    e: () => verb("archive"), "#": () => verb("delete"), "!": () => verb("spam"), s: star, x: toggle, z: () => click("#undo"),
    "/": () => document.getElementById("find")?.focus(), "?": () => document.getElementById("keys")?.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    const field = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (field || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
})();
