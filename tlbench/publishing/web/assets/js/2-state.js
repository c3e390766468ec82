// What is chosen. It stands in the address behind #, so that a link opens what its sender saw.
const state = { table: 0, selection: DATA.selection, metric: DATA.metric, strategy: "", pair: "", run: "" };
const currentTable = () => DATA.tables[state.table];
const currentView = () => currentTable().views[`${state.selection}|${state.metric}`];

function fits(name, filter) {
  const wanted = filter.trim().toLowerCase();
  return !wanted || wanted.split(/[\s,]+/).some((part) => name.toLowerCase().includes(part));
}

function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  const table = Number(given.get("table") ?? state.table);
  if (DATA.tables[table]) state.table = table;
  if (DATA.protocols.includes(given.get("selection"))) state.selection = given.get("selection");
  if (given.get("metric") in DATA.metrics) state.metric = given.get("metric");
  for (const name of ["strategy", "pair"]) if (given.has(name)) state[name] = given.get(name);
  state.run = given.get("run") ?? "";
}

function writeAddress() {
  const kept = Object.entries(state).filter(([name, value]) => value !== "" && value !== DEFAULTS[name]);
  const hash = new URLSearchParams(kept).toString();
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
}
const DEFAULTS = { ...state };
