// The columns: Stripe's default, all, or a list chosen in groups.

import { columnCount, hasWords } from "./choices.js";
import { h, newId, setText, show } from "./dom.js";
import { changed } from "./events.js";
/** @import { ColumnGroup, ColumnMode, Columns, Port } from "./messages.js" */

/** @param {Port} port */
export function columnsField(port) {
  const group = newId("columns");
  /** @type {{ mode: ColumnMode, text: string, radio: HTMLInputElement, label: HTMLElement }[]} */
  const modes = [];
  const radios = h("div", { class: "sr-modes", role: "radiogroup", "aria-label": "Columns" });
  for (const [mode, text] of /** @type {const} */ ([["default", "Stripe's default"], ["all", "All"], ["chosen", "Selected"]])) {
    const radio = h("input", { type: "radio", name: group, value: mode, onchange: () => {
      if (mode === "chosen") details.open = true;
      else port.tell("choose_columns", { columns: mode });
    } });
    const label = h("span", {}, text);
    modes.push({ mode, text, radio, label });
    radios.append(h("label", { class: "sr-check" }, radio, label));
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
  /** @type {Map<string, HTMLInputElement>} */
  const boxes = new Map();
  /** @type {{ element: HTMLElement, columns: { text: string, label: HTMLElement }[] }[]} */
  let drawn = [];

  function filter() {
    const fits = hasWords(search.value);
    for (const group of drawn) {
      for (const { label, text } of group.columns) show(label, fits(text));
      show(group.element, group.columns.some(({ label }) => !label.hidden));
    }
  }
  search.addEventListener("input", filter);
  const drawGroups = changed((/** @type {ColumnGroup[]} */ now) => {
    boxes.clear();
    drawn = now.map((group) => {
      const columns = group.columns.map(({ name, description }) => {
        /** @type {HTMLInputElement} */
        const box = h("input", { type: "checkbox", onchange: () => port.tell("toggle_column", { name, on: box.checked }) });
        boxes.set(name, box);
        return { text: `${name} ${description}`, label: h("label", { class: "sr-check", title: description }, box, name) };
      });
      const labels = columns.map(({ label }) => label);
      return { columns, element: h("fieldset", { class: "sr-column-group" }, h("legend", {}, group.title), ...labels) };
    });
    groups.replaceChildren(...drawn.map((group) => group.element));
    filter();
  });
  const drawMetadata = changed((/** @type {string[]} */ names) => {
    whose.replaceChildren(...names.map((each) => h("option", {}, each)));
    show(addKey, names.length > 0);
  });
  return {
    element,
    groups: drawGroups,
    update: changed((/** @type {Columns} */ now) => {
      drawMetadata(now.metadata);
      show(addOther, !now.complete);
      for (const { mode, text, radio, label } of modes) {
        radio.checked = mode === now.mode;
        const count = columnCount(now, mode);
        setText(label, count === null ? text : `${text} (${count})`);
        radio.disabled = mode === "all" && now.all_count === 0;
      }
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
