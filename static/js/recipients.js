// Recipients as chips, with a list of people to choose from. The field itself stays the one that is sent.
"use strict";
window.FacteurRecipients = (() => {
  let count = 0;

  // Splits at commas and semicolons that stand outside quotes and angle brackets.
  function split(text) {
    const found = [];
    let piece = "", quoted = false, angled = false;
    for (const char of text) {
      if (char === '"') quoted = !quoted;
      if (char === "<") angled = true;
      if (char === ">") angled = false;
      if (!quoted && !angled && /[,;\n]/.test(char)) { found.push(piece.trim()); piece = ""; } else piece += char;
    }
    found.push(piece.trim());
    return found.filter(Boolean);
  }

  function read(text) {
    const found = /^\s*"?((?:[^"\\]|\\.)*?)"?\s*<([^<>]+)>\s*$/.exec(text);
    const address = (found ? found[2] : text).trim();
    return { text: text.trim(), name: found ? found[1].replace(/\\(.)/g, "$1").trim() : "", address, ok: /^\S+@[^\s@]+$/.test(address) };
  }

  function mount(field, options) {
    const words = options.words;
    const box = document.createElement("div");
    box.className = "chips";
    const input = document.createElement("input");
    const list = document.createElement("ul");
    const id = `people-${++count}`;
    list.id = id;
    list.className = "menu people";
    list.hidden = true;
    list.setAttribute("role", "listbox");
    Object.assign(input, { type: "text", autocomplete: "off", spellcheck: false, id: field.id });
    for (const [name, value] of [["role", "combobox"], ["aria-expanded", "false"], ["aria-controls", id], ["aria-autocomplete", "list"]]) input.setAttribute(name, value);
    for (const name of ["aria-invalid", "aria-describedby"]) if (field.hasAttribute(name)) input.setAttribute(name, field.getAttribute(name));
    const wasFocused = document.activeElement === field || field.autofocus;
    field.removeAttribute("id");
    field.hidden = true;
    field.type = "hidden";
    field.after(box);
    box.append(input, list);
    let people = split(field.value).map(read);
    let items = [];
    let chosen = -1;
    let asked = 0;
    let timer = 0;
    const marks = new Map();
    // Who is answered has written here, so nothing is said of never having written there.
    const answered = new Set(options.isAnswer ? people.map((one) => one.address.toLowerCase()) : []);

    function store() {
      const rest = input.value.trim();
      field.value = [...people.map((one) => one.text), ...(rest ? [rest] : [])].join(", ");
    }

    function draw() {
      box.querySelectorAll(".chip").forEach((chip) => chip.remove());
      people.forEach((one, at) => {
        const chip = document.createElement("span");
        chip.className = "chip chip--to";
        chip.draggable = true;
        const mark = marks.get(one.address.toLowerCase());
        const isNew = mark?.kind === "first" && !answered.has(one.address.toLowerCase());
      if (!one.ok || isNew) chip.classList.add("chip--warn");
        chip.title = [one.address, isNew || mark?.kind === "outside" ? mark.text : ""].filter(Boolean).join(" · ");
        const label = document.createElement("span");
        label.className = "cut";
        label.dir = "auto";
        label.textContent = one.name || one.address;
        chip.append(label);
        if (isNew || mark?.kind === "outside") chip.append(Object.assign(document.createElement("span"), { className: "sr", textContent: mark.text }));
        if (mark && !isNew) chip.classList.add("chip--outside");
        const gone = Object.assign(document.createElement("button"), { type: "button", textContent: "×" });
        gone.setAttribute("aria-label", `${words.remove} ${one.name || one.address}`);
        gone.addEventListener("click", () => { people.splice(at, 1); changed(); input.focus(); });
        chip.append(gone);
        label.addEventListener("dblclick", () => { people.splice(at, 1); input.value = one.text; changed(); input.focus(); });
        chip.addEventListener("dragstart", (event) => {
          event.dataTransfer.setData("text/x-recipient", one.text);
          event.dataTransfer.effectAllowed = "move";
          dragged = () => { people = people.filter((other) => other !== one); changed(); };
        });
        input.before(chip);
      });
    }

    function changed() { draw(); store(); options.onChange?.(); look(); }

    function add(text) {
      for (const one of split(text).map(read)) {
        if (!people.some((other) => other.address.toLowerCase() === one.address.toLowerCase())) people.push(one);
      }
      input.value = "";
      close();
      changed();
    }

    function commit() { if (input.value.trim()) add(input.value); }
    function close() { list.hidden = true; chosen = -1; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); }

    async function suggest() {
      const text = input.value.trim();
      const mine = ++asked;
      if (!text) { close(); return; }
      try {
        const answer = await fetch(`${options.people}?q=${encodeURIComponent(text)}`, { headers: { "X-Compose": "1" } });
        if (mine !== asked || !answer.ok || document.activeElement !== input) return;
        items = (await answer.json()).items.filter((item) => !people.some((one) => one.address.toLowerCase() === item.address.toLowerCase() && item.address));
      } catch { return; }
      list.replaceChildren(...items.map((item, at) => {
        const line = document.createElement("li");
        line.id = `${id}-${at}`;
        line.setAttribute("role", "option");
        const name = Object.assign(document.createElement("b"), { textContent: item.name || item.address, dir: "auto" });
        const small = Object.assign(document.createElement("small"), { textContent: item.name ? item.address : "", className: "mono dim" });
        line.append(name, small);
        if (item.kind) line.append(Object.assign(document.createElement("span"), { className: "badge", textContent: item.count > 1 ? `${item.kind} ${item.count}` : item.kind }));
        line.addEventListener("mousedown", (event) => { event.preventDefault(); add(item.written); });
        return line;
      }));
      list.hidden = !items.length;
      input.setAttribute("aria-expanded", String(!list.hidden));
      pick(items.length ? 0 : -1);
    }

    function pick(at) {
      chosen = at;
      [...list.children].forEach((line, number) => line.setAttribute("aria-selected", String(number === at)));
      if (at >= 0) { input.setAttribute("aria-activedescendant", `${id}-${at}`); list.children[at].scrollIntoView({ block: "nearest" }); }
    }

    async function look() {
      const addresses = people.filter((one) => one.ok).map((one) => one.address);
      if (!addresses.length) return;
      try {
        const answer = await fetch(`${options.strangers}?list=${encodeURIComponent(addresses.join(", "))}`, { headers: { "X-Compose": "1" } });
        if (!answer.ok) return;
        marks.clear();
        for (const [address, mark] of Object.entries((await answer.json()).marks)) marks.set(address, mark);
        draw();
      } catch { /* the hint is a courtesy; sending checks again */ }
    }

    input.addEventListener("input", () => {
      store();
      options.onChange?.();
      clearTimeout(timer);
      timer = setTimeout(suggest, 90);
    });
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      const isOpen = !list.hidden && items.length;
      if (isOpen && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
        event.preventDefault();
        pick((chosen + (event.key === "ArrowDown" ? 1 : items.length - 1)) % items.length);
      } else if ((event.key === "Enter" || event.key === "Tab") && isOpen && chosen >= 0 && !event.ctrlKey && !event.metaKey && input.value.trim() && !read(input.value).ok) {
        event.preventDefault(); event.stopPropagation();
        add(items[chosen].written);
      } else if (event.key === "Enter" && isOpen && chosen >= 0 && !event.ctrlKey && !event.metaKey) {
        event.preventDefault(); event.stopPropagation();
        add(items[chosen].written);
      } else if (["Enter", ",", ";"].includes(event.key) && input.value.trim() && !event.ctrlKey && !event.metaKey) {
        if (event.key === "Enter" || read(input.value).ok) { event.preventDefault(); event.stopPropagation(); commit(); }
      } else if (event.key === "Backspace" && !input.value && people.length) {
        event.preventDefault();
        people.pop();
        changed();
      } else if (event.key === "Escape" && isOpen) {
        event.stopPropagation();
        close();
      }
    });
    input.addEventListener("paste", (event) => {
      const text = event.clipboardData?.getData("text/plain") || "";
      if (!/[,;\n]/.test(text)) return;
      event.preventDefault();
      add(input.value + text);
    });
    input.addEventListener("blur", () => setTimeout(() => { if (document.activeElement !== input) { close(); if (read(input.value).ok) commit(); } }, 120));
    box.addEventListener("click", (event) => { if (event.target === box) input.focus(); });
    box.addEventListener("dragover", (event) => { if (event.dataTransfer.types.includes("text/x-recipient")) event.preventDefault(); });
    box.addEventListener("drop", (event) => {
      const text = event.dataTransfer.getData("text/x-recipient");
      if (!text) return;
      event.preventDefault();
      const leave = dragged;
      dragged = null;
      leave?.();
      add(text);
    });
    draw();
    look();
    if (wasFocused) input.focus();
    return { input, commit, add, count: () => people.length };
  }

  let dragged = null;
  return { mount, split, read };
})();
