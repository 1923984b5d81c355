// A small editor of formatted text. What is edited lives in a frame whose own policy lets no script run and
// nothing be loaded but pictures of this site, so a letter that is quoted cannot touch the page around it.
"use strict";
window.FacteurEditor = (() => {
  const TAGS = new Set(("A ABBR B BIG BLOCKQUOTE BR CITE CODE DD DEL DIV DL DT EM FONT H1 H2 H3 H4 H5 H6 HR I IMG INS LI OL P PRE Q S " +
    "SMALL SPAN STRIKE STRONG SUB SUP TABLE TBODY TD TFOOT TH THEAD TR TT U UL").split(" "));
  const DROPPED = new Set("SCRIPT STYLE TITLE HEAD META LINK BASE OBJECT EMBED IFRAME SVG MATH TEMPLATE NOSCRIPT TEXTAREA SELECT BUTTON INPUT".split(" "));
  const KEPT = { A: ["href"], IMG: ["src", "alt", "width", "height"], TD: ["colspan", "rowspan"], TH: ["colspan", "rowspan"], OL: ["start"] };

  // Pasted markup, rebuilt from what is known. The server cleans again; this keeps the sheet readable.
  function clean(node, target) {
    for (const child of [...node.childNodes]) {
      if (child.nodeType === 3) target.append(child.data);
      if (child.nodeType !== 1 || DROPPED.has(child.tagName.toUpperCase())) continue;
      const tag = child.tagName.toUpperCase();
      if (!TAGS.has(tag)) { clean(child, target); continue; }
      const made = target.ownerDocument.createElement(tag);
      for (const name of KEPT[tag] || []) {
        const value = child.getAttribute(name);
        if (value === null) continue;
        if (name === "href" && !/^(https?:|mailto:|tel:)/i.test(value)) continue;
        if (name === "src" && !/^(https:|blob:)/i.test(value)) continue;
        made.setAttribute(name, value);
      }
      clean(child, made);
      target.append(made);
    }
  }

  // What is within an element, as text. Older browsers write it as XML, which the server reads as well.
  function markupOf(element) {
    return element.getHTML ? element.getHTML() : [...element.childNodes].map((node) => new XMLSerializer().serializeToString(node)).join("");
  }

  // `options`: onInput(), onFiles(files), onSend(), pictureOf(cid), cidOf(address), autofocus.
  function mount(source, tools, options) {
    const frame = document.createElement("iframe");
    frame.className = "sheet-frame";
    frame.title = source.getAttribute("aria-label") || source.labels?.[0]?.textContent || "Text";
    frame.setAttribute("sandbox", "allow-same-origin allow-scripts");
    frame.src = "/compose/sheet";
    const bar = tools ? tools.content.firstElementChild.cloneNode(true) : null;
    let sheet = null;
    let isReady = false;
    const view = { frame, bar, read, write, insertMarkup, insertText, insertPicture, focus, remove, isReady: () => isReady };

    frame.addEventListener("load", () => {
      sheet = frame.contentDocument;
      if (!sheet || !sheet.body) return;
      sheet.body.contentEditable = "true";
      sheet.body.setAttribute("role", "textbox");
      sheet.body.setAttribute("aria-multiline", "true");
      sheet.body.setAttribute("aria-label", frame.title);
      sheet.execCommand("defaultParagraphSeparator", false, "div");
      sheet.execCommand("styleWithCSS", false, false);
      isReady = true;
      show(source.value);
      new frame.contentWindow.ResizeObserver(fit).observe(sheet.body);
      sheet.addEventListener("input", () => { keep(); fit(); });
      sheet.addEventListener("paste", paste);
      sheet.addEventListener("keydown", keys);
      sheet.addEventListener("selectionchange", press);
      sheet.addEventListener("dragover", (event) => { if (event.dataTransfer?.types.includes("Files")) event.preventDefault(); });
      sheet.addEventListener("drop", (event) => {
        if (!event.dataTransfer?.files.length) return;
        event.preventDefault();
        options.onFiles?.([...event.dataTransfer.files]);
      });
      if (options.autofocus) focus();
      options.onReady?.();
    }, { once: true });

    function fit() { frame.style.blockSize = `${Math.max(160, sheet.documentElement.scrollHeight)}px`; if (sheet.body.offsetHeight + 24 < frame.offsetHeight) frame.style.blockSize = `${Math.max(160, sheet.body.offsetHeight + 24)}px`; }
    function keep() { source.value = read(); options.onInput?.(); }

    function show(html) {
      const parsed = new DOMParser().parseFromString(html, "text/html");
      parsed.querySelectorAll("img").forEach((image) => {
        const found = /^cid:(.+)$/.exec(image.getAttribute("src") || "");
        if (found && options.pictureOf) image.setAttribute("src", options.pictureOf(found[1]));
      });
      sheet.body.replaceChildren(...[...parsed.body.childNodes].map((node) => sheet.importNode(node, true)));
      if (!sheet.body.firstChild) {
        const line = sheet.createElement("div");
        line.append(sheet.createElement("br"));
        sheet.body.append(line);
      }
    }

    function read() {
      if (!isReady) return source.value;
      // In a document of its own, where no picture is loaded by being named.
      const copy = new DOMParser().parseFromString(markupOf(sheet.body), "text/html").body;
      copy.querySelectorAll("img").forEach((image) => {
        const cid = options.cidOf?.(image.getAttribute("src") || "");
        if (cid) image.setAttribute("src", `cid:${cid}`);
        else if ((image.getAttribute("src") || "").startsWith("blob:")) image.remove();
      });
      return markupOf(copy);
    }

    function write(html) { if (isReady) { show(html); fit(); } source.value = html; }
    function focus() {
      frame.contentWindow.focus();
      sheet.body.focus();
      const range = sheet.createRange();
      range.setStart(sheet.body, 0);
      range.collapse(true);
      const selection = sheet.getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
    }
    function remove() { frame.remove(); bar?.remove(); }
    function run(name, value) {
      const selection = sheet.getSelection();
      if (!selection.rangeCount || !sheet.body.contains(selection.anchorNode)) focus();
      frame.contentWindow.focus();
      sheet.execCommand(name, false, value);
      keep();
      press();
    }
    function insertText(text) { run("insertText", text); }
    function insertMarkup(html) {
      const parsed = new DOMParser().parseFromString(html, "text/html");
      const box = sheet.createElement("div");
      clean(parsed.body, box);
      run("insertHTML", markupOf(box));
    }
    function insertPicture(address, name) {
      const box = sheet.createElement("div");
      const image = sheet.createElement("img");
      image.src = address;
      image.alt = name || "";
      box.append(image);
      run("insertHTML", markupOf(box));
    }

    function paste(event) {
      const files = [...(event.clipboardData?.files || [])];
      const html = event.clipboardData?.getData("text/html");
      if (files.length && !html) { event.preventDefault(); options.onFiles?.(files); return; }
      if (!html) return;
      event.preventDefault();
      insertMarkup(html);
    }

    const shortcuts = { b: "bold", i: "italic", u: "underline" };
    function keys(event) {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); keep(); options.onSend?.(); return; }
      if (event.key === "Escape") options.onEscape?.();
      if ((event.ctrlKey || event.metaKey) && !event.altKey) {
        const name = shortcuts[event.key.toLowerCase()];
        if (name) { event.preventDefault(); run(name); }
        if (event.key.toLowerCase() === "k") { event.preventDefault(); act("link"); }
        return;
      }
      // An empty line at the end of a quote leads out of it; one within it parts it in two.
      if (event.key === "Enter" && !event.shiftKey) {
        const at = sheet.getSelection();
        const quote = at.anchorNode && (at.anchorNode.nodeType === 1 ? at.anchorNode : at.anchorNode.parentElement)?.closest("blockquote");
        if (quote) { event.preventDefault(); partQuote(quote, at.getRangeAt(0)); }
      }
    }

    function partQuote(quote, range) {
      while (quote.parentElement?.closest("blockquote")) quote = quote.parentElement.closest("blockquote");
      range.deleteContents();
      const rest = sheet.createRange();
      rest.setStart(range.startContainer, range.startOffset);
      rest.setEndAfter(quote);
      const tail = rest.extractContents();
      const line = sheet.createElement("div");
      line.append(sheet.createElement("br"));
      quote.after(line);
      if (tail.textContent.trim()) line.after(tail);
      if (!quote.textContent.trim()) quote.remove();
      const caret = sheet.createRange();
      caret.setStart(line, 0);
      const selection = sheet.getSelection();
      selection.removeAllRanges();
      selection.addRange(caret);
      keep();
    }

    function act(name) {
      if (name === "quote") run("formatBlock", "blockquote");
      else if (name === "code") run("formatBlock", "pre");
      else if (name === "clear") { run("removeFormat"); run("formatBlock", "div"); run("unlink"); }
      else if (name === "link") options.onLink ? options.onLink((address) => run("createLink", address)) : askLink();
      else if (name === "picture") options.onPicture?.();
      else run(name);
    }

    function askLink() {
      const saved = sheet.getSelection().rangeCount ? sheet.getSelection().getRangeAt(0) : null;
      const line = document.createElement("form");
      line.className = "link-line";
      const field = Object.assign(document.createElement("input"), { type: "url", className: "input", placeholder: "https://", required: true });
      field.setAttribute("aria-label", options.words?.link || "Link");
      const done = Object.assign(document.createElement("button"), { className: "btn btn--s", textContent: "OK", type: "button" });
      line.append(field, done);
      bar.after(line);
      field.focus();
      const finish = () => {
        const address = field.value.trim();
        line.remove();
        if (saved) { const selection = sheet.getSelection(); selection.removeAllRanges(); selection.addRange(saved); }
        if (!/^(https?:\/\/|mailto:|tel:)\S+$/i.test(address)) return;
        if (saved && saved.collapsed) insertMarkup(`<a href="${address.replace(/"/g, "%22")}">${address.replace(/[<&]/g, "")}</a>`);
        else run("createLink", address);
      };
      done.addEventListener("click", finish);
      field.addEventListener("keydown", (event) => {
        if (event.key === "Enter") { event.preventDefault(); event.stopPropagation(); finish(); }
        if (event.key === "Escape") { event.stopPropagation(); line.remove(); focus(); }
      });
    }

    function press() {
      bar?.querySelectorAll("[aria-pressed]").forEach((button) => {
        button.setAttribute("aria-pressed", String(sheet.queryCommandState(button.dataset.do)));
      });
    }

    bar?.querySelectorAll("[data-do]").forEach((button) => {
      button.addEventListener("mousedown", (event) => event.preventDefault());
      button.addEventListener("click", () => { if (isReady) act(button.dataset.do); });
    });
    source.after(frame);
    if (bar) frame.after(bar);
    return view;
  }

  // Fields that hold markup of their own: a signature.
  document.querySelectorAll("textarea[data-editor]").forEach((source) => {
    source.hidden = true;
    mount(source, null, { words: {} }).frame.classList.add("sheet-frame--small");
  });
  return { mount, markupOf };
})();
