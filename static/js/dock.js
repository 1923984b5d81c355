// On a wide window letters are written over the mail: links to the form open it docked, several at once.
// What was open comes back after a page is left, from the drafts the server keeps.
"use strict";
(() => {
  const MOST = 3;
  const shelf = document.getElementById("composers");
  const wide = matchMedia("(min-width: 1000px)");
  if (!shelf || document.querySelector("[data-composer]")) return;
  const read = () => { try { return JSON.parse(sessionStorage.getItem("composers") || "[]"); } catch { return []; } };

  function remember() {
    const forms = [...shelf.querySelectorAll("[data-composer]")];
    const kept = forms.filter((form) => form.dataset.kept).map((form) => ({ key: form.dataset.key, small: form.classList.contains("is-small") }));
    sessionStorage.setItem("composers", JSON.stringify(kept));
  }

  let loading = null;
  function needs() {
    loading ||= Promise.all(["editor", "recipients", "compose"].map((name) => new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = shelf.dataset.scripts.replace("NAME", name);
      script.async = false;
      script.addEventListener("load", done);
      script.addEventListener("error", failed);
      document.head.append(script);
    })).concat(new Promise((done, failed) => {
      const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: shelf.dataset.style });
      style.addEventListener("load", done);
      style.addEventListener("error", failed);
      document.head.append(style);
    })));
    return loading;
  }

  // A letter that comes back with a page does not take the keyboard from it.
  async function place(address, small, comesBack = false) {
    await needs();
    const answer = await fetch(address, { headers: { "X-Dock": "1" } });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const made = document.importNode(new DOMParser().parseFromString(await answer.text(), "text/html").body, true);
    const form = made.querySelector("[data-composer]");
    const asked = new URL(address, location.href).searchParams.get("draft");
    if (!form || (asked && form.dataset.key !== asked)) throw new Error("no such draft");
    shelf.querySelectorAll("[data-composer]:not(.is-small)").forEach((other, at) => { if (at >= 1) other.querySelector("[data-shrink]").click(); });
    if (asked) form.dataset.kept = "1";
    if (comesBack) { form.dataset.calm = "1"; form.querySelectorAll("[autofocus]").forEach((one) => one.removeAttribute("autofocus")); }
    if (small) form.classList.add("is-small");
    shelf.prepend(form);
    window.FacteurCompose.mount(form);
    if (!small && !comesBack) setTimeout(() => { if (!shelf.contains(document.activeElement)) form.querySelector(".chips input")?.focus(); }, 50);
    remember();
    return form;
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="/compose?"], a[href="/compose"]');
    if (!link || !wide.matches || event.ctrlKey || event.metaKey || event.shiftKey || event.button || link.closest("[data-composer]")) return;
    if (shelf.querySelectorAll("[data-composer]").length >= MOST) return;
    event.preventDefault();
    place(link.href).catch(() => { location.href = link.href; });
  });
  shelf.addEventListener("draftkept", (event) => { event.target.dataset.kept = "1"; remember(); });
  shelf.addEventListener("composergone", (event) => { event.target.removeAttribute("data-kept"); delete event.target.dataset.kept; remember(); document.querySelector(".rows .row .who")?.focus(); });
  window.addEventListener("pagehide", () => {
    // What has just been typed is on its way to the server as a draft, so it can come back too.
    shelf.querySelectorAll("[data-composer]").forEach((form) => { if (form.elements.namedItem("text").value.trim() || form.elements.namedItem("to").value) form.dataset.kept = "1"; });
    remember();
  });
  if (wide.matches) read().slice(0, MOST).forEach((one) => place(`/compose?draft=${encodeURIComponent(one.key)}`, one.small, true).catch(remember));
})();
