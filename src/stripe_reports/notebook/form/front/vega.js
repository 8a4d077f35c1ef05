// A chart drawn by Vega, in which rows can be selected. Vega comes from Python, once per page; it loads nothing.

import { h, pairs, show } from "./dom.js";
import { later } from "./events.js";
/** @import { Port, Signal, Vega } from "./messages.js" */
/** @typedef {{ offsetWidth: number, offsetHeight: number }} Size */

/** @type {Promise<Vega> | undefined} */
let vegaModule;

/** @param {Port} port */
export function vegaFrom(port) {
  vegaModule ??= (async () => {
    const { buffers } = await port.ask("vega");
    const url = URL.createObjectURL(new Blob(buffers, { type: "text/javascript" }));
    try {
      return await import(url);
    } finally {
      URL.revokeObjectURL(url);
    }
  })();
  vegaModule.catch(() => { vegaModule = undefined; }); // so that the next chart tries again
  return vegaModule;
}

/**
 * The values of a bar, beside the pointer. Every text is a text node.
 *
 * @param {HTMLElement} holder
 * @returns {(handler: unknown, event: MouseEvent, item: unknown, value: unknown) => void}
 */
function tooltip(holder) {
  const box = h("dl", { class: "sr-tip", hidden: true });
  holder.append(box);
  return (_, event, __, value) => {
    const values = typeof value === "object" ? value : null;
    show(box, Boolean(values));
    if (!values) return;
    box.replaceChildren(...pairs(Object.entries(values).map(([name, text]) => [name, String(text ?? "–")])));
    const { left, top } = holder.getBoundingClientRect();
    const place = placeBeside(event.clientX - left, event.clientY - top, box, holder);
    box.style.left = `${place.left}px`;
    box.style.top = `${place.top}px`;
  };
}

/**
 * Draws the chart; `selected` receives what is selected in it, by the names of its selections.
 *
 * @param {Vega} vega
 * @param {object} spec
 * @param {string[]} selections
 * @param {(selected: Record<string, object>) => void} selected
 */
export async function liveChart(vega, spec, selections, selected) {
  const refuse = () => Promise.reject(new Error("Charts may not load anything."));
  const holder = h("div", { class: "sr-live" });
  const canvas = h("div");
  holder.append(canvas);
  const { view, finalize } = await vega.vegaEmbed(canvas, spec, {
    mode: "vega", renderer: "svg", actions: false, defaultStyle: false, tooltip: tooltip(holder),
    loader: { load: refuse, sanitize: refuse, http: refuse, file: refuse },
  });
  const send = later(120, () => selected(Object.fromEntries(selections.map((name) => [name, selectedIn(view.signal(name))]))));
  for (const name of selections) view.addSignalListener(name, send);
  return { element: holder, close: finalize };
}

/**
 * The place of a box beside the pointer, and inside the holder where there is room for it.
 *
 * @param {number} x
 * @param {number} y
 * @param {Size} box
 * @param {Size} holder
 */
export function placeBeside(x, y, box, holder) {
  return {
    left: Math.max(0, x + 14 + box.offsetWidth > holder.offsetWidth ? x - 14 - box.offsetWidth : x + 14),
    top: Math.max(0, y + 16 + box.offsetHeight > holder.offsetHeight ? y - 10 - box.offsetHeight : y + 16),
  };
}

/**
 * The values of a selection as plain data; Vega's own object has more in it.
 *
 * @param {Signal} signal
 */
export function selectedIn(signal) {
  return JSON.parse(JSON.stringify(signal?.vlPoint ? signal.vlPoint.or : signal ?? {}));
}
