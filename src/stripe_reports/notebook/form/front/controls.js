// The controls of the chosen period, and the amounts and rows behind each.

import { h, pairs, plainTable, setText } from "./dom.js";
import { controlMatrix } from "./matrix.js";
import { errorText } from "./texts.js";
/** @import { Control, ControlCell, Port } from "./messages.js" */

/** @param {Port} port */
export function periodControls(port) {
  const check = h("button", { type: "button", class: "sr-small", onclick: load }, "Check this period");
  const status = h("span", { class: "sr-hint", role: "status" }, "Checks that the reports of the chosen period agree with each other; missing reports are fetched.");
  const outcome = h("div");
  const behind = h("div");
  const element = h("div", {}, h("div", { class: "sr-row" }, check, status), outcome, behind);

  async function load() {
    check.disabled = true;
    setText(status, "Fetching the reports and checking them …");
    outcome.replaceChildren();
    behind.replaceChildren();
    try {
      const found = await port.ask("controls");
      setText(status, found.title);
      outcome.replaceChildren(controlMatrix(found, examine), h("p", { class: "sr-hint" }, "Click a cell for both amounts, and for the rows behind a difference."),
        ...found.notes.map((note) => h("p", { class: "sr-hint" }, note)));
    } catch (error) {
      setText(status, errorText(error));
    }
    check.disabled = false;
  }
  /** @type {(control: Control, currency: string, one: ControlCell) => Promise<void>} */
  async function examine(control, currency, one) {
    const amounts = h("dl", { class: "sr-figures" }, ...pairs([[control.left, one.left], [control.right, one.right], ["Difference", one.difference]]));
    const heading = h("p", { role: "status" }, h("b", {}, `${control.control}, ${currency.toUpperCase()}: ${one.outcome}`));
    behind.replaceChildren(heading, amounts);
    if (one.outcome === "passes") return;
    try {
      const { columns, rows, total } = await port.ask("control_rows", { control: control.control, currency });
      if (heading.isConnected) behind.append(h("p", { class: "sr-hint" }, `${rows.length} of ${total} rows behind the difference`), plainTable(columns, rows));
    } catch (error) {
      if (heading.isConnected) behind.append(h("p", { class: "sr-hint" }, errorText(error)));
    }
  }
  return { element };
}
