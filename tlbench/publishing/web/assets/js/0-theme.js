"use strict";
// Light or dark, as the system has it unless the reader says otherwise.
const themes = ["auto", "dark", "light"];
function setTheme(name) {
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  document.getElementById("theme").textContent = `Colours: ${name}`;
  try { localStorage.setItem("tlbench-colours", name); } catch { /* a browser that keeps nothing for files */ }
}
let theme = "auto";
try { theme = localStorage.getItem("tlbench-colours") ?? "auto"; } catch { /* as above */ }
setTheme(themes.includes(theme) ? theme : "auto");
document.getElementById("theme").addEventListener("click", (event) => setTheme(themes[(themes.indexOf(event.target.textContent.split(" ")[1]) + 1) % 3]));
