// The theme: that of the system, until the reader chooses the other.
"use strict";

const root = document.documentElement;
const systemDark = matchMedia("(prefers-color-scheme: dark)");
const stillness = matchMedia("(prefers-reduced-motion: reduce)");
const maps = [];

const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : systemDark.matches);
const themeButton = document.querySelector(".theme");
const themeChanged = () => {
  themeButton.textContent = isDark() ? "Light" : "Dark";
  themeButton.setAttribute("aria-label", `Show this page in ${isDark() ? "light" : "dark"} colours`);
  for (const map of maps) map.recolour();
};
themeButton.hidden = false;
themeButton.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  themeChanged();
});
systemDark.addEventListener("change", themeChanged);
let themeBeforePrint;
addEventListener("beforeprint", () => {
  themeBeforePrint = root.dataset.theme;
  root.dataset.theme = "light";
  themeChanged();
  for (const map of maps) map.paint(); // now: no frame comes before the paper
});
addEventListener("afterprint", () => {
  if (themeBeforePrint) root.dataset.theme = themeBeforePrint;
  else delete root.dataset.theme;
  themeChanged();
});
