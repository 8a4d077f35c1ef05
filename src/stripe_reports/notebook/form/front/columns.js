// The columns: Stripe's default, all, or a list chosen in groups.

import { columnCount, hasWords } from "./choices.js";
import { h, newId, setText, show } from "./dom.js";
import { changed } from "./events.js";

export function columnsField(port) {
  const group = newId("columns");
  const modes = {};
  const radios = h("div", { class: "sr-modes", role: "radiogroup", "aria-label": "Columns" });
  for (const [mode, text] of [["default", "Stripe's default"], ["all", "All"], ["chosen", "Selected"]]) {
    const radio = h("input", { type: "radio", name: group, value: mode, onchange: () => {
      if (mode === "chosen") details.open = true;
      else port.tell("choose_columns", { columns: mode });
    } });
    modes[mode] = { radio, label: h("span", {}, text), text };
    radios.append(h("label", { class: "sr-check" }, radio, modes[mode].label));
  }
  const search = h("input", { type: "search", placeholder: "Search columns", "aria-label": "Search columns" });
  const groups = h("div", { class: "sr-columns" });
  const order = h("div", { class: "sr-hint" });
  const whose = h("select", { "aria-label": "Metadata of" });
  const key = h("input", { type: "text", placeholder: "key, such as order_id", "aria-label": "Metadata key" });
  const addKey = h("form", { class: "sr-row", onsubmit: (event) => {
    event.preventDefault();
    if (key.value.trim()) port.tell("toggle_column", { name: `${whose.value}[${key.value.trim()}]`, on: true });
    key.value = "";
  } }, whose, key, h("button", { type: "submit", class: "sr-small" }, "Add metadata"));
  const other = h("input", { type: "text", placeholder: "name of a column", "aria-label": "Name of a column" });
  const addOther = h("form", { class: "sr-row", onsubmit: (event) => {
    event.preventDefault();
    if (other.value.trim()) port.tell("toggle_column", { name: other.value.trim(), on: true });
    other.value = "";
  } }, other, h("button", { type: "submit", class: "sr-small" }, "Add column"));
  const summary = h("summary", {}, "Choose columns");
  const details = h("details", {}, summary, search, groups, addKey, addOther, order);
  const problem = h("div", { class: "sr-problem", role: "alert", hidden: true });
  const note = h("div", { class: "sr-note", role: "status", hidden: true });
  const element = h("fieldset", { class: "sr-field sr-wide" }, h("legend", {}, "Columns"), radios, problem, note, details);
  const boxes = new Map();

  function filter() {
    const fits = hasWords(search.value);
    for (const group of groups.children) {
      let any = false;
      for (const label of group.querySelectorAll("label")) {
        const isFound = fits(label.dataset.text);
        show(label, isFound);
        any ||= isFound;
      }
      show(group, any);
    }
  }
  search.addEventListener("input", filter);
  const drawGroups = changed((now) => {
    boxes.clear();
    groups.replaceChildren(...now.map((group) => h("fieldset", { class: "sr-column-group" }, h("legend", {}, group.title),
      ...group.columns.map((column) => {
        const box = h("input", { type: "checkbox", onchange: () => port.tell("toggle_column", { name: column.name, on: box.checked }) });
        boxes.set(column.name, box);
        return h("label", { class: "sr-check", title: column.description,
          "data-text": `${column.name} ${column.description}` }, box, column.name);
      }))));
    filter();
  });
  const drawMetadata = changed((names) => {
    whose.replaceChildren(...names.map((each) => h("option", {}, each)));
    show(addKey, names.length > 0);
  });
  return {
    element,
    groups: drawGroups,
    update: changed((now) => {
      drawMetadata(now.metadata);
      show(addOther, !now.complete);
      for (const [mode, { radio, label, text }] of Object.entries(modes)) {
        radio.checked = mode === now.mode;
        const count = columnCount(now, mode);
        setText(label, count === null ? text : `${text} (${count})`);
      }
      modes.all.radio.disabled = now.all_count === 0;
      const chosen = new Set(now.chosen);
      for (const [column, box] of boxes) box.checked = chosen.has(column);
      setText(order, now.chosen.length ? `In this order: ${now.chosen.join(", ")}` : "");
      setText(note, now.note);
      show(note, Boolean(now.note));
      setText(problem, now.problem);
      show(problem, Boolean(now.problem));
    }),
  };
}
