// One composer: keeps its draft while one writes, sends its files with their progress, warns, and sends.
// On a page of its own or docked; several at once, each with its own state.
"use strict";
window.FacteurCompose = (() => {
  const IDLE = 3000;
  const open = new Set();
  // A piece of a page this server made.
  const parse = (markup) => document.importNode(new DOMParser().parseFromString(markup, "text/html").body, true);

  function mount(form) {
    const [words, signatures] = [...form.querySelectorAll('script[type="application/json"]')].map((node) => JSON.parse(node.textContent));
    const docked = form.classList.contains("composer--docked");
    const field = (name) => form.elements.namedItem(name);
    const text = field("text"), html = field("html"), format = field("format"), key = field("key");
    const saved = form.querySelector("[data-saved]"), files = form.querySelector("[data-files]"), progress = form.querySelector("progress");
    const notices = form.querySelector("[data-notices]");
    const editorId = crypto.randomUUID();
    field("editor").value = editorId;
    let sequence = 0, timer = 0, dirty = false, busy = null, editor = null, isSending = false, isGone = false, isFine = false;
    form.classList.add("is-scripted");

    // --- the draft -----------------------------------------------------
    const touch = () => { dirty = true; clearTimeout(timer); timer = setTimeout(keep, IDLE); };

    function data(final) {
      collect();
      field("sequence").value = String(++sequence);
      const body = new FormData(form);
      body.delete("files");
      body.delete("do");
      if (final) body.set("final", "1");
      return body;
    }

    function collect() {
      people.forEach((one) => one.commitQuietly?.());
      if (editor) html.value = editor.read();
    }

    // One request at a time, so that a draft's files keep their numbers.
    function queue(work) {
      busy = (busy || Promise.resolve()).then(work, work);
      return busy;
    }

    function keep() {
      clearTimeout(timer);
      if (!dirty || isSending || isGone) return busy || Promise.resolve();
      dirty = false;
      return queue(async () => {
        say(words.saving);
        try {
          const answer = await fetch(form.dataset.draft, { method: "POST", body: data(false), headers: { "X-Compose": "1" } });
          take(await answer.json(), answer.ok);
        } catch { dirty = true; say(words.unsaved, true); timer = setTimeout(keep, 10000); }
      });
    }

    function take(state, ok) {
      if (!ok) { dirty = true; say("", false); notice(state.error || words.unsaved); return; }
      if (state.key) key.value = state.key;
      const wide = form.querySelector("[data-widen]");
      if (wide) wide.href = wide.href.replace(/draft=.*/, `draft=${key.value}`);
      form.dataset.key = key.value;
      if (state.draft_uid) field("draft_uid").value = state.draft_uid;
      if (state.saved) say(state.saved);
      if (state.notice) { field("seen").value = ""; notice(state.notice, "warn"); }
      const before = [...files.querySelectorAll("input")].map((box) => box.value).join();
      const made = parse(state.files || "");
      const after = [...made.querySelectorAll("input")].map((box) => box.value).join();
      if (before !== after) files.replaceChildren(...made.childNodes);
      form.dispatchEvent(new CustomEvent("draftkept", { bubbles: true }));
    }

    function say(words_, isBad) { if (saved) { saved.textContent = words_; saved.classList.toggle("bad", Boolean(isBad)); } }

    function notice(message, kind = "bad") {
      const line = document.createElement("div");
      line.className = `banner banner--${kind} notice`;
      line.setAttribute("role", "alert");
      line.append(Object.assign(document.createElement("p"), { textContent: message }));
      notices.replaceChildren(line);
    }

    // On close the last words go by a beacon, which outlives the page.
    const leave = () => {
      if (!dirty || isSending || isGone) return;
      const body = data(true);
      dirty = false;
      fetch(form.dataset.draft, { method: "POST", body, keepalive: true, headers: { "X-Compose": "1" } }).catch(() => { dirty = true; });
    };
    window.addEventListener("pagehide", leave);
    document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") leave(); });

    // --- files -----------------------------------------------------------
    const limit = Number(form.dataset.limit);
    const size = (octets) => (octets < 1e6 ? `${Math.ceil(octets / 1e3)} KB` : `${(octets / 1e6).toFixed(1)} MB`);

    function attach(list, inText) {
      const chosen = [...list];
      if (!chosen.length) return Promise.resolve();
      const total = chosen.reduce((sum, file) => sum + file.size, 0);
      if (total > limit) { notice(words.large.replace("%s", size(limit))); return Promise.resolve(); }
      return queue(() => new Promise((done) => {
        const body = data(false);
        const cids = inText ? chosen.map((_, at) => `picture${at + 1}.${crypto.randomUUID().slice(0, 8)}@facteur`) : [];
        if (inText) collectPictures(body, chosen, cids); else chosen.forEach((file) => body.append("files", file, file.name));
        const call = new XMLHttpRequest();
        call.open("POST", form.dataset.draft);
        call.setRequestHeader("X-Compose", "1");
        call.upload.addEventListener("progress", (event) => { progress.hidden = false; progress.value = event.total ? (100 * event.loaded) / event.total : 0; });
        call.addEventListener("loadend", () => {
          progress.hidden = true;
          let state = {};
          try { state = JSON.parse(call.responseText); } catch { state = { error: words.unsaved }; }
          take(state, call.status === 200);
          if (call.status === 200 && inText) cids.forEach((cid, at) => editor.insertPicture(pictureOf(cid), chosen[at].name));
          done();
        });
        call.send(body);
      }));
    }

    // The server keeps a picture only where the text names it, so the name is put in before the picture is shown.
    function collectPictures(body, chosen, cids) {
      body.set("html", html.value + cids.map((cid) => `<img src="cid:${cid}">`).join(""));
      chosen.forEach((file, at) => { body.append("pictures", file, file.name || "picture.png"); body.append("cid", cids[at]); });
    }

    const pictureOf = (cid) => form.dataset.picture.replace("KEY", key.value).replace("CID", encodeURIComponent(cid)) + `?s=${encodeURIComponent(form.dataset.source)}`;
    const cidOf = (address) => { const found = /\/compose\/cid\/[^/]+\/([^?]+)/.exec(address); return found ? decodeURIComponent(found[1]) : ""; };
    const isPicture = (file) => /^image\/(png|jpeg|gif|webp)$/.test(file.type);

    form.querySelector('input[name="files"]').addEventListener("change", (event) => {
      attach(event.target.files);
      event.target.value = "";
    });
    form.addEventListener("dragover", (event) => { if (event.dataTransfer?.types.includes("Files")) { event.preventDefault(); form.classList.add("is-target"); } });
    form.addEventListener("dragleave", () => form.classList.remove("is-target"));
    form.addEventListener("drop", (event) => {
      form.classList.remove("is-target");
      if (!event.dataTransfer?.files.length) return;
      event.preventDefault();
      attach(event.dataTransfer.files);
    });
    text.addEventListener("paste", (event) => { if (event.clipboardData?.files.length) { event.preventDefault(); attach(event.clipboardData.files); } });

    // --- people ------------------------------------------------------------
    const people = [...form.querySelectorAll(".line[data-people] > input")].map((input) => {
      const one = window.FacteurRecipients.mount(input, { people: form.dataset.people, strangers: form.dataset.strangers, words, onChange: touch, isAnswer: ["reply", "all", "list"].includes(field("mode").value) });
      return one;
    });

    // --- plain and formatted -------------------------------------------------
    const switcher = form.querySelector("[data-switch-format]");
    const area = form.querySelector("[data-area]");

    function setFormat(isHtml, focus) {
      format.value = isHtml ? "html" : "plain";
      form.dataset.format = format.value;
      text.hidden = isHtml;
      switcher.textContent = isHtml ? words.plain : words.rich;
      if (isHtml && !editor) {
        editor = window.FacteurEditor.mount(html, form.querySelector("template[data-tools]"), {
          words, pictureOf, cidOf, autofocus: focus, onInput: touch,
          onSend: () => form.requestSubmit(form.querySelector('[name="do"][value="send"]')),
          onFiles: (list) => { const all = [...list]; all.every(isPicture) ? attach(all, true) : attach(all); },
          onPicture: () => pickPicture(),
        });
      } else if (!isHtml && editor) {
        editor.remove();
        editor = null;
      }
    }

    function pickPicture() {
      const chooser = Object.assign(document.createElement("input"), { type: "file", accept: "image/png,image/jpeg,image/gif,image/webp", multiple: true });
      chooser.addEventListener("change", () => attach(chooser.files, true));
      chooser.click();
    }

    const toPlain = () => { const frame = area.querySelector("iframe"); return frame?.contentDocument?.body?.innerText.replace(/\n{3,}/g, "\n\n") || ""; };
    const toMarkup = (plain) => {
      const box = document.createElement("div");
      plain.split("\n").forEach((line) => { const made = document.createElement("div"); made.append(line || document.createElement("br")); box.append(made); });
      return window.FacteurEditor.markupOf(box);
    };
    switcher.addEventListener("click", () => {
      if (format.value === "html") { text.value = toPlain(); setFormat(false); text.focus(); } else { html.value = toMarkup(text.value); setFormat(true, true); }
      touch();
    });
    const startsWithText = !form.dataset.calm && (text.autofocus || (docked && field("to").value));
    setFormat(form.dataset.format === "html", startsWithText);
    if (form.dataset.format !== "html" && startsWithText) { text.focus(); text.setSelectionRange(0, 0); }

    // --- identity: its signature takes the place of the one before ------------
    const from = field("sender");
    let signed = from.value;
    from.addEventListener("change", () => {
      const before = signatures[signed], now = signatures[from.value];
      signed = from.value;
      if (!before || !now) return;
      if (format.value === "html") {
        const body = editor.read();
        const normal = (markup) => window.FacteurEditor.markupOf(parse(markup));
        const old = normal(before.html);
        editor.write(old && body.includes(old) ? body.replace(old, now.html) : `${body}${now.html}`);
      } else {
        const old = before.text && `-- \n${before.text}`, fresh = now.text && `-- \n${now.text}`;
        text.value = old && text.value.includes(old) ? text.value.replace(old, fresh) : `${text.value}\n\n${fresh}`;
      }
      touch();
    });

    form.querySelectorAll("[data-template]").forEach((button) => button.addEventListener("click", async () => {
      button.closest("details").open = false;
      const answer = await fetch(button.dataset.template, { headers: { "X-Compose": "1" } });
      if (!answer.ok) return;
      const kept = await answer.json();
      if (!field("subject").value) field("subject").value = kept.subject;
      if (format.value === "html") editor.insertMarkup(kept.html);
      else { const at = text.selectionStart; text.setRangeText(kept.text, at, text.selectionEnd, "end"); text.focus(); }
      touch();
    }));

    // --- other messages as files --------------------------------------------------
    const picker = form.querySelector("[data-messages]"), wanted = picker.querySelector("input"), hits = picker.querySelector("[data-hits]");
    let looking = 0, asked = 0;
    picker.addEventListener("toggle", () => { if (picker.open) wanted.focus(); });
    wanted.addEventListener("input", (event) => {
      event.stopPropagation();
      clearTimeout(looking);
      looking = setTimeout(async () => {
        const mine = ++asked;
        const answer = await fetch(`${picker.dataset.messages}?q=${encodeURIComponent(wanted.value)}`, { headers: { "X-Compose": "1" } }).catch(() => null);
        if (mine !== asked || !answer?.ok) return;
        hits.replaceChildren(...(await answer.json()).items.map((item) => {
          const line = Object.assign(document.createElement("button"), { type: "button" });
          const name = Object.assign(document.createElement("span"), { className: "cut", dir: "auto", textContent: item.name });
          line.append(name, Object.assign(document.createElement("small"), { className: "dim", textContent: `${item.who}, ${item.when}` }));
          line.addEventListener("click", () => {
            const box = Object.assign(document.createElement("input"), { type: "checkbox", name: "keep", value: item.keep, checked: true, hidden: true });
            files.append(box);
            picker.open = false;
            dirty = true;
            keep();
          });
          return line;
        }));
      }, 150);
    });

    // --- sending ---------------------------------------------------------------
    const later = form.querySelector("[data-later]"), panel = form.querySelector("[data-later-panel]");
    later.addEventListener("click", () => {
      const isOpen = form.classList.toggle("shows-later");
      later.setAttribute("aria-expanded", String(isOpen));
      const when = field("when");
      if (isOpen && !when.value) {
        const next = new Date(Date.now() + 24 * 3600 * 1000);
        next.setHours(8, 0, 0, 0);
        const two = (number) => String(number).padStart(2, "0");
        when.value = `${next.getFullYear()}-${two(next.getMonth() + 1)}-${two(next.getDate())}T08:00`;
      }
      if (isOpen) when.focus();
    });

    function mentionsFile() {
      const own = (format.value === "html" ? ownText() : text.value.split("\n").filter((line) => !line.startsWith(">")).join("\n")) + ` ${field("subject").value}`;
      return words.attach.split(",").some((word) => own.toLowerCase().includes(word.trim().toLowerCase()));
    }
    function ownText() {
      const box = new DOMParser().parseFromString(editor.read(), "text/html");
      box.querySelectorAll("blockquote").forEach((quote) => quote.remove());
      return box.body.textContent;
    }

    let waiting = null;
    form.addEventListener("submit", (event) => {
      const button = event.submitter || form.querySelector('[name="do"][value="send"]');
      if (button.hasAttribute("data-discard")) { if (docked) { event.preventDefault(); throwAway(); } else { isGone = true; } return; }
      if (isSending) { event.preventDefault(); return; }
      people.forEach((one) => one.commit());
      const isSend = button.name === "do";
      if (isSend && !isFine && "warnAttachment" in form.dataset && !files.querySelector("input:checked") && mentionsFile()) {
        event.preventDefault();
        forgotten(button);
        return;
      }
      collect();
      clearTimeout(timer);
      if (busy && waiting !== "done") {
        // Sending waits for a draft that is being kept, or that draft would be left behind.
        event.preventDefault();
        if (waiting) return;
        waiting = button;
        // Not within this event: a form that is being submitted ignores a second time.
        busy.finally(() => setTimeout(() => { waiting = "done"; form.requestSubmit(button); }));
        return;
      }
      waiting = null;
      busy = null;
      if (docked && isSend) { event.preventDefault(); sendHere(button.value); return; }
      isSending = true;
    });
    window.addEventListener("pageshow", () => { isSending = false; });

    function forgotten(button) {
      const line = form.querySelector("template[data-forgotten]").content.firstElementChild.cloneNode(true);
      notices.replaceChildren(line);
      line.querySelector("[data-attach]").addEventListener("click", () => { line.remove(); form.querySelector('input[name="files"]').click(); });
      line.querySelector("[data-fine]").addEventListener("click", () => { isFine = true; line.remove(); form.requestSubmit(button); });
      line.querySelector("[data-attach]").focus();
    }

    async function sendHere(how) {
      isSending = true;
      const body = data(true);
      body.set("do", how);
      try {
        const answer = await fetch(form.action, { method: "POST", body, headers: { "X-Compose": "1" } });
        const state = await answer.json();
        if (!answer.ok) { showFaults(state.faults || {}); isSending = false; dirty = true; keep(); return; }
        isGone = true;
        document.getElementById("toast").replaceChildren(...parse(state.toast).childNodes);
        gone();
      } catch { isSending = false; notice(words.unsaved); }
    }

    function showFaults(faults) {
      const said = Object.entries(faults).map(([, message]) => message).join(" ");
      notice(`${words.fault} ${said}`);
      const first = Object.keys(faults).find((name) => form.querySelector(`[name="${name}"]`));
      if (first) form.querySelector(`[name="${first}"]`).closest(".line")?.querySelector("input:not([type=hidden])")?.focus();
    }

    async function throwAway() {
      isGone = true;
      clearTimeout(timer);
      await (busy || Promise.resolve());
      await fetch(form.querySelector("[data-discard]").formAction, { method: "POST", body: data(false), headers: { "X-Compose": "1" } }).catch(() => {});
      gone();
    }

    // --- docked ------------------------------------------------------------------
    function gone() { open.delete(form); form.dispatchEvent(new CustomEvent("composergone", { bubbles: true })); form.remove(); }
    form.querySelector("[data-close]")?.addEventListener("click", () => { leave(); gone(); });
    form.querySelector("[data-shrink]")?.addEventListener("click", (event) => {
      const isSmall = form.classList.toggle("is-small");
      event.currentTarget.setAttribute("aria-expanded", String(!isSmall));
    });
    form.querySelector("[data-widen]")?.addEventListener("click", (event) => {
      event.preventDefault();
      const target = event.currentTarget;
      keep().finally(() => { isGone = true; form.dispatchEvent(new CustomEvent("composergone", { bubbles: true })); location.href = `/compose?draft=${key.value}`; });
      target.blur();
    });

    form.addEventListener("input", touch);
    form.addEventListener("change", (event) => { if (event.target.name !== "files") touch(); });
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        form.requestSubmit(form.querySelector('[name="do"][value="send"]'));
      } else if (event.target.matches(".line input")) {
        // Enter in a field goes on to the next one; a letter is not sent by it.
        event.preventDefault();
        const fields = [...form.querySelectorAll(".line input:not([type=hidden]), textarea.body, iframe.sheet-frame")].filter((one) => one.offsetParent);
        const next = fields[fields.indexOf(event.target) + 1];
        if (next?.matches("iframe")) editor.focus(); else next?.focus();
      } else if (event.target.matches("input:not([type=file])")) {
        event.preventDefault();
      }
    });
    open.add(form);
    return { form, keep };
  }

  document.querySelectorAll("[data-composer]").forEach(mount);
  return { mount };
})();
