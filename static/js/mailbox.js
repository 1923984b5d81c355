// Keeps the list and the open message together: which row is open, which pane a phone shows.
"use strict";
(() => {
  const KEPT_ROWS = 1500;
  const pane = (name) => { document.body.dataset.pane = name; };
  const openUid = () => (location.pathname.match(/\/mail\/[^/]+\/(\d+)\/$/) || [])[1];
  const rowOf = () => {
    const link = document.querySelector(`.rows .who[href="${CSS.escape(location.pathname + location.search)}"]`);
    return link?.closest(".row") || [...document.querySelectorAll(".rows .row")].find((row) => row.querySelector(".who").getAttribute("href") === location.pathname + location.search);
  };

  function markOpen() {
    document.querySelectorAll(".rows .row[aria-current]").forEach((row) => row.removeAttribute("aria-current"));
    if (openUid()) rowOf()?.setAttribute("aria-current", "true");
  }

  document.addEventListener("htmx:pushedIntoHistory", () => { markOpen(); pane(openUid() ? "thread" : "list"); });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id === "main" && openUid()) {
      markOpen();
      const first = event.target.querySelector(".msg");
      const thread = event.target.querySelector(".thread");
      const depth = first && thread ? first.offsetTop - thread.offsetTop : 0;
      if (thread) thread.scrollTop = depth > thread.clientHeight / 2 ? depth - 80 : 0;
    }
    trim();
  });

  // A day's scrolling must not fill the memory: rows far above the window are let go once there are very many.
  function trim() {
    const rows = document.getElementById("rows");
    const all = rows ? rows.querySelectorAll(".row") : [];
    if (all.length <= KEPT_ROWS || rows.scrollTop < rows.clientHeight * 6) return;
    const before = rows.scrollHeight;
    const gone = [...all].slice(0, all.length - KEPT_ROWS + 250).filter((row) => !row.querySelector(".check:checked"));
    gone.forEach((row) => row.remove());
    rows.scrollTop -= before - rows.scrollHeight;
    rows.dataset.trimmed = "1";
  }
  // Scrolled back to where rows were let go: the list begins anew.
  document.getElementById("rows")?.addEventListener("scroll", (event) => {
    const rows = event.currentTarget;
    if (rows.dataset.trimmed && rows.scrollTop < 40) { delete rows.dataset.trimmed; htmx.trigger(document.body, "listChanged"); }
  }, { passive: true });

  // The message was filed away: the address and a phone go back to the list, the focus to the row that took its place.
  let next = null;
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!event.target.matches?.("form")) return;
    const row = document.querySelector(".rows .row[aria-current]");
    next = row?.nextElementSibling?.matches(".row") ? row.nextElementSibling.id : row?.previousElementSibling?.id || null;
  });
  // A row that is shown anew keeps the focus it had.
  let held = null;
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const old = event.detail.target?.closest?.(".row");
    if (old && old.contains(document.activeElement)) held = old.id;
  });
  document.addEventListener("htmx:oobAfterSwap", () => {
    if (held) document.getElementById(held)?.querySelector(".who")?.focus({ preventScroll: true });
    held = null;
    const left = document.querySelector("#main[data-left]");
    if (!left) return;
    left.removeAttribute("data-left");
    const back = document.querySelector('#bulk [name="back"]')?.value;
    history.replaceState({}, "", back || location.pathname.replace(/\d+\/$/, ""));
    pane("list");
    (next && document.getElementById(next)?.querySelector(".who") || document.querySelector(".rows .row .who"))?.focus();
  });

  // A restored address needs a page of its own: what was on screen then is out of date.
  window.addEventListener("popstate", () => location.reload());

  // Menus: one open at a time, Escape closes, typing narrows.
  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (!menu.matches?.("details.picker[open]")) return;
    document.querySelectorAll("details.picker[open]").forEach((other) => { if (other !== menu) other.open = false; });
    menu.querySelector("[data-narrows]")?.focus();
  }, true);
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details.picker[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });
  document.addEventListener("submit", () => document.querySelectorAll("details.picker[open]").forEach((menu) => { menu.open = false; }));
  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest?.("details.picker[open]") || document.querySelector("details.picker[open]");
    if (!menu) return;
    const items = [...menu.querySelectorAll(".menu a, .menu button")].filter((item) => !item.hidden);
    const at = items.indexOf(document.activeElement);
    if (event.key === "Escape") { menu.open = false; menu.querySelector("summary").focus(); event.stopPropagation(); }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      items[(at + (event.key === "ArrowDown" ? 1 : -1) + items.length) % items.length]?.focus();
    }
    if (event.key === "Enter" && event.target.matches("[data-narrows]")) { event.preventDefault(); items.find((item) => item.matches("button"))?.click(); }
  }, true);
  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-narrows]")) return;
    const typed = event.target.value.toLocaleLowerCase();
    event.target.closest(".menu").querySelectorAll("button[name=do]").forEach((item) => { item.hidden = !item.textContent.toLocaleLowerCase().includes(typed); });
  });

  // Panes and conversations: the buttons belong to a form outside the list's own.
  // Searching while typing: the list follows the box after a short rest.
  const box = document.getElementById("find");
  const hits = document.getElementById("hits");
  let rest = 0;
  if (box && hits && document.body.classList.contains("app--search")) {
    box.addEventListener("input", () => {
      clearTimeout(rest);
      rest = setTimeout(() => {
        const address = `${box.form.action}?q=${encodeURIComponent(box.value)}`;
        htmx.ajax("GET", address, { target: "#hits", swap: "outerHTML" }).then(() => {
          history.replaceState({}, "", address);
          document.querySelectorAll('#bulk [name="q"], #save-search [name="q"]').forEach((field) => { field.value = box.value; });
          const back = document.querySelector('#bulk [name="back"]');
          if (back) back.value = address;
        });
      }, 180);
    });
  }
})();
