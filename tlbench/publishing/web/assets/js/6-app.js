// From what is chosen to what is drawn.
function draw() {
  drawLeaderboard();
  drawHeatmaps();
  drawCost();
  drawRanks();
  drawBudgets();
  drawDots();
  updateRuns();
}

function fill(id, options, chosen) {
  const select = document.getElementById(id);
  select.replaceChildren(...options.map(([value, text]) => element("option", { value, selected: String(value) === String(chosen) }, text)));
  return select;
}

function fillControls() {
  fill("table", DATA.tables.map((table, index) => [index, table.name]), state.table);
  fill("selection", DATA.protocols.map((name) => [name, name === "target-test" ? `${name} ⚠` : name === DATA.selection ? `${name} (the suite's own)` : name]), state.selection);
  fill("metric", Object.entries(DATA.metrics), state.metric);
  for (const name of ["strategy", "pair"]) document.getElementById(name).value = state[name];
}

for (const name of ["table", "selection", "metric"]) document.getElementById(name).addEventListener("change", (event) => {
  state[name] = name === "table" ? Number(event.target.value) : event.target.value;
  writeAddress();
  draw();
});
let waiting;
for (const name of ["strategy", "pair"]) document.getElementById(name).addEventListener("input", (event) => {
  state[name] = event.target.value;
  clearTimeout(waiting);
  waiting = setTimeout(() => { writeAddress(); draw(); }, 150);
});
document.querySelector(".controls").addEventListener("submit", (event) => event.preventDefault());

function openAsked() {
  const at = state.run ? DATA.runs.findIndex((run) => run.key.startsWith(state.run)) : -1;
  if (at >= 0) openRun(at);
}
readAddress();
fillControls();
draw();
openAsked();
addEventListener("hashchange", () => { readAddress(); fillControls(); draw(); openAsked(); });
