// A choice of more than a dozen entries is searched by typing. Without scripts it stays a plain list.
(() => {
  const LONG = 12;
  const grow = (root) => root.querySelectorAll("select").forEach((select) => {
    if (select.tomselect || select.options.length <= LONG || select.disabled) return;
    const search = new window.TomSelect(select, {
      maxOptions: 300,
      create: false,
      allowEmptyOption: !select.multiple,
      plugins: select.multiple ? ["remove_button"] : [],
      onItemAdd() { this.setTextboxValue(""); this.refreshOptions(false); },
    });
    select.setAttribute("aria-hidden", "true"); // the search field has taken its label
    // What writ.js put back into the list after a lost connection shows here too.
    select.addEventListener("writ:restored", () => search.sync());
  });
  grow(document);
  document.addEventListener("htmx:load", (event) => grow(event.detail.elt));
})();
