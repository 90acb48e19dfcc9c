// Paper shows everything: folded parts are opened for it, and folded again afterwards.
const folded = [];
addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details:not([open])")) {
    part.open = true;
    folded.push(part);
  }
});
addEventListener("afterprint", () => {
  for (const part of folded.splice(0)) part.open = false;
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) print();
});
