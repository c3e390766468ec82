// What the page holds, and words for it. Names come from plugins and are only ever set as text.
const DATA = JSON.parse(document.getElementById("data").textContent);
const common = (index) => DATA.common[index];
const MARKS = {
  "⚠": "chosen by the target test score: shown for comparison, never ranked",
  "↓": "transfer is shown to hurt", "↑": "transfer is shown to help",
  "†": "not trained by steps: examples/s of the backbone", "⚑": "flagged: see the notes and the run",
};
const VERDICTS = { "↑": "helps", "↓": "hurts", "≈": "no matter", "?": "unknown", "✗": "training failed" };
const REFERENCES = ["source-only", "best single source", "target-only", "oracle"];
// Okabe and Ito's colours, lightened or darkened so that they are read on white and on black alike.
const COLOURS = ["#2f86c6", "#d98a00", "#0f9d77", "#c76aa0", "#d5602b", "#7b7fe0", "#8a8f98", "#a08a12"];
const SYMBOLS = ["circle", "square", "triangle", "diamond", "star", "wye", "cross"];

function element(tag, properties = {}, ...children) {
  const { class: name, ...rest } = properties;
  const node = Object.assign(document.createElement(tag), rest);
  if (name) node.className = name;
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

const signed = (value, digits) => {
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? text : (value < 0 ? "−" : "+") + text;
};
const shown = (value, view) => (view.percent ? (100 * value).toFixed(1) : value.toFixed(3));
const difference = (value, view) => (view.percent ? signed(100 * value, 1) : signed(value, 3));
const withInterval = (text, half) => (half === null ? text : `${text} ± ${half}`);
const pairOf = (run) => `${run.source || "-"}:${run.target}`;
const identity = (run) => common(run.of);
const budgetOf = (shots) => (shots === null ? "" : shots === "all" ? ", all labels" : `, ${shots} shots`);
const scoreOf = (run, selection, metric) => {
  const scores = (run.scores || {})[selection];
  return scores ? scores[1 + Object.keys(DATA.metrics).indexOf(metric)] : null;
};
const verdictOf = (gap) => VERDICTS[gap[2]];
const compactNumber = (value) =>
  value === null || value === undefined ? "—" : value >= 1e6 ? `${(value / 1e6).toFixed(1)}M` : value >= 1e4 ? `${(value / 1e3).toFixed(1)}k`
    : value >= 100 ? value.toFixed(0) : value.toPrecision(3);
