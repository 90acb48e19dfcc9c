// Capacity over time: <figure data-gantt-url="…">. A row is a host; lanes within it where jobs share it.
// The address answers {"now", "bars": [{host, label, kind, devices, from, to, late, url}], "ends": [{label, at, devices}]}.
(() => {
  const probe = document.createElement("i");
  probe.hidden = true;
  document.body.append(probe);
  const resolved = (name) => { probe.style.color = `var(${name})`; return getComputedStyle(probe).color; };
  const at = (text) => new Date(text).getTime();
  const TONES = { past: "--w-line-strong", running: "--w-accent", booked: "--w-wait-line" };
  const ROW = 26;

  // Bars of one host that overlap stand in lanes of their own.
  const lanes = (bars) => {
    const hosts = new Map();
    for (const bar of bars) {
      const mine = hosts.get(bar.host) ?? hosts.set(bar.host, []).get(bar.host);
      const end = at(bar.late ?? bar.to);
      let lane = mine.findIndex((until) => until <= at(bar.from));
      if (lane < 0) lane = mine.push(0) - 1;
      mine[lane] = end;
      bar.lane = lane;
    }
    const rows = [...hosts].flatMap(([host, all]) => all.map((_, lane) => ({ host, lane })));
    for (const bar of bars) bar.row = rows.findIndex((row) => row.host === bar.host && row.lane === bar.lane);
    return rows;
  };

  const draw = (chart, data, figure) => {
    const rows = lanes(data.bars);
    const ink = resolved("--w-ink"), quiet = resolved("--w-ink-2");
    const last = Math.max(at(data.now) + 6 * 3.6e6, ...data.bars.map((bar) => at(bar.late ?? bar.to)));
    const ends = data.ends.filter((end) => at(end.at) > at(data.now) - 864e5);
    const lines = [
      { xAxis: at(data.now), label: { formatter: figure.dataset.now, align: "left" }, lineStyle: { color: resolved("--w-info-line"), type: "solid", width: 2 } },
      ...ends.map((end) => ({ xAxis: at(end.at), label: { formatter: end.label, align: "right" }, lineStyle: { color: resolved("--w-bad-line"), type: "dashed", width: 2 } })),
    ];
    // A bar is a thick line from its start to its end, with a point in its middle to point at; then a gap.
    const span = (bar, from, to) => [from, (from + to) / 2, to].map((x) => ({ value: [x, bar.row], bar })).concat({ value: ["-", "-"] });
    const strip = (kind, tone, width, opacity, ends) => ({
      type: "line", name: kind, data: data.bars.filter(ends.wanted).flatMap((bar) => span(bar, ends.from(bar), ends.to(bar))),
      symbol: "rect", symbolSize: width, itemStyle: { opacity: 0 }, emphasis: { disabled: true }, lineStyle: { width, opacity, color: resolved(tone), cap: "butt", join: "bevel" },
    });
    const held = (kind) => ({ wanted: (bar) => bar.kind === kind, from: (bar) => at(bar.from), to: (bar) => at(bar.to) });
    const late = { wanted: (bar) => bar.late && at(bar.late) > at(bar.to), from: (bar) => at(bar.to), to: (bar) => at(bar.late) };
    const strips = [
      strip("late", TONES.running, ROW - 10, 0.35, late), strip("past", TONES.past, ROW - 10, 1, held("past")),
      strip("running", TONES.running, ROW - 10, 1, held("running")), strip("booked", TONES.booked, 6, 1, held("booked")),
    ];
    strips[0].markLine = { silent: true, symbol: "none", data: lines, label: { color: ink, fontSize: 11, position: "start", rotate: 0 } };
    chart.setOption({
      animation: false,
      grid: { left: 8, right: 24, top: 36, bottom: 8, containLabel: true },
      tooltip: { renderMode: "richText", confine: true, backgroundColor: resolved("--w-surface"), borderColor: resolved("--w-line-strong"), textStyle: { color: ink, fontSize: 12 },
        formatter: ({ data: { bar } }) => { const clock = (text) => text.slice(0, 16).replace("T", " ");
          return `${bar.label}: ${bar.devices} ${figure.dataset.devices}\n${clock(bar.from)} – ${clock(bar.to)}${bar.late ? `\n${figure.dataset.late} ${clock(bar.late)}` : ""}`; } },
      useUTC: true,
      xAxis: { type: "time", min: at(data.now) - 864e5, max: Math.max(last, ...ends.map((end) => at(end.at) + 3.6e6)), axisLabel: { color: quiet, hideOverlap: true }, splitLine: { show: true, lineStyle: { color: resolved("--w-line") } } },
      yAxis: { type: "category", inverse: true, data: rows.map((row) => (row.lane ? "" : row.host)), axisLabel: { color: quiet, width: 120, overflow: "truncate" }, axisTick: { show: false } },
      series: strips,
    }, { notMerge: true });
    chart.resize({ height: 76 + Math.max(rows.length, 1) * ROW });
  };

  const start = async (figure) => {
    const canvas = document.createElement("div");
    canvas.className = "gantt-canvas";
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", figure.querySelector("figcaption").textContent);
    figure.prepend(canvas);
    const answer = await fetch(figure.dataset.ganttUrl, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const data = await answer.json();
    const chart = window.echarts.init(canvas, null, { renderer: "canvas", height: 160 });
    draw(chart, data, figure);
    figure.dataset.drawn = "yes";
    chart.on("click", ({ data: point }) => { if (point?.bar?.url) location.assign(point.bar.url); });
    addEventListener("writ:theme", () => draw(chart, data, figure));
    new ResizeObserver(() => chart.resize({ width: canvas.clientWidth })).observe(canvas);
  };
  document.querySelectorAll("[data-gantt-url]").forEach(start);
})();
