// Charts, drawn by Observable Plot from numbers that the page holds.
const colourOf = (variant) => COLOURS[currentView().rows.findIndex((row) => textOf(row[0]) === variant) % COLOURS.length];
const symbolOf = (variant) => SYMBOLS[currentView().rows.findIndex((row) => textOf(row[0]) === variant) % SYMBOLS.length];
const PLAIN = { style: { background: "transparent", color: "inherit", fontSize: "12px", overflow: "visible" } };
const longest = (names) => Math.min(190, 16 + 6.6 * Math.max(...names.map((name) => name.length), 1));
const cut = (name) => (name.length > 28 ? `${name.slice(0, 27)}…` : name);

function titled(figure, title, note, ...nodes) {
  figure.replaceChildren(element("figcaption", {}, title, note ? element("small", {}, ` ${note}`) : ""), ...nodes);
  return figure;
}

// Marks of a chart become buttons for mouse and keyboard; `open` gets the datum that a mark was made from.
function makeOpen(chart, selector, data, label, open) {
  chart.querySelectorAll(selector).forEach((node, index) => {
    const datum = data[index];
    if (!datum) return;
    node.setAttribute("role", "button");
    node.setAttribute("tabindex", "0");
    node.setAttribute("aria-label", label(datum));
    node.addEventListener("click", () => open(datum));
    node.addEventListener("keydown", (event) => { if (event.key === "Enter") open(datum); });
  });
  return chart;
}

// Names beside the signs of a chart in which there is no room for them.
function legend(names) {
  return element("ul", { class: "legend" }, ...names.map((name) => {
    const sign = Plot.dot([0], { symbol: symbolOf(name), fill: colourOf(name), r: 5, x: [8], y: [8] }).plot({ axis: null, width: 16, height: 16, margin: 0, x: { domain: [0, 16], range: [0, 16] }, y: { domain: [0, 16], range: [0, 16] }, style: "background: transparent" });
    sign.setAttribute("aria-hidden", "true");
    return element("li", {}, sign, name);
  }));
}

function drawHeatmaps() {
  const [table, view] = [currentTable(), currentView()];
  const ends = table.pairs.map((pair) => { const at = pair.lastIndexOf(":"); return [pair.slice(0, at), pair.slice(at + 1)]; });
  const sources = [...new Set(ends.map(([source]) => source))];
  const others = [...new Set(ends.map(([, target]) => target))];
  const targets = [...sources.filter((name) => others.includes(name)), ...others.filter((name) => !sources.includes(name))];
  const names = Object.keys(view.gaps).filter((name) => fits(name, state.strategy));
  const cells = names.flatMap((variant) => view.gaps[variant].flatMap((gap, index) => {
    if (!gap || !fits(table.pairs[index], state.pair)) return [];
    return [{ variant, index, source: ends[index][0], target: ends[index][1], gap: gap[0] * DATA.unit, half: gap[1] === null ? null : gap[1] * DATA.unit, verdict: verdictOf(gap) }];
  }));
  const failed = (cell) => cell.verdict === "training failed";
  const most = Math.max(...cells.filter((cell) => !failed(cell)).map((cell) => Math.abs(cell.gap)), 1e-9);
  const describe = (cell) => `${cell.variant}, ${cell.source} to ${cell.target}: ${withInterval(difference(cell.gap, view), cell.half === null ? null : shown(cell.half, view))}${view.percent ? " points" : ""}, ${cell.verdict}`;
  const sign = (cell) => ({ hurts: "↓", helps: "↑", "training failed": "✗" })[cell.verdict] || "";
  const figures = names.map((variant) => {
    const own = cells.filter((cell) => cell.variant === variant);
    if (!own.length) return null;
    const chart = Plot.plot({
      ...PLAIN, width: Math.max(300, longest(sources) + 62 * targets.length), height: 54 + 34 * sources.length, marginLeft: longest(sources.map(cut)), marginBottom: 44, padding: 0.06,
      ariaLabel: `${table.gap} of ${variant}`, x: { domain: targets, label: "target", tickFormat: cut, tickSize: 0, tickRotate: targets.length > 4 ? -20 : 0 }, y: { domain: sources, label: null, tickSize: 0, tickFormat: cut },
      color: { type: "diverging", scheme: "RdBu", reverse: true, domain: [-most, most], pivot: 0, clamp: true },
      marks: [
        Plot.cell(own, { x: "target", y: "source", fill: "gap", fillOpacity: (cell) => (failed(cell) ? 0.25 : 1), title: describe, rx: 3 }),
        Plot.text(own, { x: "target", y: "source", text: (cell) => difference(cell.gap, view) + sign(cell), fill: (cell) => (!failed(cell) && Math.abs(cell.gap) > 0.55 * most ? "#fff" : "#111"), pointerEvents: "none" }),
      ],
    });
    makeOpen(chart, "g[aria-label=cell] rect", own, describe, (cell) => openBehind(cell.variant, cell.index));
    return titled(element("figure"), variant, "sources ↓ × targets →", chart);
  });
  const none = element("p", { class: "caption" }, "No gap can be shown here: too few runs, or nothing to compare with.");
  document.getElementById("heatmaps").replaceChildren(...(cells.length ? figures.filter(Boolean) : [none]));
  document.getElementById("harm-caption").textContent =
    `${table.gap}${view.percent ? " in points" : ""}: error minus that of the reference. Blue, below 0: transfer helps; red, above 0: it hurts. ↑ and ↓: called so, at a false-discovery rate of 5 % over the table; ✗ and pale: a training failed, which is no effect of transfer.`;
}

// The ends of an axis on which all points are one: a scale of no width has one tick, with every digit. Otherwise the library's.
function around(values, [low, high]) {
  return new Set(values).size > 1 ? {} : { domain: [low(values[0]), high(values[0])] };
}

function drawCost() {
  const view = currentView();
  const points = view.cost.filter((point) => fits(point.variant, state.strategy));
  const figure = document.getElementById("cost");
  if (!points.length) return figure.replaceChildren();
  const best = points.filter((point) => point.on_frontier).sort((a, b) => a.seconds - b.seconds);
  const ranges = points.filter((point) => point.by !== null);
  const ends = points.flatMap((point) => [point.value - (point.by ?? 0), point.value + (point.by ?? 0)]);
  const step = view.percent ? 1 : 0.01;
  const text = (p) => `${p.variant}: ${withInterval(p.value.toFixed(view.percent ? 1 : 3), p.by === null ? null : p.by.toFixed(view.percent ? 1 : 3))}, ${compactNumber(p.seconds)} s a run`;
  const chart = Plot.plot({
    ...PLAIN, width: 560, height: 340, marginLeft: 48, marginRight: 20, marginTop: 24, marginBottom: 42, grid: true, ariaLabel: `${DATA.metrics[currentView().metric]} against seconds of a run`,
    x: { type: "log", label: "seconds of a run, with what it shares →", ticks: 4, tickFormat: (value) => String(Number(value.toPrecision(2))), ...around(points.map((point) => point.seconds), [(s) => s / 2, (s) => 2 * s]) },
    y: { label: `↑ ${DATA.metrics[currentView().metric]}${view.percent ? " in %" : ""}`, nice: true, ...around(ends, [(v) => v - step, (v) => v + step]) },
    marks: [
      Plot.line(best, { x: "seconds", y: "value", curve: "step-after", stroke: "currentColor", strokeOpacity: 0.45, strokeDasharray: "4 3" }),
      Plot.ruleX(ranges, { x: "seconds", y1: (p) => p.value - p.by, y2: (p) => p.value + p.by, stroke: (p) => colourOf(p.variant), strokeWidth: 1.5 }),
      Plot.dot(points, { x: "seconds", y: "value", r: 5.5, symbol: (p) => symbolOf(p.variant), fill: (p) => (p.on_frontier ? colourOf(p.variant) : "var(--raised)"), stroke: (p) => colourOf(p.variant), strokeWidth: 2, title: text }),
    ],
  });
  makeOpen(chart, "g[aria-label=dot] path", points, text, (point) => openBehind(point.variant));
  titled(figure, `${DATA.metrics[currentView().metric]} against cost`, "filled: nothing cheaper is as good; the oracle is a ceiling", chart, legend(points.map((point) => point.variant)));
}

// How scores rise with labels: the tables that differ in nothing but their label budget, side by side.
function drawBudgets() {
  const [table, view] = [currentTable(), currentView()];
  const alike = DATA.tables.filter((other) => other.shots !== null && ["setting", "backbone", "evaluation"].every((name) => other[name] === table[name]));
  const place = document.getElementById("budgets");
  if (table.shots === null || alike.length < 2) return place.replaceChildren();
  const domain = alike.map((other) => String(other.shots));
  const points = alike.flatMap((other) => (other.views[`${state.selection}|${state.metric}`]?.cost ?? []).map((point) => ({ ...point, shots: String(other.shots) }))).filter((point) => fits(point.variant, state.strategy));
  if (!points.length) return place.replaceChildren();
  const digits = view.percent ? 1 : 3;
  const text = (p) => `${p.variant}, ${p.shots} labels a class: ${withInterval(p.value.toFixed(digits), p.by === null ? null : p.by.toFixed(digits))}`;
  const chart = Plot.plot({
    ...PLAIN, width: 1100, height: 340, marginLeft: 48, marginTop: 24, marginBottom: 42, ariaLabel: "scores by label budget", x: { type: "point", domain, label: "labelled target examples of each class →", padding: 0.3 }, y: { label: `↑ ${DATA.metrics[currentView().metric]}${view.percent ? " in %" : ""}`, grid: true, nice: true },
    marks: [
      Plot.line(points, { x: "shots", y: "value", z: "variant", stroke: (p) => colourOf(p.variant), strokeWidth: 2 }),
      Plot.ruleX(points.filter((p) => p.by !== null), { x: "shots", y1: (p) => p.value - p.by, y2: (p) => p.value + p.by, stroke: (p) => colourOf(p.variant), strokeWidth: 1.5 }),
      Plot.dot(points, { x: "shots", y: "value", r: 5, symbol: (p) => symbolOf(p.variant), fill: (p) => colourOf(p.variant), title: text }),
    ],
  });
  place.replaceChildren(titled(element("figure"), "Up to how many labels does it help?", "means over pairs with their 95 % intervals", chart, legend([...new Set(points.map((point) => point.variant))])));
}

function drawRanks() {
  const { ranks, groups, pairs, critical_difference: distance } = currentView().ranks;
  const figure = document.getElementById("ranks");
  if (!ranks.length) return figure.replaceChildren();
  const names = ranks.map((rank) => rank.variant);
  const left = longest(names.map(cut));
  const text = (r) => `${r.variant}: average rank ${r.rank.toFixed(2)}${r.low === null ? "" : `, 95 % interval ${r.low.toFixed(2)} to ${r.high.toFixed(2)}`}`;
  const bars = (groups ?? []).map((group, index) => ({ index, low: ranks.find((r) => r.variant === group[0]).rank, high: ranks.find((r) => r.variant === group[group.length - 1]).rank, text: `not told apart: ${group.join(", ")}` }));
  const x = { domain: [1, names.length], label: "average rank, 1 is best →", grid: true };
  const chart = Plot.plot({
    ...PLAIN, width: 560, height: 74 + 30 * names.length, marginLeft: left, marginRight: 30, marginBottom: 42, ariaLabel: `average ranks over ${pairs} pairs`, x, y: { domain: names, label: null, tickFormat: cut },
    marks: [
      Plot.ruleY(ranks.filter((r) => r.low !== null), { y: "variant", x1: "low", x2: "high", stroke: (r) => colourOf(r.variant), strokeWidth: 3, strokeOpacity: 0.55 }),
      Plot.dot(ranks, { y: "variant", x: "rank", r: 6, fill: (r) => colourOf(r.variant), title: text }),
      Plot.text(ranks, { y: "variant", x: "rank", text: (r) => r.rank.toFixed(2), dy: -12 }),
    ],
  });
  const nodes = [chart];
  if (distance !== null) {
    nodes.push(element("figcaption", {}, "Critical difference", element("small", {}, ` ${distance.toFixed(2)} (Nemenyi, 5 %); a bar joins what is not told apart`)));
    nodes.push(Plot.plot({
      ...PLAIN, width: 560, height: 46 + 16 * Math.max(1, bars.length), marginLeft: left, marginRight: 30, ariaLabel: "critical-difference diagram", x: { ...x, label: null }, y: { domain: bars.map((bar) => bar.index), axis: null },
      marks: [
        Plot.ruleX(ranks, { x: "rank", stroke: (r) => colourOf(r.variant), title: text }),
        Plot.ruleY(bars, { y: "index", x1: "low", x2: "high", stroke: "currentColor", strokeWidth: 5, strokeLinecap: "round", title: "text" }),
      ],
    }));
  }
  titled(figure, `Average rank over ${pairs} pair${pairs === 1 ? "" : "s"}`, pairs < 10 ? "too few pairs for tests" : "pairs that share a domain are not independent", ...nodes);
}

function drawDots() {
  const [table, view] = [currentTable(), currentView()];
  const behind = common(view.behind);
  const names = view.rows.map((row) => textOf(row[0])).filter((name) => behind[name] && fits(name, state.strategy));
  const scale = view.percent ? 100 : 1;
  const points = [], means = [];
  for (const variant of names) table.pairs.forEach((pair, index) => {
    if (!fits(pair, state.pair)) return;
    const mean = view.means[variant][index];
    if (mean) means.push({ variant, pair, mean: scale * mean[0] * DATA.unit, half: mean[1] === null ? null : scale * mean[1] * DATA.unit });
    for (const at of behind[variant][index]) {
      const run = DATA.runs[at];
      const score = scoreOf(run, currentView().selection, currentView().metric) ?? (REFERENCES.includes(variant) ? scoreOf(run, "last", currentView().metric) : null);
      if (score !== null) points.push({ variant, pair, at, seed: run.seed, score: scale * score });
    }
  });
  const place = document.getElementById("dots");
  if (!points.length) return place.replaceChildren(element("p", { class: "caption" }, "No run has a score here."));
  const pairs = table.pairs.filter((pair) => points.some((point) => point.pair === pair));
  const rows = [...new Set(points.map((point) => point.variant))].sort((a, b) => names.indexOf(a) - names.indexOf(b));
  const text = (p) => `${p.variant} on ${p.pair}, seed ${p.seed}: ${p.score.toFixed(view.percent ? 1 : 3)}`;
  const width = Math.max(340, Math.min(1180, place.clientWidth || 1100));
  const chart = Plot.plot({
    ...PLAIN, width, height: 70 + pairs.length * (14 + 15 * rows.length), marginLeft: longest(rows.map(cut)), marginRight: Math.min(width / 4, longest(pairs.map(cut))), marginBottom: 42, ariaLabel: "scores of every run by pair and strategy",
    x: { label: `${DATA.metrics[currentView().metric]}${view.percent ? " in %" : ""} →`, grid: true, nice: true, axis: "both" }, y: { domain: rows, label: null, axis: "left", tickFormat: cut, tickSize: 0 }, fy: { domain: pairs, label: null, axis: "right", tickFormat: cut },
    marks: [
      Plot.frame({ stroke: "currentColor", strokeOpacity: 0.15 }),
      Plot.ruleY(means.filter((m) => m.half !== null), { fy: "pair", y: "variant", x1: (m) => m.mean - m.half, x2: (m) => m.mean + m.half, stroke: (m) => colourOf(m.variant), strokeWidth: 2 }),
      Plot.tickX(means, { fy: "pair", y: "variant", x: "mean", stroke: (m) => colourOf(m.variant), strokeWidth: 2.5, title: (m) => `${m.variant} on ${m.pair}: mean ${withInterval(m.mean.toFixed(1), m.half === null ? null : m.half.toFixed(1))}` }),
      Plot.dot(points, { fy: "pair", y: "variant", x: "score", r: 3, fill: (p) => colourOf(p.variant), fillOpacity: 0.55, stroke: "var(--paper)", strokeWidth: 0.5, title: text }),
    ],
  });
  // Facets regroup the dots, so each is found by the text that it bears.
  const byText = new Map(points.map((point) => [text(point), point]));
  chart.querySelectorAll("g[aria-label=dot] circle").forEach((node) => {
    const point = byText.get(node.querySelector("title")?.textContent);
    if (point) { node.classList.add("click"); node.addEventListener("click", () => openRun(point.at)); }
  });
  place.replaceChildren(chart);
}
