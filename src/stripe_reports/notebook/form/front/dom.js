// Elements without markup: every text is added as a text node, so no text of a report is parsed as HTML.

/** @import { PlainTable } from "./messages.js" */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | boolean | null | undefined | ((event: Event) => unknown)>} [attributes]
 * @param {...(Node | string | null | undefined)} children
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/**
 * @param {HTMLElement} element
 * @param {boolean} isShown
 */
export function show(element, isShown) {
  element.hidden = !isShown;
}

/**
 * @param {Node} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

let lastId = 0;
/** @param {string} what */
export function newId(what) {
  return `sr-${what}-${++lastId}-${Math.random().toString(36).slice(2, 8)}`;
}

/**
 * A labelled field with its hint and its problem, which screen readers read with it.
 *
 * @param {string} text
 * @param {HTMLElement} control
 */
export function labelled(text, control, { needed = false } = {}) {
  const id = newId("field");
  const problem = h("div", { class: "sr-problem", id: `${id}-problem`, role: "alert", hidden: true });
  control.id = id;
  control.setAttribute("aria-describedby", problem.id);
  if (needed) control.setAttribute("aria-required", "true");
  const label = h("label", { for: id }, text, needed ? h("span", { class: "sr-needed" }, " needed") : null);
  return {
    element: h("div", { class: "sr-field" }, label, control, problem),
    /** @param {string} message */
    problem(message) {
      setText(problem, message);
      show(problem, Boolean(message));
      control.setAttribute("aria-invalid", message ? "true" : "false");
    },
  };
}

/**
 * Tells whether an element has the focus, in the shadow root or page that contains the widget.
 *
 * @param {HTMLElement} element
 */
export function isFocused(element) {
  const root = /** @type {Document | ShadowRoot} */ (element.getRootNode());
  return root.activeElement === element;
}

/**
 * @param {string} text
 * @param {HTMLElement} beside
 */
export async function copyText(text, beside) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Pages that are not served over https have no clipboard.
    const area = h("textarea", { class: "sr-offscreen", "aria-hidden": "true" });
    area.value = text;
    beside.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

/**
 * @param {PlainTable["columns"]} columns
 * @param {PlainTable["rows"]} rows
 */
export function plainTable(columns, rows) {
  return h("div", { class: "sr-scroll", tabindex: "0" }, h("table", {},
    h("thead", {}, h("tr", {}, ...columns.map((column) => h("th", { scope: "col", class: column.numeric ? "sr-number" : null }, column.name)))),
    h("tbody", {}, ...rows.map((row) => h("tr", {}, ...row.map((cell, index) =>
      h("td", { class: columns[index]?.numeric ? "sr-number" : null }, cell ?? "–")))))));
}

/**
 * The members of a list of names and their texts.
 *
 * @param {[string, string][]} texts
 */
export function pairs(texts) {
  return texts.flatMap(([name, text]) => [h("dt", {}, name), h("dd", {}, text)]);
}
