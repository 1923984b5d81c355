// New mail appears by itself: the server says that something changed, the page asks for what it shows.
"use strict";
(() => {
  if (!window.EventSource || !window.htmx) return;
  const FAR = 200;
  let due = 0;
  let kept = null;
  const list = () => document.getElementById("rows");

  function look() {
    clearTimeout(due);
    due = setTimeout(() => {
      htmx.trigger(document.body, "mailChanged");
      if (!list() || document.querySelector(".list details.picker[open]")) return;
      // Who reads far down is not thrown back to the top: the list waits for them there.
      if (list().scrollTop > FAR) list().dataset.stale = "1"; else refresh();
    }, 200);
  }

  function refresh() {
    delete list().dataset.stale;
    htmx.trigger(document.body, "listChanged");
  }

  // What was ticked and where the focus was survives the new rows.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.target !== list()) return;
    const ticked = [...list().querySelectorAll(".check:checked")].map((box) => box.value);
    const row = document.activeElement.closest?.(".rows .row");
    kept = { ticked, focused: row?.dataset.ref, open: list().querySelector(".row[aria-current]")?.dataset.ref, top: list().scrollTop };
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target !== list() || !kept) return;
    const row = (reference) => reference && list().querySelector(`.row[data-ref="${CSS.escape(reference)}"]`);
    kept.ticked.forEach((value) => { const box = row(value)?.querySelector(".check"); if (box) box.checked = true; });
    row(kept.focused)?.querySelector(".who")?.focus({ preventScroll: true });
    row(kept.open)?.setAttribute("aria-current", "true");
    if (kept.top <= FAR) list().scrollTop = kept.top;
    kept = null;
  });
  list()?.addEventListener("scroll", () => { if (list().dataset.stale && list().scrollTop < FAR / 4) refresh(); }, { passive: true });

  const source = new EventSource("/push");
  for (const name of ["folder", "mailbox"]) source.addEventListener(name, look);
  // The first "look" comes with the connection. It says nothing new where the page was made a moment ago;
  // what came while a slow connection was made would be missed without it.
  const FRESH = 1500;
  let seen = false;
  source.addEventListener("look", () => { if (seen || performance.now() > FRESH) look(); seen = true; });
  window.addEventListener("pagehide", () => source.close());
})();
