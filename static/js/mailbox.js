// Keeps the list and the open message together: which row is open, which pane a phone shows.
"use strict";
(() => {
  const pane = (name) => { document.body.dataset.pane = name; };
  const openUid = () => (location.pathname.match(/\/mail\/[^/]+\/(\d+)\/$/) || [])[1];

  function markOpen() {
    const uid = openUid();
    document.querySelectorAll(".rows .row[aria-current]").forEach((row) => row.removeAttribute("aria-current"));
    if (uid) document.getElementById(`row-${uid}`)?.setAttribute("aria-current", "true");
  }

  document.addEventListener("htmx:pushedIntoHistory", () => { markOpen(); pane(openUid() ? "thread" : "list"); });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id === "main" && openUid()) {
      markOpen();
      event.target.querySelector(".thread")?.scrollTo(0, 0);
    }
  });

  // The message was filed away: the address and a phone go back to the list, the focus to the next row.
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    const left = document.querySelector("#main[data-left]");
    if (!left) return;
    left.removeAttribute("data-left");
    history.replaceState({}, "", location.pathname.replace(/\d+\/$/, ""));
    pane("list");
    document.querySelector(".rows .row .who")?.focus();
  });

  // A restored address needs a page of its own: what was on screen then is out of date.
  window.addEventListener("popstate", () => location.reload());
})();
