// Keeps this page up to date. The server sends the parts of the page that have changed, as the page
// itself would have them; this script puts them in their places and makes no HTML of its own.
"use strict";
(() => {
  const bar = document.querySelector("[data-live]");
  if (!bar || !window.EventSource) return;
  const state = bar.querySelector("[data-live-state]");
  const button = bar.querySelector("[data-live-button]");
  const said = bar.querySelector("[data-live-said]");
  const FIRST_DELAY = 1000, LONGEST_DELAY = 60000, QUIET = 10000;
  const LONGEST_SILENCE = 45000;  // the server says something every 15 seconds

  let stream = null, isPaused = false, delay = FIRST_DELAY, timer = 0, silence = 0;

  // The stream: one, and only while somebody may see the page

  function open() {
    clearTimeout(timer);
    if (stream || isPaused || document.visibilityState !== "visible") return;
    show("wait", "Connecting");
    stream = new EventSource(bar.dataset.live);
    listen();
    stream.addEventListener("beat", listen);
    stream.addEventListener("parts", (event) => {
      delay = FIRST_DELAY;
      listen();
      show("on", "Live");
      apply(event.data);
    });
    stream.addEventListener("again", () => {  // the platform was reset
      close();
      delay = FIRST_DELAY;
      open();
    });
    // A refusal of the server, such as too many live pages, ends an event source by itself.
    stream.onerror = () => tryLater(stream.readyState === EventSource.CLOSED);
  }

  function listen() {
    clearTimeout(silence);
    silence = setTimeout(() => tryLater(false), LONGEST_SILENCE);
  }

  function tryLater(isRefused) {
    if (bar.dataset.kind === "on") say("This page is not live now.");
    close();
    if (isRefused) delay = LONGEST_DELAY / 2;
    const wait = delay * (0.75 + Math.random() / 2);
    delay = Math.min(2 * delay, LONGEST_DELAY);
    timer = setTimeout(open, wait);
    const problem = isRefused ? "has no place for this page" : "does not answer";
    show("off", `Not live: the server ${problem}. Next try in ${Math.max(1, Math.round(wait / 1000))} s.`);
  }

  function close() {
    clearTimeout(timer);
    clearTimeout(silence);
    stream?.close();
    stream = null;
  }

  function show(kind, words) {
    bar.dataset.kind = kind;
    if (state.textContent !== words) state.textContent = words;
    const action = isPaused ? "Go on" : "Pause";
    if (button.textContent !== action) button.textContent = action;
  }

  function follow() {
    if (!isPaused && document.visibilityState === "visible") return open();
    close();
    show("off", "Paused");
  }

  button.addEventListener("click", () => {
    isPaused = !isPaused;
    delay = FIRST_DELAY;
    follow();
  });
  document.addEventListener("visibilitychange", follow);
  addEventListener("pagehide", close);
  addEventListener("pageshow", follow);

  // For those who do not see the page: the newest of it, and seldom

  let lastSaid = Date.now(), sayTimer = 0;

  function say(words) {
    clearTimeout(sayTimer);
    sayTimer = setTimeout(() => {
      lastSaid = Date.now();
      said.textContent = words;
    }, Math.max(0, lastSaid + QUIET - Date.now()));
  }

  // The parts

  const late = new Map();  // parts of which something stays for now, because the reader is in it

  function apply(text) {
    const parts = new DOMParser().parseFromString(text, "text/html").querySelectorAll("[data-part]");
    for (const part of parts) late.set(part.dataset.part, part);
    settle();
  }

  function settle() {
    keepPlace(() => {
      for (const [name, fresh] of [...late]) {
        const old = document.querySelector(`[data-part="${name}"]`);
        if (!old || !renew(old, fresh)) late.delete(name);
        if (old && name === "news") hear(old.textContent);
      }
    });
    tick();
  }

  let heard = document.querySelector('[data-part="news"]')?.textContent;

  function hear(words) {
    if (words !== heard) say(words);
    heard = words;
  }

  const settleLate = () => { if (late.size) settle(); };
  document.addEventListener("focusout", () => setTimeout(settleLate));
  document.addEventListener("scrollend", settleLate);

  // What the reader sees stays where it is, unless the top of the page is in sight.

  let kept = null;  // the element that stayed in its place at the last change, and that place

  function keepPlace(change) {
    const mark = scrollY > 0 ? landmark() : null;
    let top = mark?.getBoundingClientRect().top;
    // A browser scrolls by whole pixels: parts of them must not add up from change to change.
    if (mark && kept?.mark === mark && Math.abs(kept.top - top) < 1) top = kept.top;
    kept = mark && { mark, top };
    change();
    if (mark?.isConnected) {
      const moved = mark.getBoundingClientRect().top - top;
      if (moved) scrollBy({ top: moved, behavior: "instant" });
    }
  }

  function landmark() {
    const active = document.activeElement;
    if (active && active !== document.body && isInSight(active)) return active;
    return [...document.querySelectorAll("[data-key], main > *, .card")].find((each) => {
      const { top, bottom } = each.getBoundingClientRect();
      return top >= 0 && bottom > 0 && top < innerHeight;
    });
  }

  function isInSight(element) {
    const { top, bottom } = element.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
  }

  function isBusy(node) {
    if (node.nodeType !== Node.ELEMENT_NODE) return false;
    if (node.contains(document.activeElement)) return true;
    return scrollY > 0 && node.matches("li[data-key]") && isInSight(node);
  }

  const FIELDS = "input:not([type=hidden]), select, textarea";

  function isTyped(field) {
    if (field === document.activeElement) return true;
    if (field.matches("select")) return [...field.options].some((each) => each.selected !== each.defaultSelected);
    if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
    return field.value !== field.defaultValue;
  }

  // Makes an element as the fresh one. Returns whether something stayed that should be gone.

  function renew(old, fresh) {
    if (old.isEqualNode(fresh)) return false;
    if (old.matches(FIELDS) && isTyped(old)) return false;
    for (const { name } of [...old.attributes]) {
      const isOpen = name === "open" && old.matches("details");
      if (!fresh.hasAttribute(name) && !isOpen) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    return renewChildren(old, fresh);
  }

  function renewChildren(old, fresh) {
    const wanted = [...fresh.childNodes];
    const keys = new Set(wanted.map(keyOf).filter(Boolean));
    const byKey = new Map();
    for (const each of old.childNodes) if (keyOf(each)) byKey.set(keyOf(each), each);
    let stays = false, place = old.firstChild;
    const skip = () => {
      // What is not wanted any more goes, or stays where it is while the reader is in it.
      while (place && keyOf(place) && !keys.has(keyOf(place))) {
        const next = place.nextSibling;
        if (isBusy(place)) stays = true;
        else place.remove();
        place = next;
      }
    };
    for (const each of wanted) {
      skip();
      const key = keyOf(each), known = key && byKey.get(key);
      if (known) {
        place = passTo(known, place, keys);
        if (known === place) place = place.nextSibling;
        else old.insertBefore(known, place);
        if (!("same" in each.dataset)) stays = renew(known, each) || stays;
      } else if (!key && place && !keyOf(place) && isAlike(place, each)) {
        const found = place;
        place = place.nextSibling;
        if (found.nodeType === Node.ELEMENT_NODE) stays = renew(found, each) || stays;
        else if (found.data !== each.data) found.data = each.data;
      } else {
        const made = old.insertBefore(document.importNode(each, true), place);
        if (key) made.classList?.add("fresh");
      }
    }
    while (place) {
      const next = place.nextSibling;
      if (isBusy(place)) stays = true;
      else place.remove();
      place = next;
    }
    return stays;
  }

  // Removes what has no key before a known element: moving the element would take its focus away.
  function passTo(known, place, keys) {
    let end = place;
    while (end && end !== known && !keys.has(keyOf(end))) end = end.nextSibling;
    if (end !== known) return place;
    while (place !== known) {
      const next = place.nextSibling;
      if (!isBusy(place)) place.remove();
      place = next;
    }
    return place;
  }

  function keyOf(node) {
    return node.dataset?.key;
  }

  function isAlike(one, other) {
    return one.nodeName === other.nodeName && one.id === other.id;
  }

  // The platform's clock goes on by itself

  let clock = null;

  function tick() {
    const shown = document.querySelector("time[data-ticks]");
    const at = shown?.getAttribute("datetime");
    if (clock?.at !== at || clock?.shown !== shown) {
      clock = at ? { shown, at, begin: Date.parse(at), since: performance.now() } : null;
    }
    if (!clock) return;
    const now = new Date(clock.begin + performance.now() - clock.since);
    const words = now.toISOString().slice(0, 19).replace("T", " ");
    if (shown.textContent !== words) shown.textContent = words;
  }

  setInterval(tick, 1000);
  bar.hidden = false;
  follow();
})();
