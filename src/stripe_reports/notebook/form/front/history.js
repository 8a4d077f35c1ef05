// Earlier runs: a click shows one; nothing is launched.

import { h, setText } from "./dom.js";
import { changed } from "./events.js";
import { errorText, historyText } from "./texts.js";
/** @import { Port } from "./messages.js" */

/** @param {Port} port */
export function earlierRuns(port) {
  const list = h("tbody");
  const note = h("p", { class: "sr-hint" });
  const again = h("button", { type: "button", class: "sr-small", onclick: () => port.tell("refresh_history") }, "Refresh");
  const element = h("details", { class: "sr-history" }, h("summary", {}, "Earlier runs"),
    h("div", { class: "sr-row" }, again, note),
    h("div", { class: "sr-scroll" }, h("table", {}, h("thead", {}, h("tr", {},
      ...["Report", "Period", "Status", "Created", "Result"].map((text) => h("th", { scope: "col" }, text)))), list)));
  async function load() {
    if (!element.open) return;
    const answer = await port.ask("history").catch((error) => setText(note, errorText(error)));
    if (!answer) return;
    const { entries, runs } = answer;
    setText(note, historyText(entries.length, runs));
    list.replaceChildren(...entries.map((entry) => h("tr", {},
      h("td", {}, h("button", { type: "button", class: "sr-link", title: `${entry.type}, run ${entry.id}`,
        onclick: () => port.tell("load", { id: entry.id }) }, entry.title)),
      h("td", {}, entry.period),
      h("td", { class: `sr-status-${entry.status}` }, entry.status),
      h("td", {}, entry.age),
      h("td", {}, entry.place === "this machine" ? "stored here" : "at Stripe"))));
  }
  element.addEventListener("toggle", load);
  return { element, update: changed((/** @type {string[]} */ _) => load()) };
}
