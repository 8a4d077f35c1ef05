// The rows of a report, page by page; Python sorts, searches and formats the cells.

import { h, setText } from "./dom.js";
import { later } from "./events.js";
import { isPayout, lastPage, nextSort, PAGE, UNSORTED } from "./paging.js";
import { selectionBar } from "./selection.js";
import { errorText, rowsText, sortText } from "./texts.js";
/** @import { Page, Port, Selection, TableColumn } from "./messages.js" */

/**
 * @param {Port} port
 * @param {(payout: string) => void} openPayout
 */
export function reportTable(port, openPayout) {
  const search = h("input", { type: "search", placeholder: "Search rows", "aria-label": "Search rows" });
  const count = h("span", { class: "sr-hint", role: "status" });
  /** @type {(text: string, label: string, act: () => void) => HTMLButtonElement} */
  const turn = (text, label, act) => h("button", { type: "button", class: "sr-small", "aria-label": label, title: label, onclick: act }, text);
  const buttons = {
    first: turn("«", "First rows", () => load(0)),
    back: turn("‹", "Previous rows", () => load(at - PAGE)),
    next: turn("›", "Next rows", () => load(at + PAGE)),
    last: turn("»", "Last rows", () => load(lastPage(matching))),
  };
  const head = h("tr");
  const body = h("tbody");
  const scroller = h("div", { class: "sr-scroll", tabindex: "0", role: "region", "aria-label": "Rows of the report" },
    h("table", {}, h("thead", {}, head), body));
  const bar = selectionBar(port);
  const element = h("div", { class: "sr-table" },
    h("div", { class: "sr-row" }, search, count, h("span", { class: "sr-turn" }, ...Object.values(buttons))), scroller);
  /** @type {TableColumn[]} */
  let columns = [];
  let at = 0, matching = 0, sort = UNSORTED, asked = 0;

  /** @param {number} offset */
  async function load(offset) {
    const mine = ++asked;
    element.setAttribute("aria-busy", "true");
    try {
      const page = await port.ask("rows", { offset: Math.max(0, offset), limit: PAGE, sort: sort.column, descending: sort.descending, search: search.value });
      if (mine === asked) draw(page);
    } catch (error) {
      if (mine === asked) { body.replaceChildren(); setText(count, errorText(error)); }
    }
    if (mine === asked) element.removeAttribute("aria-busy");
  }
  /** @type {(text: string | null, column: TableColumn | undefined) => Node | string} */
  function content(text, column) {
    if (text === null) return h("span", { class: "sr-empty", title: "empty" }, "–");
    if (!column?.payouts || !isPayout(text)) return text;
    return h("button", { type: "button", class: "sr-link", title: "Explain this payout", onclick: () => openPayout(text) }, text);
  }
  /** @param {Page} page */
  function draw(page) {
    at = page.offset;
    matching = page.matching;
    body.replaceChildren(...page.rows.map((row) => h("tr", {}, ...row.map((text, index) =>
      h("td", { class: columns[index]?.numeric ? "sr-number" : null, title: text && text.length > 40 ? text : null },
        content(text, columns[index]))))));
    scroller.scrollTop = 0;
    setText(count, rowsText({ ...page, shown: page.rows.length }));
    buttons.first.disabled = buttons.back.disabled = at === 0;
    buttons.next.disabled = buttons.last.disabled = at + page.rows.length >= matching;
  }
  function drawHead() {
    head.replaceChildren(...columns.map((column) => {
      const isSorted = column.name === sort.column;
      return h("th", { scope: "col", class: column.numeric ? "sr-number" : null,
        "aria-sort": isSorted ? (sort.descending ? "descending" : "ascending") : null },
        h("button", { type: "button", title: sortText(column),
          onclick: () => sortBy(column.name) },
          column.name, h("span", { "aria-hidden": "true" }, isSorted ? (sort.descending ? " ▼" : " ▲") : "")));
    }));
  }
  /** @param {string} name */
  function sortBy(name) {
    sort = nextSort(sort, name);
    drawHead();
    load(0);
  }
  search.addEventListener("input", later(250, () => load(0)));
  return {
    element: h("div", {}, bar.element, element),
    /** @param {TableColumn[]} now */
    open(now) {
      columns = now;
      sort = UNSORTED;
      search.value = "";
      drawHead();
      return load(0);
    },
    /** @param {Selection | null} selection */
    selected(selection) {
      bar.update(selection);
      if (columns.length) load(0);
    },
  };
}
