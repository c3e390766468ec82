// What stands behind a number: the runs of a mean, and one run with all that its record says.
const card = document.getElementById("card");
const list = (pairs) => element("dl", { class: "pairs" }, ...pairs.filter(([, value]) => value !== null && value !== undefined && value !== "")
  .flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value instanceof Node ? value : String(value))]));
const section = (title, ...nodes) => [element("h4", {}, title), ...nodes];
const values = (object) => Object.entries(object ?? {}).map(([name, value]) => [name, typeof value === "object" ? JSON.stringify(value) : value]);
const quoted = (text) => (/^[\w.,:=+@%/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

function show(...nodes) {
  document.getElementById("card-body").replaceChildren(...nodes);
  if (!card.open) card.showModal();
  card.scrollTop = 0;
}

function openBehind(variant, pairIndex = null) {
  const [table, view] = [currentTable(), currentView()];
  const behind = common(view.behind)[variant] ?? [];
  const pairs = table.pairs.map((pair, index) => ({ pair, index })).filter(({ index }) => pairIndex === null || index === pairIndex);
  const rows = pairs.flatMap(({ pair, index }) => behind[index].map((at) => {
    const run = DATA.runs[at], score = scoreOf(run, currentView().selection, currentView().metric);
    const open = element("button", { type: "button", class: "link", onclick: () => openRun(at) }, run.key.slice(0, 8));
    return element("tr", {}, element("td", {}, pair), element("td", {}, String(run.seed)), element("td", {}, score === null ? run.status === "ok" ? "not scored" : run.status : shown(score, view)), element("td", {}, open));
  }));
  const gaps = pairs.map(({ pair, index }) => [pair, (view.gaps[variant] ?? [])[index]]).filter(([, gap]) => gap);
  show(
    element("h3", { id: "card-title" }, variant), element("p", { class: "caption" }, `${table.name} · selection: ${currentView().selection}`),
    ...(gaps.length ? section(`${table.gap} (above 0 hurts)`, list(gaps.map(([pair, gap]) => [pair, `${withInterval(difference(gap[0] * DATA.unit, view), gap[1] === null ? null : shown(gap[1] * DATA.unit, view))}${view.percent ? " points" : ""}: ${verdictOf(gap)}`]))) : []),
    ...section(`${DATA.metrics[currentView().metric]}${view.percent ? " in %" : ""}, run by run`, element("div", { class: "scroll" }, element("table", { class: "plain" },
      element("thead", {}, element("tr", {}, ...["pair", "seed", "score", "run"].map((name) => element("th", { scope: "col" }, name)))), element("tbody", {}, ...rows)))),
  );
}

function curveChart(run) {
  const lines = (run.curve ?? []).flatMap(([term, steps, numbers]) => common(steps).map((step, index) => ({ term: common(term), step, value: numbers[index] })));
  if (!lines.length) return [];
  const terms = [...new Set(lines.map((line) => line.term))];
  return section("Curve", Plot.plot({
    ...PLAIN, width: 780, height: 74 * terms.length + 40, marginLeft: 56, marginRight: 150, ariaLabel: "training curve", x: { label: "step →" }, y: { label: null, ticks: 3, grid: true }, fy: { domain: terms, label: null, axis: "right" },
    marks: terms.length ? [Plot.line(lines, { x: "step", y: "value", fy: "term", stroke: COLOURS[0] }), Plot.dot(lines, { x: "step", y: "value", fy: "term", r: 2, fill: COLOURS[0], title: (d) => `${d.term} at step ${d.step}: ${d.value}` })] : [],
  }));
}

function openRun(at) {
  const run = DATA.runs[at], of = identity(run), metrics = Object.entries(DATA.metrics);
  state.run = run.key;
  writeAddress();
  const [own, shared, train, infer, host, device] = run.cost;
  const seconds = (value) => (value ? `${compactNumber(value)} s` : "");
  const command = ["tlbench", "run", DATA.suite, "--strategy", of.variant, "--backbone", of.backbone, ...(run.source ? ["--pair", pairOf(run)] : ["--pair", `*:${run.target}`]), "--seed", String(run.seed), "--setting", of.setting].map(quoted).join(" ");
  const copy = element("button", { type: "button", onclick: async () => { try { await navigator.clipboard.writeText(command); copy.textContent = "copied"; } catch { copy.textContent = "select it and copy"; } } }, "copy");
  const scores = Object.entries(run.scores ?? {}).map(([name, numbers]) => element("tr", {}, element("th", { scope: "row" }, name === "target-test" ? `${name} ⚠` : name),
    element("td", {}, numbers[0] === null ? "" : String(numbers[0])), ...metrics.map((_metric, index) => element("td", {}, numbers[1 + index] === null ? "—" : String(numbers[1 + index])))));
  const references = Object.entries(run.references ?? {}).map(([name, index]) => [name, element("button", { type: "button", class: "link", onclick: () => openRun(index) }, DATA.runs[index].key.slice(0, 8))]);
  const texts = (title, indices) => (indices?.length ? section(title, element("ul", { class: "small" }, ...indices.map((index) => element("li", {}, common(index))))) : []);
  show(
    element("h3", { id: "card-title" }, `${of.variant} · ${pairOf(run)} · seed ${run.seed}`),
    element("p", { class: "caption" }, `run ${run.key} · `, element("b", { class: run.status === "ok" ? "status-ok" : "status-bad" }, run.status), run.why ? `: ${run.why}` : ""),
    ...(scores.length ? section("Scores on the target test data, by choice of checkpoint", element("div", { class: "scroll" }, element("table", { class: "plain" },
      element("thead", {}, element("tr", {}, ...["choice", "step", ...metrics.map(([, title]) => title)].map((name) => element("th", { scope: "col" }, name)))), element("tbody", {}, ...scores)))) : []),
    ...texts("Published for this pair", run.published), ...texts("Flags", run.flags),
    ...section("What was run", list([["strategy", of.strategy], ["backbone", of.backbone], ["setting", `${of.setting}${budgetOf(of.shots)}; ${of.evaluation}`], ["parameters", values(of.params).map(([n, v]) => `${n} = ${v}`).join(", ") || "none"], ["budget", values(of.budget).map(([n, v]) => `${n} ${v}`).join(", ")], ["training", values(of.training).map(([n, v]) => `${n} ${v}`).join(", ")], ["model", of.model ? values(of.model).map(([n, v]) => `${n} ${v.toLocaleString("en")}`).join(", ") : ""], ["seen", common(run.seen).map((phase) => `${phase.phase}: ${phase.updates} updates, ${phase.labelled.toLocaleString("en")} labelled and ${phase.unlabelled.toLocaleString("en")} unlabelled examples`).join("; ")]])),
    ...(references.length ? section("References", list(references)) : []),
    ...section("Cost", list([["own", seconds(own)], ["shared", seconds(shared)], ["training", train ? `${compactNumber(train)} examples/s` : ""], ["inference", infer ? `${compactNumber(infer)} examples/s` : ""], ["memory", [host ? `${compactNumber(host)} MiB host` : "", device ? `${compactNumber(device)} MiB device` : ""].filter(Boolean).join(", ")]])),
    ...curveChart(run),
    ...(run.error ? section("Error", list([[run.error.type, run.error.message]]), element("pre", { class: "command" }, (run.error.log ?? []).join("\n"))) : []),
    ...texts("Notes", run.notes),
    ...section("Run it again", element("pre", { class: "command" }, command), copy),
    ...section("Where it ran", list([["started", run.when ? `${run.when.replace("T", " ")} UTC` : ""], ...values(common(run.where))])),
  );
}

card.addEventListener("close", () => { state.run = ""; writeAddress(); });
card.addEventListener("click", (event) => { if (event.target === card) card.close(); });
