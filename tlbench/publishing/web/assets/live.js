"use strict";
// A live page asks its server, on this machine, whether records have landed, and draws anew what they change.
const EVERY = 1500; // milliseconds between two questions
let drawn = null; // the version that is drawn; null: that of the page as it came, which may be old already

function tell(text, kind = "") {
  const place = document.getElementById("live");
  place.className = kind;
  if (place.textContent !== text) place.textContent = text;
}

// The answer; null where the server has a reason to give none now, which is told.
async function ask(what) {
  const answer = await fetch(what, { cache: "no-store" });
  if (answer.ok) return answer.json();
  tell(`nothing new can be shown: ${(await answer.text()).slice(0, 300)}`, "lost");
  return null;
}

// What is chosen stays chosen, also where tables have come in before it.
function take(fresh) {
  const name = currentTable().name;
  const sorted = strategies.getSorters().map(({ field, dir }) => ({ column: field, dir }));
  for (const key of Object.keys(DATA)) delete DATA[key];
  Object.assign(DATA, fresh.data);
  state.table = Math.max(0, DATA.tables.findIndex((table) => table.name === name));
  if (!DATA.protocols.includes(state.selection)) state.selection = DATA.selection;
  document.querySelector(".top .facts").replaceChildren(...fresh.facts.map((fact) => element("li", {}, fact)));
  const published = document.getElementById("published");
  if (published) published.innerHTML = fresh.claims; // made by the server, with every name escaped
  fillControls();
  draw();
  if (sorted.length) strategies.on("tableBuilt", () => strategies.setSort(sorted));
}

async function follow() {
  try {
    const now = await ask("status.json");
    if (now && now.version !== drawn && !document.getElementById("card").open) {
      const fresh = await ask("data.json");
      if (fresh) {
        take(fresh);
        drawn = now.version;
      }
    }
    if (!now) return void setTimeout(follow, EVERY);
    const there = `${now.there.toLocaleString("en")} of ${now.asked.toLocaleString("en")} runs are there`;
    tell(now.ended ? `the command has ended; ${there}` : `live: ${there}`, now.ended ? "ended" : "");
    if (now.ended && now.version === drawn) return;
  } catch {
    tell("the server has ended; what is shown is what it said last", "lost");
  }
  setTimeout(follow, EVERY);
}
follow();
