// The two tables, drawn by Tabulator: strategies as rows, and all runs.
const signsOf = (marks) => [...marks].map((mark) => {
  const kind = mark === "↓" ? " hurts" : mark === "↑" ? " helps" : "";
  return element("span", { class: `mark${kind}`, title: MARKS[mark] ?? mark }, mark);
});

function cellNode(cell, footnotes) {
  if (!Array.isArray(cell)) return element("span", { class: cell === "—" ? "faint" : "" }, cell);
  const [text, , marks, numbers, best] = cell;
  const node = element("span", { class: "number" }, best ? element("strong", {}, text) : text, ...signsOf(marks));
  if (numbers.length) node.append(element("sup", { title: numbers.map((n) => common(footnotes[n - 1])).join("\n") }, numbers.join(",")));
  return node;
}

const numberOf = (cell) => (Array.isArray(cell) && cell[1] !== null ? cell[1] : null);
const textOf = (cell) => (Array.isArray(cell) ? cell[0] : cell);

function sorter(a, b, _rowA, _rowB, _column, direction) {
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x === null && y === null) return textOf(a).localeCompare(textOf(b), undefined, { numeric: true });
  if (x === null || y === null) return (x === null ? 1 : -1) * (direction === "asc" ? 1 : -1); // what is missing stands last
  return x - y;
}

// A head may break after a slash.
const heading = (text) => () => element("span", {}, text.replaceAll("/", "/\u200b"));

// Pixels in which the longest word of a head, with its arrow, and the longest cell can be read.
const roomFor = (title, cells) => Math.max(
  44 + 8.2 * Math.max(...title.split(/[ /]/).map((word) => word.length)),
  26 + 7.4 * Math.max(...cells.map((cell) => textOf(cell).length + (Array.isArray(cell) ? 1.5 * cell[2].length + cell[3].length : 0))),
);

let strategies;
function drawLeaderboard() {
  const view = currentView();
  const columns = common(view.columns).map(([name, title], index) => ({
    title: name, field: `c${index}`, titleFormatter: heading(title), sorter, headerSortStartingDir: index ? "desc" : "asc",
    frozen: index === 0, hozAlign: index ? "right" : "left", headerHozAlign: index ? "right" : "left", widthGrow: index ? 1 : 2,
    formatter: (cell) => cellNode(cell.getValue(), view.footnotes), headerTooltip: false,
    cellClick: index ? undefined : (_event, cell) => openBehind(textOf(cell.getValue())),
    cssClass: index ? "" : "click", minWidth: roomFor(title, view.rows.map((row) => row[index])),
  }));
  const rows = view.rows.filter((row) => fits(textOf(row[0]), state.strategy))
    .map((row) => Object.fromEntries(row.map((cell, index) => [`c${index}`, cell])));
  strategies?.destroy();
  strategies = new Tabulator("#rows", {
    data: rows, columns, layout: "fitColumns", headerWordWrap: true, renderVertical: "basic", placeholder: "No strategy has this name",
    rowFormatter: (row) => row.getElement().classList.toggle("baseline", REFERENCES.includes(textOf(row.getData().c0))),
  });
  strategies.on("renderComplete", () => makeFirstColumnReachable(strategies));
  document.getElementById("caption").textContent = common(view.caption);
  const notes = [...view.notes.map(common), ...view.footnotes.map((text, index) => `(${index + 1}) ${common(text)}`)];
  document.getElementById("notes").replaceChildren(...notes.map((line) => element("li", {}, line)));
  document.getElementById("warning").textContent = state.selection === "target-test" ? `⚠ ${MARKS["⚠"]}` : "";
}

// A row opens by the keyboard as it does by a click.
let reached = null; // the data of the row that has the focus
function makeFirstColumnReachable(table) {
  for (const row of table.getRows("visible")) {
    const cell = row.getCells()[0]?.getElement();
    if (!cell || cell.tabIndex === 0) continue;
    cell.tabIndex = 0;
    cell.setAttribute("role", "button");
    cell.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); cell.click(); } });
    cell.addEventListener("focus", () => { reached = row.getData(); });
    cell.addEventListener("blur", () => setTimeout(() => { if (cell.isConnected && reached === row.getData()) reached = null; }));
    // A table is drawn again when it first comes into view, which takes the cell with the focus away.
    if (reached === row.getData() && document.activeElement === document.body) cell.focus({ preventScroll: true });
  }
}

let all;
function runRows() {
  return DATA.runs.map((run, index) => {
    const of = identity(run);
    return {
      index, variant: of.variant, pair: pairOf(run), setting: of.setting + budgetOf(of.shots), backbone: of.backbone, seed: run.seed,
      status: run.status, score: scoreOf(run, currentView().selection, currentView().metric), seconds: run.cost[0], speed: run.cost[2], key: run.key,
    };
  });
}

function drawRuns() {
  const text = (title, field, more = {}) => ({ title, field, titleFormatter: heading(title), headerFilter: "input", headerFilterPlaceholder: "filter", minWidth: 90, ...more });
  const number = (title, field, format, more = {}) => ({
    title, field, titleFormatter: heading(title), sorter: "number", sorterParams: { alignEmptyValues: "bottom" }, hozAlign: "right", headerHozAlign: "right",
    minWidth: 80, formatter: (cell) => element("span", { class: "number" }, cell.getValue() === null ? "—" : format(cell.getValue())), ...more,
  });
  const plain = (cell) => element("span", {}, String(cell.getValue()));
  all = new Tabulator("#all", {
    data: runRows(), height: Math.min(620, 90 + 33 * DATA.runs.length), layout: "fitDataStretch", placeholder: "No run fits the filters", index: "index",
    columns: [
      text("strategy", "variant", { formatter: plain, frozen: true, minWidth: 130, cssClass: "click" }), text("pair", "pair", { formatter: plain }),
      text("setting", "setting", { formatter: plain }), text("backbone", "backbone", { formatter: plain }),
      number("seed", "seed", String, { minWidth: 60 }), text("status", "status", { formatter: (cell) => element("span", { class: cell.getValue() === "ok" ? "status-ok" : "status-bad" }, cell.getValue()) }),
      number("score", "score", (value) => (100 * value).toFixed(1)), number("own s", "seconds", compactNumber), number("train ex/s", "speed", compactNumber), text("run", "key", { formatter: (cell) => element("code", {}, cell.getValue().slice(0, 8)) }),
    ],
  });
  all.on("rowClick", (_event, row) => openRun(row.getData().index));
  all.on("renderComplete", () => makeFirstColumnReachable(all));
  all.on("scrollVertical", () => makeFirstColumnReachable(all));
  all.on("tableBuilt", filterRuns);
}

function filterRuns() {
  all.setFilter((row) => fits(row.variant, state.strategy) && fits(row.pair, state.pair));
}

function updateRuns() {
  const name = DATA.metrics[currentView().metric];
  document.getElementById("runs-caption").textContent =
    `${DATA.runs.length.toLocaleString("en")} runs; score: ${name}${currentView().percent ? " in %" : ""}, selection ${currentView().selection}. A click opens the run.`;
  if (!all) drawRuns();
  else all.replaceData(runRows()).then(filterRuns);
}
