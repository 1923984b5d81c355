// New mail appears by itself: the server says that something changed, the page asks for what it shows.
"use strict";
(() => {
  if (!window.EventSource || !window.htmx) return;
  let due = 0;

  function look() {
    clearTimeout(due);
    due = setTimeout(() => {
      htmx.trigger(document.body, "mailChanged");
      const list = document.getElementById("rows");
      const isBusy = list && (list.scrollTop > 200 || list.querySelector(".check:checked") || list.contains(document.activeElement));
      if (list && !isBusy) htmx.trigger(document.body, "listChanged");
    }, 200);
  }

  const source = new EventSource("/push");
  for (const name of ["folder", "mailbox"]) source.addEventListener(name, look);
  let seen = false;
  // The first "look" comes with the connection and says nothing new: the page was just made.
  source.addEventListener("look", () => { if (seen) look(); seen = true; });
  window.addEventListener("pagehide", () => source.close());
})();
