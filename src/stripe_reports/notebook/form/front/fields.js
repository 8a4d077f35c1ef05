// The other parameters: one field for each that the chosen type has.

import { columnsField } from "./columns.js";
import { h, isFocused, labelled, newId, setText, show } from "./dom.js";
import { changed, later } from "./events.js";
import { periodField } from "./period.js";
/** @import { Model, Port, Shown, TextField } from "./messages.js" */

/** @type {Partial<Record<string, "timezones" | "currencies" | "categories">>} */
const SUGGESTED = { timezone: "timezones", currency: "currencies", reporting_category: "categories" };

// Ids, and values that Stripe may add to, are suggested from the stored reports. They are requested when needed,
// because synchronised state may be saved with the notebook.
const REMEMBERED = ["payout", "connected_account", "customer", "invoice", "currency", "reporting_category"];

/**
 * @param {Port} port
 * @param {Model} model
 * @param {TextField} field
 */
function textField(port, model, field) {
  const isRemembered = REMEMBERED.includes(field.name);
  const menu = SUGGESTED[field.name];
  const list = menu || isRemembered ? h("datalist", { id: newId("list") }) : null;
  const suggest = (/** @type {string[]} */ values) => list?.replaceChildren(...values.map((value) => h("option", { value })));
  const input = h("input", { type: "text", autocomplete: "off", spellcheck: "false", list: list?.id, placeholder: field.hint });
  const send = later(120, () => port.tell("choose", { name: field.name, value: input.value }));
  input.addEventListener("input", send);
  input.addEventListener("change", send.flush); // before a click on the button
  const { element, problem } = labelled(field.label, input, { needed: field.needed });
  if (list) element.append(list);
  const usual = menu ? model.get("static")[menu] : [];
  suggest(usual);
  if (isRemembered) {
    input.addEventListener("focus", async () => {
      const { ids } = await port.ask("known_ids", { field: field.name }).catch(() => ({ ids: [] }));
      suggest([...new Set([...usual, ...ids])]);
    });
  }
  const note = h("div", { class: "sr-note", id: newId("note"), hidden: true });
  input.setAttribute("aria-describedby", `${input.getAttribute("aria-describedby")} ${note.id}`);
  element.append(note);
  return {
    element,
    /** @param {TextField} now */
    update(now) {
      if (!isFocused(input) && input.value !== now.value) input.value = now.value;
      problem(now.problem);
      setText(note, now.note);
      show(note, Boolean(now.note));
    },
  };
}

/**
 * Fields stay the same elements while the type changes, so that focus and typing are kept.
 *
 * @param {Port} port
 * @param {Model} model
 */
export function parameterFields(port, model) {
  const period = periodField(port);
  const columns = columnsField(port);
  /** @type {Map<string, { id: string } & ReturnType<typeof textField>>} */
  const texts = new Map();
  const element = h("div", { class: "sr-fields" });
  const place = changed((/** @type {string[]} */ names) => {
    /** @type {Record<string, HTMLElement | undefined>} */
    const own = { period: period.element, columns: columns.element };
    const wanted = names.flatMap((name) => own[name] ?? texts.get(name)?.element ?? []);
    for (const [index, each] of wanted.entries())
      if (element.children[index] !== each) element.insertBefore(each, element.children[index] ?? null);
    while (element.children.length > wanted.length) element.lastElementChild?.remove();
  });
  return {
    element,
    columnGroups: columns.groups,
    /** @param {Shown} shown */
    update(shown) {
      for (const field of shown.fields) {
        if (!("label" in field)) continue;
        const id = `${field.name} ${field.needed}`;
        if (texts.get(field.name)?.id !== id) texts.set(field.name, { id, ...textField(port, model, field) });
      }
      place(shown.fields.map((field) => field.name));
      for (const field of shown.fields) if ("label" in field) texts.get(field.name)?.update(field);
      if (shown.period) period.update(shown.period);
      if (shown.columns) columns.update(shown.columns);
    },
  };
}
