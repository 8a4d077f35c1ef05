// The selection in the chart: the number of rows, and a button to clear it.

import { h, setText, show } from "./dom.js";
import { selectionText } from "./texts.js";
/** @import { Port, Selection } from "./messages.js" */

/**
 * @param {Port} port
 * @param {(() => void) | null} [seeRows]
 * @param {((payout: string) => void) | null} [openPayout]
 */
export function selectionBar(port, seeRows = null, openPayout = null) {
  let payout = "";
  const text = h("span", { role: "status" });
  const see = seeRows && h("button", { type: "button", class: "sr-small", onclick: seeRows }, "Show the rows");
  const explain = openPayout && h("button", { type: "button", class: "sr-small", hidden: true,
    onclick: () => openPayout(payout) }, "Explain the payout");
  const clear = h("button", { type: "button", class: "sr-small", onclick: () => port.tell("unselect") }, "Clear selection");
  const element = h("div", { class: "sr-row sr-selection", hidden: true }, text, see, explain, clear);
  return {
    element,
    /** @param {Selection | null} selection */
    update(selection) {
      show(element, Boolean(selection));
      if (!selection) return;
      setText(text, selectionText(selection));
      payout = selection.payout ?? "";
      if (explain) show(explain, Boolean(payout));
    },
  };
}
