// Keys of lists and cases. A list: <table data-keys> or any element with data-keys; its rows are [data-row], each with a
// link [data-open]. Acts of a page: an element with data-key="c" is focused and clicked (or opened, for <details>).
(() => {
  const rows = () => [...document.querySelectorAll("[data-keys] [data-row]")];
  let here = -1;

  const move = (step) => {
    const all = rows();
    if (!all.length) return;
    all[here]?.classList.remove("is-here");
    here = Math.max(0, Math.min(all.length - 1, here + step));
    all[here].classList.add("is-here");
    const link = all[here].querySelector("[data-open]");
    (link || all[here]).focus();
    all[here].scrollIntoView({ block: "nearest" });
  };
  const open = () => rows()[here]?.querySelector("[data-open]")?.click();
  const act = (key) => {
    const inRow = rows()[here]?.querySelector(`[data-key="${key}"]`);
    const target = inRow || document.querySelector(`[data-key="${key}"]:not([data-row] *)`);
    if (!target) return false;
    if (target.tagName === "DETAILS") {
      target.open = true;
      (target.querySelector("textarea, input:not([type=hidden]), select, button") || target).focus();
    } else if (target.matches("textarea, input, select")) target.focus();
    else target.click();
    return true;
  };
  const search = () => {
    const field = document.querySelector("[data-search], .filters input:not([type=hidden]), .filters select, [data-log-search]");
    field?.focus();
    return Boolean(field);
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const done = {
      j: () => { if (!rows().length) return false; move(1); return true; },
      k: () => { if (!rows().length) return false; move(-1); return true; },
      o: () => { if (here < 0) return false; open(); return true; },
      "/": search, c: () => act("c"), q: () => act("q"), a: () => act("a"),
    }[event.key]?.();
    if (done) event.preventDefault();
  });
  document.addEventListener("htmx:afterSwap", () => { here = Math.min(here, rows().length - 1); });
})();
