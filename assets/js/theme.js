// Sets the colours before the first paint. Small and blocking on purpose: no flash of the other theme.
(() => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => {
    try { return localStorage.getItem("writ-theme") || "system"; } catch { return "system"; }
  };
  const apply = () => {
    const choice = chosen();
    const theme = choice === "system" ? (system.matches ? "dark" : "light") : choice;
    document.documentElement.setAttribute("data-bs-theme", theme);
    dispatchEvent(new CustomEvent("writ:theme", { detail: { choice, theme } }));
  };
  window.writTheme = {
    chosen,
    choose(choice) {
      try { localStorage.setItem("writ-theme", choice); } catch { /* private mode: holds for this page only */ }
      apply();
    },
  };
  system.addEventListener("change", apply);
  apply();
})();
