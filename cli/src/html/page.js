"use strict";
(() => {
  const all = (selector, under = document) => [...under.querySelectorAll(selector)];
  const rows = all("li.row");
  const depth = new Map(rows.map((row) => [row, Number(row.dataset.d)]));
  const head = (row) => row.querySelector("summary");

  // The rows after a row that are deeper are its descendants.
  const below = (row) => {
    const out = [];
    for (let next = row.nextElementSibling; next && depth.get(next) > depth.get(row); next = next.nextElementSibling) out.push(next);
    return out;
  };
  const twist = (row) => row.querySelector(":scope > .twist");
  const isShut = (row) => twist(row)?.getAttribute("aria-expanded") === "false";
  const shut = (row, yes) => {
    if (!twist(row)) return;
    twist(row).setAttribute("aria-expanded", String(!yes));
    let under = -1;
    for (const next of below(row)) {
      if (under >= 0 && depth.get(next) > under) continue;
      under = -1;
      next.classList.toggle("hide", yes);
      if (isShut(next)) under = depth.get(next);
    }
    if (yes) for (const next of below(row)) next.classList.add("hide");
  };
  for (const row of rows) {
    const next = row.nextElementSibling;
    if (!next || !(depth.get(next) > depth.get(row))) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "twist";
    button.setAttribute("aria-expanded", "true");
    button.setAttribute("aria-label", "Calls below " + row.querySelector(".n").textContent);
    button.addEventListener("click", () => shut(row, !isShut(row)));
    row.prepend(button);
  }

  const reveal = (row) => {
    for (let at = row.parentElement; at; at = at.parentElement) {
      if (at.tagName === "DETAILS") at.open = true;
    }
    if (!row.classList.contains("hide")) return;
    for (const other of rows) if (isShut(other) && below(other).includes(row)) shut(other, false);
  };

  const box = document.getElementById("q");
  const count = document.getElementById("hits");
  let texts = null;
  const search = () => {
    const word = box.value.trim().toLowerCase();
    texts ??= rows.map((row) => (row.classList.contains("fold") ? "" : row.textContent.toLowerCase()));
    const hits = new Set();
    rows.forEach((row, index) => { if (word && texts[index].includes(word)) hits.add(row); });
    for (const row of hits) reveal(row);
    for (const row of rows) row.classList.toggle("miss", Boolean(word) && !hits.has(row) && !all("li.row", row).some((inner) => hits.has(inner)));
    count.textContent = word ? hits.size + (hits.size === 1 ? " span" : " spans") : "";
  };
  box.addEventListener("input", search);

  document.getElementById("open").addEventListener("click", () => {
    for (const fold of all("li.fold > details")) fold.open = true;
    for (const row of rows) if (isShut(row)) shut(row, false);
  });
  document.getElementById("close").addEventListener("click", () => {
    for (const details of all("details[open]")) details.open = false;
    for (const row of [...rows].reverse()) if (depth.get(row) > 0) shut(row, true);
  });

  const go = (row) => { reveal(row); head(row).focus(); row.scrollIntoView({ block: "center" }); };
  const failed = rows.filter((row) => row.classList.contains("bad") && !row.classList.contains("fold"));
  let turn = 0;
  document.getElementById("failed")?.addEventListener("click", () => { if (failed.length) go(failed[turn++ % failed.length]); });

  // The content of a closed line is laid out too, so its position does not show whether it is visible.
  const visible = (row) => head(row).offsetParent !== null && !row.parentElement.closest("details:not([open])");
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && document.activeElement !== box) { event.preventDefault(); box.focus(); return; }
    if (event.key === "Escape" && document.activeElement === box) { box.value = ""; search(); return; }
    if (document.activeElement?.tagName !== "SUMMARY") return;
    const row = document.activeElement.parentElement.parentElement;
    const details = document.activeElement.parentElement;
    const step = (by) => {
      let at = rows.indexOf(row) + by;
      while (rows[at] && !visible(rows[at])) at += by;
      if (rows[at]) head(rows[at]).focus();
    };
    const actions = {
      ArrowDown: () => step(1),
      ArrowUp: () => step(-1),
      ArrowRight: () => (isShut(row) ? shut(row, false) : (details.open = true)),
      ArrowLeft: () => (details.open ? (details.open = false) : shut(row, true)),
    };
    const action = actions[event.key];
    if (action) { event.preventDefault(); action(); }
  });
  document.querySelector(".tools").hidden = false;
})();
