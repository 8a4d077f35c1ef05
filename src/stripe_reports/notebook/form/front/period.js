// The period: a menu, two days that are both included, and both bounds in words.

import { byGroup } from "./choices.js";
import { h, isFocused, labelled, setText, show } from "./dom.js";
import { changed, later } from "./events.js";
import { availableText, boundsParts } from "./texts.js";
/** @import { Period, Port } from "./messages.js" */

/** @param {Port} port */
export function periodField(port) {
  /** @type {HTMLSelectElement} */
  const menu = h("select", { onchange: () => menu.value && port.tell("choose", { name: "period", value: menu.value }) });
  const field = labelled("Period", menu);
  const days = { first: h("input", { type: "date" }), last: h("input", { type: "date" }) };
  const send = later(120, () => port.tell("choose_days", { first: days.first.value, last: days.last.value }));
  for (const input of Object.values(days)) {
    input.addEventListener("input", send);
    input.addEventListener("change", send.flush);
  }
  const first = h("label", {}, h("span", {}, "First day"), days.first);
  const lastName = h("span", {}, "Last day");
  const last = h("label", {}, lastName, days.last);
  /** @type {HTMLInputElement} */
  const months = h("input", { type: "checkbox", onchange: () => port.tell("by_month", { on: months.checked }) });
  const byMonth = h("label", { class: "sr-check", hidden: true }, months, " Month by month: one run for each; months that are stored are not requested again");
  const bounds = h("div", { class: "sr-hint sr-bounds", "aria-live": "polite" });
  const available = h("div", { class: "sr-hint sr-available" });
  field.element.append(h("div", { class: "sr-days" }, first, last), byMonth, bounds, available);

  const drawMenu = changed((/** @type {Pick<Period, "menu" | "value">} */ { menu: periods, value }) => {
    const groups = [...byGroup(periods)].map(([label, members]) =>
      h("optgroup", { label }, ...members.map((period) => h("option", { value: period.value }, period.text))));
    const isListed = periods.some((period) => period.value === value);
    menu.replaceChildren(h("option", { value: "", hidden: isListed }, "Days chosen below"), ...groups);
    menu.value = isListed ? value : "";
  });
  /** @param {Period} period */
  function draw(period) {
    drawMenu({ menu: period.menu, value: period.value });
    field.problem(period.problem);
    show(first, !period.is_moment);
    setText(lastName, period.is_moment ? "At the end of" : "Last day");
    const now = period.bounds;
    for (const [input, day] of /** @type {const} */ ([[days.first, now?.first_day], [days.last, now?.last_day]])) {
      input.min = period.available?.first_day ?? "";
      input.max = period.available?.last_day ?? "";
      input.setAttribute("aria-invalid", period.problem ? "true" : "false");
      if (day && !isFocused(input) && input.value !== day) input.value = day;
    }
    show(byMonth, period.by_month !== null);
    months.checked = Boolean(period.by_month);
    bounds.replaceChildren(...boundsParts(period).map(({ bold, text }) => (bold ? h("b", {}, text) : text)));
    setText(available, availableText(period.available));
  }
  return { element: field.element, update: changed(draw) };
}
