// The result: figures by currency, and tabs for table, chart, code, provenance and controls.

import { reportChart } from "./chart.js";
import { neighbour } from "./choices.js";
import { periodControls } from "./controls.js";
import { copyText, h, newId, pairs, setText, show } from "./dom.js";
import { downloads } from "./download.js";
import { changed } from "./events.js";
import { explainedPayout } from "./payout.js";
import { reportTable } from "./table.js";
import { errorText } from "./texts.js";
/** @import { Port, Selection, Shown } from "./messages.js" */

/**
 * @template {string} Name
 * @param {Record<Name, { title: string, element: HTMLElement, opened?: () => void }>} pages
 */
function tabs(pages) {
  const bar = h("div", { role: "tablist", class: "sr-tabs", "aria-label": "Result" });
  const body = h("div");
  const names = /** @type {Name[]} */ (Object.keys(pages));
  const all = /** @type {Record<Name, { tab: HTMLElement, panel: HTMLElement }>} */ ({});
  for (const name of names) {
    const panel = h("div", { role: "tabpanel", id: newId("panel"), hidden: true }, pages[name].element);
    const tab = h("button", { type: "button", role: "tab", id: newId("tab"), "aria-controls": panel.id, tabindex: "-1",
      onclick: () => open(name) }, pages[name].title);
    panel.setAttribute("aria-labelledby", tab.id);
    all[name] = { tab, panel };
    bar.append(tab);
    body.append(panel);
  }
  /** @type {Name | null} */
  let current = null;
  /** @param {Name} name */
  function open(name) {
    current = name;
    for (const each of names) {
      const { tab, panel } = all[each];
      tab.setAttribute("aria-selected", String(each === name));
      tab.tabIndex = each === name ? 0 : -1;
      show(panel, each === name);
    }
    pages[name].opened?.();
  }
  bar.addEventListener("keydown", (event) => {
    if (!current || (event.key !== "ArrowRight" && event.key !== "ArrowLeft")) return;
    const next = neighbour(names.filter((name) => !all[name].tab.hidden), current, event.key === "ArrowRight" ? 1 : -1);
    if (!next) return;
    open(next);
    all[next].tab.focus();
    event.preventDefault();
    event.stopPropagation();
  });
  return { element: h("div", {}, bar, body), open, current: () => current,
    /** @type {(name: Name, isOffered: boolean) => void} */
    offer: (name, isOffered) => show(all[name].tab, isOffered) };
}

/** @param {Port} port */
export function reportResult(port) {
  const heading = h("h3", { class: "sr-heading" });
  const other = h("div", { class: "sr-notice", role: "status", hidden: true },
    "This result is for earlier choices; the choices above have changed since.");
  const reuse = h("p", { class: "sr-hint sr-reuse", role: "status" }); // the one sentence on what the run did
  const figures = h("dl", { class: "sr-figures sr-totals" });
  const payout = explainedPayout(port);
  const openPayout = (/** @type {string} */ id) => {
    pages.offer("payout", true);
    pages.open("payout");
    payout.explain(id);
  };
  const table = reportTable(port, openPayout);
  const chart = reportChart(port, () => pages.open("table"), openPayout);
  const code = h("pre", { class: "sr-code", tabindex: "0", "aria-label": "Python code of this request" });
  const copy = h("button", { type: "button", class: "sr-small", onclick: async () => {
    await copyText(code.textContent ?? "", element);
    setText(copy, "Copied");
    setTimeout(() => setText(copy, "Copy code"), 1500);
  } }, "Copy code");
  const provenance = h("dl", { class: "sr-provenance" });
  let isChartStale = true, shownCode = "", selectedCode = "";
  const pages = tabs({
    table: { title: "Table", element: table.element },
    chart: { title: "Chart", element: chart.element, opened: () => { if (isChartStale) { isChartStale = false; chart.open(); } } },
    code: { title: "Code", element: h("div", {}, h("div", { class: "sr-row" }, copy), code) },
    provenance: { title: "Provenance", element: provenance },
    payout: { title: "Payout", element: payout.element },
    controls: { title: "Controls", element: periodControls(port).element },
  });
  const top = h("div", {}, heading, other, figures, reuse, downloads(port).element);
  const element = h("section", { class: "sr-result", "aria-label": "Result" }, top, pages.element);

  const load = changed(async (/** @type {string} */ run) => {
    const has = Boolean(run);
    show(top, has);
    pages.offer("payout", false);
    if (pages.current() === "payout") pages.open("table");
    for (const name of /** @type {const} */ (["table", "chart", "provenance"])) pages.offer(name, has);
    if (!has) {
      pages.open("code");
      return;
    }
    try {
      const about = await port.ask("overview");
      setText(heading, about.title);
      setText(reuse, about.reuse);
      figures.replaceChildren(...pairs(about.summary.map(({ currency, text }) => [currency || "–", text])));
      provenance.replaceChildren(...pairs(about.provenance));
      chart.forget();
      isChartStale = true;
      table.open(about.columns).then(() => { if (isChartStale) chart.prefetch(); });
      const current = pages.current() ?? "table";
      pages.open(current === "code" ? "table" : current);
    } catch (error) {
      setText(heading, errorText(error));
    }
  });
  // Selected rows are requested: they belong to the report, and synchronised state may be saved.
  const select = changed(async (/** @type {{ by: string, is_other: boolean } | null} */ now) => {
    /** @type {Selection | null} */
    let selection = null;
    try {
      const answer = now && await port.ask("selection");
      if (answer && answer.rows !== null) selection = answer; // null: cleared in the meantime
    } catch (error) {
      setText(heading, errorText(error));
    }
    selectedCode = now?.is_other ? "" : selection?.code ?? "";
    drawCode();
    table.selected(selection);
    chart.selected(selection, now?.by);
  });
  function drawCode() {
    setText(code, selectedCode || shownCode || "# The code appears here once the choices above are complete.");
    copy.disabled = !shownCode;
  }
  return {
    element,
    close: chart.close,
    /** @param {Shown} shown */
    update(shown) {
      shownCode = shown.code;
      if (shown.is_other || !shown.selection) selectedCode = "";
      drawCode();
      show(other, shown.is_other);
      pages.offer("controls", shown.has_controls);
      if (!shown.has_controls && pages.current() === "controls") pages.open("code");
      load(shown.result);
      select(shown.selection && { ...shown.selection, is_other: shown.is_other });
    },
  };
}
