// The chart: first an SVG from Python; then, when Vega has loaded, the same chart drawn by Vega, in which rows
// can be selected.

import { h, setText, show } from "./dom.js";
import { selectionBar } from "./selection.js";
import { harmless } from "./svg.js";
import { errorText } from "./texts.js";
import { liveChart, vegaFrom } from "./vega.js";
/** @import { DrawnChart, Port, Selection, Vega } from "./messages.js" */

const HOW = {
  span: "Select rows: drag across the chart, or click a bar or a name in the legend.",
  bar: "Select rows: click a bar; hold Shift for more than one.",
};

/**
 * @param {Port} port
 * @param {() => void} seeRows
 * @param {(payout: string) => void} openPayout
 */
export function reportChart(port, seeRows, openPayout) {
  const kinds = h("select", { "aria-label": "Kind of chart", onchange: () => { unselect(); load(kinds.value); } });
  const place = h("div", { class: "sr-chart", role: "img", "aria-label": "Chart of the report" });
  const how = h("p", { class: "sr-hint", hidden: true });
  const bar = selectionBar(port, seeRows, openPayout);
  const element = h("div", {}, h("div", { class: "sr-row" }, kinds), place, how, bar.element);
  /** @type {(DrawnChart & { vega: Vega, spec: object }) | null} */
  let drawn = null;
  /** @type {{ close: () => void } | null} */
  let live = null;
  /** @type {Promise<DrawnChart> | null} */
  let first = null;
  let asked = 0, isSelecting = false;
  show(kinds, false); // no choices yet

  /** @param {string | null} [kind] */
  async function load(kind = null) {
    const mine = ++asked;
    drawn = null;
    show(how, false);
    if (!kind) put(h("p", { class: "sr-hint" }, "Drawing …"));
    try {
      const chart = await (kind ? port.ask("chart", { kind }) : first ?? port.ask("chart", { kind }));
      if (mine !== asked) return;
      kinds.replaceChildren(...Object.entries(chart.kinds).map(([value, text]) => h("option", { value }, text)));
      kinds.value = chart.kind;
      show(kinds, Object.keys(chart.kinds).length > 1);
      put(harmless(chart.svg));
      if (!chart.selections.length) return;
      const [vega, { spec }] = await Promise.all([vegaFrom(port), port.ask("live_chart", { kind: chart.kind })]);
      if (mine !== asked) return;
      drawn = { ...chart, vega, spec };
      await enliven(drawn);
    } catch (error) {
      if (mine !== asked) return;
      if (place.querySelector("svg")) { // the picture stays
        setText(how, `Rows cannot be selected in this chart: ${errorText(error)}`);
        show(how, true);
      } else put(h("p", { class: "sr-hint" }, errorText(error)));
    }
  }
  /** @param {NonNullable<typeof drawn>} chosen */
  async function enliven({ vega, spec, selections, kind, run }) {
    const mine = asked;
    const chart = await liveChart(vega, spec, selections, (selected) => {
      const now = Object.values(selected).some((value) => Object.keys(value).length);
      if (!now && !isSelecting) return;
      isSelecting = now;
      port.tell("select", { run, kind, by: port.view, selections: selected });
    });
    if (mine !== asked) {
      chart.close();
      return;
    }
    put(chart.element, chart);
    setText(how, selections.includes("span") ? HOW.span : HOW.bar);
    show(how, true);
  }
  /** @type {(content: Node, chart?: { close: () => void } | null) => void} */
  function put(content, chart = null) {
    live?.close();
    live = chart;
    isSelecting = false;
    place.setAttribute("role", chart ? "group" : "img");
    place.replaceChildren(content);
  }
  function unselect() {
    if (isSelecting) port.tell("unselect");
  }
  return {
    element,
    // Lets Python draw the first chart of a report, so that it is there when the tab is opened.
    prefetch() {
      first = port.ask("chart", { kind: null });
      first.catch(() => {}); // shown when the tab is opened
    },
    forget: () => { first = null; },
    open: () => load(),
    close: () => live?.close(),
    /**
     * What is selected, and by which view; if by none or another, nothing is marked in this view's chart.
     *
     * @param {Selection | null} selection
     * @param {string} [by]
     */
    selected(selection, by) {
      bar.update(selection);
      if (isSelecting && by !== port.view && drawn) enliven(drawn);
    },
  };
}
