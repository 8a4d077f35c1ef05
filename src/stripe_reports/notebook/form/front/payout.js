// The explanation of a payout that was clicked in the table: why its deposit is not the sales.

import { h, plainTable, setText } from "./dom.js";
import { harmless } from "./svg.js";
import { errorText } from "./texts.js";
/** @import { Explained, Port } from "./messages.js" */

/** @param {Port} port */
export function explainedPayout(port) {
  const status = h("p", { class: "sr-hint", role: "status" }, "Click a payout in the table.");
  const body = h("div");
  let asked = 0;

  /** @param {string} payout */
  async function explain(payout) {
    const mine = ++asked;
    setText(status, `Fetching the transactions of ${payout} …`);
    body.replaceChildren();
    try {
      const found = await port.ask("payout", { payout });
      if (mine === asked) draw(payout, found);
    } catch (error) {
      if (mine === asked) setText(status, errorText(error));
    }
  }
  /** @type {(payout: string, found: Explained) => void} */
  function draw(payout, found) {
    setText(status, payout);
    const behind = h("div");
    /** @type {(part: Node | string, amount: string, attributes?: Record<string, string>) => HTMLElement} */
    const line = (part, amount, attributes = {}) => h("tr", attributes, h("td", {}, part), h("td", { class: "sr-number" }, amount));
    const parts = found.bridge.map(({ part, amount }) => line(h("button", { type: "button", class: "sr-link",
      title: "Show the rows behind this part", onclick: () => rows(payout, part, behind) }, part), amount));
    const bridge = h("table", { class: "sr-bridge" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "part"), h("th", { scope: "col", class: "sr-number" }, found.currency))),
      h("tbody", {}, ...parts, line("payout", found.total, { class: "sr-total" })));
    body.replaceChildren(h("p", {}, h("b", {}, found.sentence)), ...found.notes.map((note) => h("p", { class: "sr-hint" }, note)),
      bridge, behind, h("div", { class: "sr-chart", role: "img", "aria-label": found.sentence }, harmless(found.svg)),
      h("pre", { class: "sr-code", tabindex: "0", "aria-label": "Python code of this explanation" }, found.code));
  }
  /** @type {(payout: string, part: string, behind: HTMLElement) => Promise<void>} */
  async function rows(payout, part, behind) {
    try {
      const { columns, rows, total } = await port.ask("payout_rows", { payout, part });
      behind.replaceChildren(h("p", { class: "sr-hint", role: "status" }, `${part}: ${rows.length} of ${total} rows`), plainTable(columns, rows));
    } catch (error) {
      behind.replaceChildren(h("p", { class: "sr-hint" }, errorText(error)));
    }
  }
  return { element: h("div", { class: "sr-payout" }, status, body), explain };
}
