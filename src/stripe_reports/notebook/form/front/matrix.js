// The controls as a matrix: a row for each control, failures first, and a column for each currency.

import { h } from "./dom.js";
/** @import { Control, ControlCell, Matrix } from "./messages.js" */

const SIGNS = { passes: "✔", explained: "✔ explained", fails: "✘" };

/**
 * @param {Matrix} matrix
 * @param {(control: Control, currency: string, cell: ControlCell) => unknown} open
 */
export function controlMatrix({ currencies, controls }, open) {
  /** @type {(control: Control, currency: string, one: ControlCell | null) => HTMLElement} */
  const cell = (control, currency, one) => {
    if (!one) return h("td", { class: "sr-number" }, h("span", { class: "sr-empty", title: "not compared in this currency" }, "–"));
    const text = one.outcome === "fails" ? `${SIGNS.fails} ${one.difference}` : SIGNS[one.outcome];
    return h("td", { class: "sr-number" }, h("button", { type: "button", class: `sr-link sr-${one.outcome}`,
      title: `${one.left} and ${one.right}, difference ${one.difference}`,
      "aria-label": `${control.control}, ${currency.toUpperCase()}: ${one.outcome}, difference ${one.difference}`,
      onclick: () => open(control, currency, one) }, text));
  };
  return h("div", { class: "sr-scroll sr-matrix", tabindex: "0" }, h("table", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "control"),
      ...currencies.map((currency) => h("th", { scope: "col", class: "sr-number" }, currency.toUpperCase() || "–")))),
    h("tbody", {}, ...controls.map((control) => h("tr", {},
      h("th", { scope: "row", title: `Left: ${control.left}. Right: ${control.right}.` }, control.control),
      ...control.cells.map((one, index) => cell(control, currencies[index] ?? "", one)))))));
}
