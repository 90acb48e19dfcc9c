// Live curves: <figure data-chart-url="…" data-refresh-ms="2000">, one small chart a series, since their units differ.
// The address answers {"series": [{"name", "unit", "points": [[x, y]]}], "x_name": "step", "is_final": false}.
(() => {
  const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const number = (value) => new Intl.NumberFormat(document.documentElement.lang, { maximumSignificantDigits: 5 }).format(value);

  // light-dark() only resolves on a real property, so a probe element is asked.
  const probe = document.createElement("i");
  probe.hidden = true;
  document.body.append(probe);
  const resolved = (name) => { probe.style.color = `var(${name})`; return getComputedStyle(probe).color; };

  const options = (series, xName, tone) => ({
    animation: false,
    grid: { left: 8, right: 16, top: 34, bottom: 4, containLabel: true },
    title: { text: `${series.name}${series.unit ? `, ${series.unit}` : ""}, by ${xName}`, left: 0, top: 0,
      textStyle: { color: resolved("--w-ink"), fontSize: 13, fontWeight: 600, fontFamily: colour("--w-sans") } },
    tooltip: { trigger: "axis", renderMode: "richText", valueFormatter: number, confine: true,
      backgroundColor: resolved("--w-surface"), borderColor: resolved("--w-line-strong"), textStyle: { color: resolved("--w-ink"), fontSize: 12 } },
    xAxis: { type: "value", min: "dataMin", max: "dataMax",
      axisLabel: { color: resolved("--w-ink-2"), hideOverlap: true }, axisLine: { lineStyle: { color: resolved("--w-line-strong") } }, splitLine: { show: false } },
    yAxis: { type: "value", scale: true, splitNumber: 4, axisLabel: { color: resolved("--w-ink-2"), formatter: (value) => number(value) }, splitLine: { lineStyle: { color: resolved("--w-line") } } },
    series: [{ type: "line", name: series.name, data: series.points, showSymbol: series.points.length < 2, symbolSize: 5, sampling: "lttb",
      lineStyle: { width: 2, color: resolved(tone) }, itemStyle: { color: resolved(tone) } }],
  });

  const element = (tag, properties, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };

  const table = (all, xName) => {
    const xs = [...new Set(all.flatMap((series) => series.points.map(([x]) => x)))].sort((a, b) => a - b);
    const step = Math.max(1, Math.ceil(xs.length / 40));
    const shown = xs.filter((_, index) => index % step === 0 || index === xs.length - 1);
    const at = all.map((series) => new Map(series.points));
    const head = element("tr", {}, element("th", { scope: "col", textContent: xName }),
      ...all.map((series) => element("th", { scope: "col", className: "num", textContent: `${series.name}${series.unit ? ` (${series.unit})` : ""}` })));
    const body = shown.map((x) => element("tr", {}, element("th", { scope: "row", textContent: number(x) }),
      ...at.map((values) => element("td", { className: "num", textContent: values.has(x) ? number(values.get(x)) : "–" }))));
    return element("table", { className: "table" }, element("thead", {}, head), element("tbody", {}, ...body));
  };

  const TONES = ["--w-accent", "--w-ok-line", "--w-wait-line", "--w-info-line"];

  class Curves {
    constructor(figure) {
      this.figure = figure;
      this.charts = new Map();
      this.latest = null;
      this.now = element("dl", { className: "chart-now" });
      this.board = element("div", { className: "halves" });
      this.note = element("p", { className: "quiet mb-0", textContent: figure.dataset.empty });
      this.details = element("details", { className: "no-print", hidden: true }, element("summary", { textContent: figure.dataset.table }));
      this.holder = this.details.appendChild(element("div", { className: "table-wrap" }));
      this.details.addEventListener("toggle", () => this.fillTable());
      figure.append(this.now, this.note, this.board, this.details);
      addEventListener("writ:theme", () => this.draw());
      new ResizeObserver(() => this.charts.forEach((chart) => chart.resize())).observe(figure);
      this.tick();
    }

    async tick() {
      if (!this.figure.isConnected) return;
      try {
        if (!document.hidden) await this.load();
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        window.writConnection?.lost();
      }
      if (!this.latest?.is_final) setTimeout(() => this.tick(), Number(this.figure.dataset.refreshMs));
    }

    async load() {
      const answer = await fetch(this.figure.dataset.chartUrl, { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      window.writConnection?.back();
      this.latest = await answer.json();
      this.draw();
    }

    draw() {
      if (!this.latest) return;
      const all = this.latest.series.filter((series) => series.points.length);
      this.note.hidden = all.length > 0;
      this.details.hidden = all.length === 0;
      all.forEach((series, index) => this.drawOne(series, TONES[index % TONES.length]));
      this.now.replaceChildren(...all.map((series) => element("div", {}, element("dt", { textContent: series.name }),
        element("dd", { textContent: `${number(series.points.at(-1)[1])} ${series.unit || ""}`.trim() }))));
      this.fillTable();
    }

    drawOne(series, tone) {
      if (!this.charts.has(series.name)) {
        const canvas = element("div", { className: "chart-canvas", role: "img" });
        canvas.setAttribute("aria-label", `${this.figure.dataset.title}: ${series.name}`);
        this.board.append(canvas);
        this.charts.set(series.name, window.echarts.init(canvas, null, { renderer: "canvas" }));
      }
      this.charts.get(series.name).setOption(options(series, this.latest.x_name || "step", tone), { notMerge: isStill, lazyUpdate: true });
    }

    fillTable() {
      if (this.details.open && this.latest) this.holder.replaceChildren(table(this.latest.series, this.latest.x_name || "step"));
    }
  }

  const start = (root) => root.querySelectorAll?.("[data-chart-url]:not([data-started])").forEach((figure) => {
    figure.dataset.started = "yes";
    new Curves(figure);
  });
  start(document);
  document.addEventListener("htmx:load", (event) => start(event.target));
})();
