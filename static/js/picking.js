// Choosing several messages: ranges, everything, dragging to a folder; and menus one can type into.
"use strict";
(() => {
  const form = document.getElementById("bulk");
  if (!form) return;
  const boxes = () => [...form.querySelectorAll(".row .check")];
  const chosen = () => boxes().filter((box) => box.checked);
  const all = document.getElementById("all");
  const bar = document.getElementById("all-bar");
  const head = document.getElementById("select-all");
  const tally = document.getElementById("picked");
  let anchor = null;

  function tell() {
    const count = chosen().length;
    if (tally) tally.textContent = count ? (all?.value ? "∗" : String(count)) : "";
    const isFull = count > 0 && count === boxes().length;
    if (head) { head.checked = isFull; head.indeterminate = count > 0 && !isFull; }
    if (!isFull && all) all.value = "";
    if (bar) {
      const hasMore = !!form.querySelector(".more");
      bar.hidden = !(isFull && hasMore);
      bar.firstElementChild.textContent = all?.value ? bar.dataset.chosen : bar.dataset.picked;
      bar.querySelector("button").hidden = !!all?.value;
    }
    document.querySelectorAll(".row").forEach((row) => {
      const box = row.querySelector(".check");
      if (box) row.toggleAttribute("data-picked", box.checked);
    });
  }

  function range(to) {
    const list = boxes();
    const [from, end] = [list.indexOf(anchor), list.indexOf(to)].sort((a, b) => a - b);
    if (from < 0) return;
    list.slice(from, end + 1).forEach((box) => { box.checked = true; });
  }

  form.addEventListener("click", (event) => {
    const box = event.target.closest(".row .check");
    if (box) {
      if (event.shiftKey && anchor && anchor.isConnected) range(box);
      anchor = box;
      tell();
      return;
    }
    const row = event.target.closest(".row");
    if (row && (event.shiftKey || event.ctrlKey || event.metaKey) && !event.target.closest("button")) {
      event.preventDefault();
      event.stopPropagation();
      const own = row.querySelector(".check");
      if (event.shiftKey && anchor && anchor.isConnected) range(own); else own.checked = !own.checked;
      anchor = own;
      tell();
      return;
    }
    if (event.target.closest("[data-picks-all]")) { all.value = "1"; tell(); }
    if (event.target.closest("[data-unpicks]")) clear();
  }, true);
  // The box that selects all is read by the page first; telling now would clear it.
  form.addEventListener("change", (event) => { if (!event.target.matches("[data-selects]")) tell(); });
  document.addEventListener("htmx:afterSettle", tell);
  document.addEventListener("htmx:oobAfterSwap", tell);
  form.addEventListener("htmx:afterRequest", (event) => { if (event.target === form && all) { all.value = ""; tell(); } });

  function clear() {
    boxes().forEach((box) => { box.checked = false; });
    if (all) all.value = "";
    tell();
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && chosen().length && !document.querySelector("dialog[open], details.picker[open]")) clear();
  });
  // The box that shows "some" lets go of them; the browser restores what a cancelled click had changed, hence afterwards.
  head?.addEventListener("click", (event) => {
    const count = chosen().length;
    if (count && count < boxes().length) { event.preventDefault(); setTimeout(clear); }
  });
  // "Select all shown" is handled by the page; the count follows it.
  document.addEventListener("change", (event) => { if (event.target.matches("[data-selects]")) tell(); });

  // Dragging: what is chosen, or the row under the pointer. With Ctrl it is copied. Onto a label it is labelled.
  form.addEventListener("pointerover", (event) => { const row = event.target.closest(".row"); if (row) row.draggable = true; });
  form.addEventListener("dragstart", (event) => {
    const row = event.target.closest(".row");
    if (!row) return;
    const own = row.querySelector(".check");
    if (!own.checked) { boxes().forEach((box) => { box.checked = false; }); own.checked = true; tell(); }
    event.dataTransfer.setData("text/x-facteur", "1");
    event.dataTransfer.effectAllowed = "copyMove";
    document.body.dataset.dragging = "1";
  });
  document.addEventListener("dragend", () => { delete document.body.dataset.dragging; });
  const target = (event) => event.target.closest?.(".nav [data-folder], .nav [data-label]");
  document.addEventListener("dragover", (event) => {
    if (!document.body.dataset.dragging || !target(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = event.ctrlKey || target(event).dataset.label ? "copy" : "move";
  });
  document.addEventListener("dragenter", (event) => {
    document.querySelectorAll("[data-over]").forEach((link) => link.removeAttribute("data-over"));
    if (document.body.dataset.dragging) target(event)?.setAttribute("data-over", "");
  });
  document.addEventListener("drop", (event) => {
    const link = target(event);
    if (!document.body.dataset.dragging || !link) return;
    event.preventDefault();
    link.removeAttribute("data-over");
    const verb = link.dataset.label ? `label:${link.dataset.label}` : `${event.ctrlKey ? "copy" : "move"}:${link.dataset.folder}`;
    const button = document.createElement("button");
    button.name = "do";
    button.value = verb;
    button.hidden = true;
    form.append(button);
    // A click, because htmx asks which button was clicked.
    button.click();
    setTimeout(() => button.remove(), 0);
  });
})();
