// One-letter shortcuts. Silent in fields, with modifiers, and while a dialog is open.
"use strict";
(() => {
  const rows = () => [...document.querySelectorAll(".rows .row")];
  const focusedRow = () => document.activeElement.closest(".row");
  const openRow = () => document.querySelector(".rows .row[aria-current]");
  const here = () => rows().indexOf(focusedRow() || openRow());
  const click = (selector) => { const found = document.querySelector(selector); found?.click(); return !!found; };
  let prefix = "";

  function step(by, extend = false) {
    const all = rows();
    const next = all[Math.min(all.length - 1, Math.max(0, here() + by))];
    if (!next) return;
    const link = next.querySelector(".who");
    if (extend) {
      for (const row of [focusedRow(), next]) { const box = row?.querySelector(".check"); if (box) { box.checked = true; box.dispatchEvent(new Event("change", { bubbles: true })); } }
    }
    link.focus();
    link.scrollIntoView({ block: "nearest" });
    if (!extend && document.querySelector("#verbs") && document.body.dataset.layout !== "off") link.click();
    if (all.indexOf(next) > all.length - 5) document.querySelector(".rows .more")?.click();
  }

  function verb(name) {
    const row = focusedRow();
    const ticked = document.querySelector(".list .row .check:checked");
    if (!ticked && row && row !== openRow() && row.querySelector(".check")) row.querySelector(".check").checked = true;
    if (document.querySelector(".list .row .check:checked")) click(`.toolbar--bulk [value="${name}"]`); else click(`#verbs [value="${name}"]`);
  }

  function menu(key) {
    const scope = document.querySelector(".list .row .check:checked") ? ".toolbar--bulk" : "#verbs";
    const found = document.querySelector(`${scope} details[data-key="${key}"]`);
    if (found) { found.open = true; (found.querySelector("[data-narrows]") || found.querySelector(".menu button"))?.focus(); }
  }

  function star() {
    const row = focusedRow() || openRow();
    if (row) row.querySelector(".star-button")?.click(); else click("[data-star]");
  }

  function toggle() {
    const box = (focusedRow() || openRow())?.querySelector(".check");
    if (box) { box.checked = !box.checked; box.dispatchEvent(new Event("change", { bubbles: true })); }
  }

  function message(by) {
    const all = [...document.querySelectorAll(".thread > .msg, .thread > .card, .thread .fold[open] > .card")];
    const at = all.findIndex((one) => one.contains(document.activeElement));
    const next = all[Math.min(all.length - 1, Math.max(0, at + by))];
    const link = next?.querySelector(".card-line") || next?.querySelector("a, button");
    link?.focus();
    next?.scrollIntoView({ block: "nearest" });
  }

  const pick = (key) => click(`.thread .msg:last-of-type [data-key="${key}"]`);
  const go = { i: "\\Inbox", s: "\\Sent", d: "\\Drafts", a: "\\Archive", t: "\\Trash" };
  const actions = {
    j: () => step(1), k: () => step(-1), J: () => step(1, true), K: () => step(-1, true), ArrowDown: () => step(1), ArrowUp: () => step(-1),
    o: () => (focusedRow() || openRow())?.querySelector(".who").click(), u: () => click("#back"),
    c: () => click(".side .btn--post") || click(".dock .post"), r: () => pick("r"), a: () => pick("a"), f: () => pick("f"),
    e: () => verb("archive"), "#": () => verb("delete"), Delete: () => verb("delete"), "!": () => verb(document.querySelector('[value="notspam"]') ? "notspam" : "spam"),
    I: () => verb("read"), U: () => verb("unread"), s: star, x: toggle, z: () => click("#undo"), m: () => click('#verbs [value="mute"]'),
    v: () => menu("v"), l: () => menu("l"), t: () => menu("l"), b: () => menu("b"), n: () => message(1), p: () => message(-1),
    ";": () => document.querySelectorAll(".thread .card-line").forEach((line) => line.click()),
    ".": () => { const more = document.querySelector("#verbs .picker--end"); if (more) { more.open = true; more.querySelector(".menu a, .menu button")?.focus(); } },
    "/": () => document.getElementById("find")?.focus(), "?": () => document.getElementById("keys")?.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    const field = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (event.defaultPrevented || field || event.altKey || document.querySelector("dialog[open], details.picker[open]")) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "a" && document.querySelector(".rows")) {
      event.preventDefault();
      const head = document.getElementById("select-all");
      if (head && !head.checked) { head.checked = true; head.dispatchEvent(new Event("change", { bubbles: true })); }
      return;
    }
    if (event.ctrlKey || event.metaKey) return;
    if (event.shiftKey && (event.key === "ArrowDown" || event.key === "ArrowUp")) { event.preventDefault(); step(event.key === "ArrowDown" ? 1 : -1, true); return; }
    if (prefix === "g" && go[event.key]) {
      event.preventDefault();
      document.querySelector(`.nav [data-special="${CSS.escape(go[event.key])}"]`)?.click();
      prefix = "";
      return;
    }
    prefix = event.key === "g" ? "g" : "";
    const isLink = event.target.closest("a, button, summary");
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !(focusedRow() || document.activeElement === document.body)) return;
    if (event.key === "Enter" && isLink) return;
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
})();
