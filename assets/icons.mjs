// Rebuilds assets/icons.svg, the one sprite of the pages, from the npm package @tabler/icons (MIT).
//   npm install --no-save @tabler/icons@3 && node assets/icons.mjs node_modules/@tabler/icons
// To use a further icon, add its Tabler name below and run this again. Names: https://tabler.io/icons
import { readFileSync, writeFileSync } from "node:fs";

const NAMES = `
  alert-octagon alert-triangle archive arrow-right arrow-up-right ban bell bolt building building-bank
  building-warehouse calendar certificate chart-line check checks checklist chevron-down chevron-left chevron-right
  chevron-up circle circle-check circle-dashed circle-dot circle-half-2 circle-minus circle-x clipboard-check clock
  clock-exclamation clock-pause copy cpu database device-desktop dots download edit external-link eye file-certificate
  file-text filter fingerprint flag gavel help-circle history hourglass id info-circle key keyboard license link list-check
  list-search loader lock logout map-pin menu-2 message message-question minus moon note package paperclip pencil player-pause
  player-play player-stop plus power printer question-mark receipt refresh report-search rosette-discount-check
  scale search send server settings shield-check shield-lock shield-x ship shopping-cart sitemap snowflake square-check
  sun switch-horizontal terminal-2 test-pipe tool trash truck unlink upload user user-check user-search users wifi-off world x
`.trim().split(/\s+/);

const source = process.argv[2];
const symbols = [...new Set(NAMES)].sort().map((name) => {
  const svg = readFileSync(`${source}/icons/outline/${name}.svg`, "utf8");
  const body = svg.replace(/<!--[\s\S]*?-->/g, "").replace(/^\s*<svg[^>]*>|<\/svg>\s*$/g, "");
  const paths = body.replace(/<path stroke="none"[^>]*\/>/g, "").replace(/\s*\n\s*/g, "");
  return `<symbol id="${name}" viewBox="0 0 24 24">${paths}</symbol>`;
});
writeFileSync(
  new URL("icons.svg", import.meta.url),
  `<!-- Tabler Icons, MIT licence, https://tabler.io/icons; made by icons.mjs -->\n` +
    `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`,
);
