// How scores rise with labels, by target: a panel for each, below the chart of the mean over all pairs.
const byTarget = element("div", { class: "panels", id: "budgets-by-target", style: "margin-top: 14px" });
document.getElementById("budgets").after(byTarget);

function drawBudgetsByTarget() {
  const view = currentView();
  const curve = (DATA.budgets?.[`${state.selection}|${state.metric}`] ?? []).find((one) => one.tables.includes(state.table));
  const panels = (curve?.panels ?? []).filter((panel) => panel.target && fits(panel.target, state.pair.split(":").pop()));
  byTarget.replaceChildren(...panels.map((panel) => budgetPanel(panel, curve, view)).filter(Boolean));
}

function budgetPanel(panel, curve, view) {
  const digits = view.percent ? 1 : 3;
  const lines = panel.lines.filter((line) => fits(line.variant, state.strategy));
  const points = lines.flatMap((line) => (line.points ?? []).map((point) => ({ ...point, variant: line.variant })));
  const levels = lines.filter((line) => line.level).map((line) => ({ ...line.level, variant: line.variant }));
  if (!points.length && !levels.length) return null;
  const ends = [...points, ...levels].flatMap((p) => [p.value - (p.by ?? 0), p.value + (p.by ?? 0)]);
  // An interval of t may reach beyond what there is.
  const within = (value) => (curve.unit === "%" ? Math.min(100, Math.max(0, value)) : value);
  const number = (p) => withInterval(p.value.toFixed(digits), p.by === null ? null : p.by.toFixed(digits));
  const chart = Plot.plot({
    ...PLAIN, width: 340, height: 280, marginLeft: 44, marginTop: 20, marginBottom: 38, ariaLabel: `scores by label budget, ${panel.title}`,
    x: { type: "point", domain: curve.budgets, label: "label budget →", padding: 0.4 }, y: { label: `↑ ${curve.metric}${curve.unit ? ` in ${curve.unit}` : ""}`, grid: true, nice: true, clamp: true, domain: [within(Math.min(...ends)), within(Math.max(...ends))] },
    marks: [
      Plot.ruleY(levels, { y: "value", stroke: (p) => colourOf(p.variant), strokeWidth: 1.5, strokeDasharray: "5 4", title: (p) => `${p.variant}, any budget: ${number(p)}` }),
      Plot.line(points, { x: "budget", y: "value", z: "variant", stroke: (p) => colourOf(p.variant), strokeWidth: 2 }),
      Plot.ruleX(points.filter((p) => p.by !== null), { x: "budget", y1: (p) => p.value - p.by, y2: (p) => p.value + p.by, stroke: (p) => colourOf(p.variant), strokeWidth: 1.5 }),
      Plot.dot(points, { x: "budget", y: "value", r: 4, symbol: (p) => symbolOf(p.variant), fill: (p) => colourOf(p.variant), title: (p) => `${p.variant}, ${p.budget}: ${number(p)}` }),
    ],
  });
  return titled(element("figure"), panel.title, "dashed: the same at every budget", chart, legend(lines.map((line) => line.variant)));
}

// Whatever draws the page anew draws these too.
const drawAllElse = draw;
draw = () => { drawAllElse(); drawBudgetsByTarget(); };
drawBudgetsByTarget();
