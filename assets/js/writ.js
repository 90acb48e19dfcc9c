// What every page does: theme button, menus, a lost connection, and keeping what was typed.
(() => {
  const page = document;
  const each = (selector, act, root = page) => root.querySelectorAll(selector).forEach(act);

  // --- theme ---------------------------------------------------------------------------------------------------
  const button = page.querySelector("[data-theme-toggle]");
  const showTheme = () => {
    const choice = window.writTheme.chosen();
    each("[data-when]", (part) => { part.hidden = part.dataset.when !== choice; }, button);
    button.setAttribute("aria-label", button.dataset[choice]);
    button.title = button.dataset[choice];
  };
  if (button) {
    const next = { system: "light", light: "dark", dark: "system" };
    button.addEventListener("click", () => { window.writTheme.choose(next[window.writTheme.chosen()]); showTheme(); });
    showTheme();
  }

  // --- menus ---------------------------------------------------------------------------------------------------
  const side = page.getElementById("side");
  const opener = page.querySelector("[data-menu]");
  const setMenu = (open) => {
    side.classList.toggle("is-open", open);
    opener.setAttribute("aria-expanded", String(open));
    (open ? side.querySelector("a") : opener).focus();
  };
  if (side && opener) {
    opener.addEventListener("click", (event) => { event.preventDefault(); setMenu(!side.classList.contains("is-open")); });
    side.querySelector("[data-menu-shut]").addEventListener("click", (event) => { event.preventDefault(); setMenu(false); });
  }
  page.addEventListener("click", (event) => {
    each("details[data-drop][open]", (drop) => { if (!drop.contains(event.target)) drop.open = false; });
    if (side?.classList.contains("is-open") && !side.contains(event.target) && !opener.contains(event.target)) setMenu(false);
  });
  page.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    each("details[data-drop][open]", (drop) => { drop.open = false; drop.querySelector("summary").focus(); });
    each("[data-chain]", (chain) => chain.classList.add("is-quiet"));
    if (side?.classList.contains("is-open")) setMenu(false);
  });
  // The facts of a link open to the side where there is room; Escape shuts them until the pointer moves to another.
  const place = (event) => {
    const link = event.target.closest?.(".chain-link");
    const facts = link?.querySelector(".chain-facts");
    if (!link || link.contains(event.relatedTarget)) return;
    link.closest("[data-chain]").classList.remove("is-quiet");
    facts?.classList.toggle("is-left", link.getBoundingClientRect().left + 290 > document.documentElement.clientWidth);
  };
  page.addEventListener("mouseover", place);
  page.addEventListener("focusin", place);

  // --- a lost connection ---------------------------------------------------------------------------------------
  const banner = page.getElementById("connection");
  let shown = null;
  const say = (what) => {
    if (what === shown) return;
    shown = what;
    banner.hidden = !what;
    if (!what) return;
    banner.classList.toggle("tone-bad", what !== "back");
    banner.classList.toggle("tone-ok", what === "back");
    banner.querySelector("[data-words]").textContent = banner.dataset[what];
  };
  const back = () => {
    if (shown !== "lost") return; // a poll that gets through says nothing of an act that failed
    say("back");
    setTimeout(() => { if (shown === "back") say(null); }, 4000);
  };
  addEventListener("offline", () => say("lost"));
  addEventListener("online", back);
  page.addEventListener("htmx:sendError", () => say("lost"));
  page.addEventListener("htmx:timeout", () => say("lost"));
  page.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    if (status === 401 || status === 403) say("refused");
    else if (status === 404 || status === 409) say("gone");
    else say("failed");
  });
  page.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.successful) return;
    back();
    if (shown !== "back" && event.detail.requestConfig.verb !== "get") say(null);
  });
  window.writConnection = { lost: () => say("lost"), back };

  // --- what was typed is kept -----------------------------------------------------------------------------------
  // A form with data-keep is remembered in this tab until the server has answered; a lost request loses nothing.
  const keyOf = (form, index) => `writ-keep:${location.pathname}:${form.id || form.getAttribute("action") || index}`;
  const isKept = (field) => field.name && !["password", "file", "hidden", "submit", "button"].includes(field.type);
  const isReturn = performance.getEntriesByType("navigation")[0]?.type !== "navigate";
  const read = (key) => { try { return JSON.parse(sessionStorage.getItem(key)); } catch { return null; } };
  const write = (key, value) => { try { sessionStorage.setItem(key, JSON.stringify(value)); } catch { /* full or shut: nothing to keep in */ } };

  const valuesOf = (form) => {
    const values = {};
    for (const field of form.elements) {
      if (!isKept(field)) continue;
      if (field.type === "checkbox" || field.type === "radio") (values[field.name] ||= []).push(...(field.checked ? [field.value] : []));
      else if (field.multiple) values[field.name] = [...field.selectedOptions].map((option) => option.value);
      else values[field.name] = [field.value];
    }
    return values;
  };
  const restore = (form, values) => {
    for (const field of form.elements) {
      const kept = isKept(field) && values[field.name];
      if (!kept) continue;
      if (field.type === "checkbox" || field.type === "radio") field.checked = kept.includes(field.value);
      else if (field.multiple) for (const option of field.options) option.selected = kept.includes(option.value);
      else field.value = kept[0] ?? "";
      field.dispatchEvent(new Event("writ:restored"));
    }
  };
  const keep = (form, index) => {
    if (form.dataset.kept) return;
    form.dataset.kept = "yes";
    const key = keyOf(form, index);
    const stored = read(key);
    if (stored && (!stored.sent || isReturn) && !form.querySelector(".is-invalid")) restore(form, stored.values);
    else sessionStorage.removeItem(key);
    form.addEventListener("input", () => write(key, { values: valuesOf(form), sent: false }));
    form.addEventListener("submit", (event) => {
      if (!navigator.onLine) { event.preventDefault(); say("lost"); return; }
      write(key, { values: valuesOf(form), sent: true });
    });
  };
  const keepAll = () => page.querySelectorAll("form[data-keep]").forEach(keep);
  keepAll();
  page.addEventListener("htmx:load", keepAll);

  // --- files dropped on an upload field -------------------------------------------------------------------------
  each("[data-upload]", (zone) => {
    const input = zone.querySelector("input[type=file]");
    zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("is-over"); });
    zone.addEventListener("dragleave", () => zone.classList.remove("is-over"));
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.classList.remove("is-over");
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
  });
})();
