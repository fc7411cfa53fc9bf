// What pages of the dashboard do in a browser that runs scripts. All of them work without it.
"use strict";

// What carries `data-copy`, its name, gets a button behind it that copies it.
const copyButtons = (() => {
  const words = document.currentScript.dataset;

  const textOf = (source) => ("value" in source ? source.value : source.textContent);

  // Browsers have a clipboard only on pages with https, and on this machine.
  function copyBySelecting(source) {
    const area = document.createElement("textarea");
    area.value = textOf(source);
    area.readOnly = true;
    area.className = "unseen";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }

  async function copy(source) {
    try {
      await navigator.clipboard.writeText(textOf(source));
      return true;
    } catch {
      return copyBySelecting(source);
    }
  }

  // What is written into an element that is there already is read aloud.
  function tell(button) {
    document.querySelector(".copied")?.remove();
    const told = document.createElement("span");
    told.setAttribute("role", "status");
    told.className = "hint copied";
    button.after(told);
    setTimeout(() => { told.textContent = words.copied; }, 50);
  }

  function add(source) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet copy";
    button.textContent = words.copy;
    button.setAttribute("aria-label", words.copy + words.colon + source.dataset.copy);
    source.after(button);
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    const done = await copy(button.previousElementSibling);
    button.focus();
    if (done) tell(button);
  });
  const addAll = (root) => root.querySelectorAll("[data-copy]").forEach(add);
  addAll(document.body);
  return { addAll };
})();

// A page with `data-refresh`, in seconds, updates itself while it is visible: it is requested again, and what differs
// is replaced. Elements with a key (an id, or `data-key`) are recognised when others come before them. What people
// have typed, opened, selected or focused stays. While nothing changes, the page asks less often.
(() => {
  const main = document.querySelector("main[data-refresh]");
  const line = document.querySelector("[data-refresh-line]");
  if (!main || !line) return;
  const [text, button] = line.children;
  const FIRST = main.dataset.refresh * 1000, LAST = 60_000, GROWTH = 1.3, MOST_FAULTS = 3, OFF = "refresh-off";
  let wait = FIRST, faults = 0, timer = 0, isOff = false;

  const keyOf = (node) => node.id || node.dataset?.key || node.getAttribute?.("aria-labelledby") || "";

  function patch(old, fresh) {
    if (old.isEqualNode(fresh)) return false;
    if (old.nodeName !== fresh.nodeName || keyOf(old) !== keyOf(fresh)) {
      old.replaceWith(fresh);
    } else if (old.nodeType === Node.ELEMENT_NODE) {
      patchAttributes(old, fresh);
      patchChildren(old, [...fresh.childNodes]);
    } else {
      old.nodeValue = fresh.nodeValue;
    }
    return true;
  }

  function patchAttributes(old, fresh) {
    const names = new Set([...old.getAttributeNames(), ...fresh.getAttributeNames()]);
    if (old.nodeName === "DETAILS") names.delete("open");
    for (const name of names) {
      const value = fresh.getAttribute(name);
      if (value === null) old.removeAttribute(name);
      else if (value !== old.getAttribute(name)) old.setAttribute(name, value);
    }
  }

  function patchChildren(parent, wanted) {
    const keys = new Set(wanted.map(keyOf).filter(Boolean));
    const known = new Set([...parent.childNodes].map(keyOf).filter(Boolean));
    let next = parent.firstChild;
    const passed = () => {
      const one = next;
      next = one.nextSibling;
      return one;
    };
    for (const fresh of wanted) {
      const key = keyOf(fresh);
      while (next && keyOf(next) && !keys.has(keyOf(next))) passed().remove();
      if (key && known.has(key)) while (next && keyOf(next) !== key) passed().remove();
      if (next && keyOf(next) === key && next.nodeName === fresh.nodeName) patch(passed(), fresh);
      else parent.insertBefore(fresh, next);
    }
    while (next) passed().remove();
  }

  async function refresh() {
    // The server does not count these requests as use of the session, so that it still ends.
    const answer = await fetch(location.href, { headers: { "X-Refresh": "1" }, redirect: "error" });
    if (!answer.ok) throw new Error(answer.statusText);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
    copyButtons.addAll(fresh);
    // Nothing moves away under a finger, or while a refresh was on its way.
    if (isOff || document.hidden || main.querySelector(":active")) return;
    wait = patch(main, fresh) ? FIRST : Math.min(wait * GROWTH, LAST);
  }

  async function tick() {
    try {
      await refresh();
      faults = 0;
    } catch {
      faults += 1;
      wait = Math.min(wait * 2, LAST);
    }
    if (faults === MOST_FAULTS) say(true, line.dataset.failed);
    plan();
  }

  function plan() {
    clearTimeout(timer);
    if (!isOff && !document.hidden) timer = setTimeout(tick, wait);
  }

  function say(off, sentence) {
    isOff = off;
    text.textContent = sentence;
    button.textContent = off ? line.dataset.start : line.dataset.stop;
  }

  button.addEventListener("click", () => {
    [wait, faults] = [FIRST, 0];
    say(!isOff, isOff ? line.dataset.on : line.dataset.off);
    if (isOff) sessionStorage.setItem(OFF, "1");
    else sessionStorage.removeItem(OFF);
    plan();
  });
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden && !isOff) tick();
  });
  const wasOff = sessionStorage.getItem(OFF) === "1";
  say(wasOff, wasOff ? line.dataset.off : line.dataset.on);
  line.hidden = false;
  plan();
})();

// A button with `data-own-zone`, the id of a field, fills in the browser's time zone and sends the form.
for (const button of document.querySelectorAll("[data-own-zone]")) {
  const field = document.getElementById(button.dataset.ownZone);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone || zone === field.value) continue;
  button.textContent += ` (${zone})`;
  button.hidden = false;
  button.addEventListener("click", () => {
    field.value = zone;
    field.form.requestSubmit();
  });
}
