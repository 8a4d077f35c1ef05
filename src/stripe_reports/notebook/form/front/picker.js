// The report type: a search field, and below it the types by family.

import { h, isFocused, labelled, newId, show } from "./dom.js";
import { changed } from "./events.js";
import { familySearch } from "./search.js";
/** @import { ChosenType, Family, Menu, Port, ReportType } from "./messages.js" */

/**
 * @param {Port} port
 * @param {Menu} menu
 */
export function reportPicker(port, menu) {
  const search = familySearch(menu);
  const listId = newId("types");
  const input = h("input", {
    type: "text",
    role: "combobox",
    autocomplete: "off",
    spellcheck: "false",
    "aria-expanded": "false",
    "aria-controls": listId,
    "aria-autocomplete": "list",
    placeholder: "Search reports",
  });
  const field = labelled("Report", input);
  const list = h("div", { id: listId, role: "listbox", class: "sr-list", "aria-label": "Reports" });
  const old = h("input", { type: "checkbox" });
  const panel = h("div", { class: "sr-panel", hidden: true }, list,
    h("label", { class: "sr-check sr-foot" }, old, "Other versions too"));
  const about = h("div", { class: "sr-hint" });
  const element = h("div", { class: "sr-picker" }, field.element, panel, about);
  /** @type {Family[]} */
  let families = [];
  /** @type {{ type: ReportType, option: HTMLElement }[]} */
  let options = [];
  let chosen = { id: "", title: "" }, active = -1;

  const isOpen = () => !panel.hidden;
  function open() {
    show(panel, true);
    input.setAttribute("aria-expanded", "true");
    draw();
  }
  function close() {
    show(panel, false);
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    input.value = chosen.title;
    if (isFocused(input)) input.select(); // what is typed next is a search, not more of the title
  }
  /** @param {ReportType} type */
  function choose(type) {
    if (type.why_not) return;
    chosen = { id: type.id, title: type.title };
    close();
    port.tell("choose_type", { id: type.id });
  }
  function draw() {
    const query = input.value === chosen.title ? "" : input.value.trim().toLowerCase();
    list.replaceChildren();
    options = [];
    const found = search(query, families, { chosen: chosen.id, olderToo: old.checked });
    for (const { title, types } of found) {
      const group = h("div", { role: "group", "aria-label": title },
        h("div", { class: "sr-group", "aria-hidden": "true" }, title));
      for (const type of types) {
        const option = h("div", {
          role: "option", id: newId("type"), class: "sr-option",
          "aria-selected": String(type.id === chosen.id),
          "aria-disabled": type.why_not ? "true" : null,
          onmousedown: (event) => { event.preventDefault(); choose(type); },
        }, h("span", {}, type.title), h("code", {}, type.id),
          type.why_not ? h("span", { class: "sr-why" }, type.why_not) : null);
        options.push({ type, option });
        group.append(option);
      }
      list.append(group);
    }
    if (!options.length) list.append(h("div", { class: "sr-hint" }, "No report matches these words. Try what it is about: deposit, sales tax, fees, refunds."));
    // Enter chooses the best match.
    move(query ? 0 : options.findIndex(({ type }) => type.id === chosen.id));
  }
  /** @param {number} to */
  function move(to) {
    options[active]?.option.classList.remove("sr-active");
    active = options.length ? Math.max(-1, Math.min(to, options.length - 1)) : -1;
    const option = options[active]?.option;
    if (!option) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    option.classList.add("sr-active");
    // Only the list scrolls; scrollIntoView would scroll the notebook too.
    const top = option.offsetTop - list.offsetTop;
    if (top < list.scrollTop) list.scrollTop = top - 24;
    else if (top + option.offsetHeight > list.scrollTop + list.clientHeight)
      list.scrollTop = top + option.offsetHeight - list.clientHeight;
    input.setAttribute("aria-activedescendant", option.id);
  }
  input.addEventListener("focus", () => input.select());
  input.addEventListener("mousedown", (event) => {
    if (isOpen() || event.button) return;
    event.preventDefault(); // the click would place the caret: what is typed next must be a search
    input.focus();
    input.select();
    open();
  });
  input.addEventListener("click", () => isOpen() || open()); // a screen reader's click has no mousedown
  input.addEventListener("input", () => (isOpen() ? draw() : open()));
  input.addEventListener("blur", () => setTimeout(() => element.matches(":focus-within") || close(), 150));
  old.addEventListener("change", draw);
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && isOpen()) { close(); event.stopPropagation(); }
    else if (event.target !== input) return;
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!isOpen()) open();
      move(active + (event.key === "ArrowDown" ? 1 : -1));
      event.preventDefault();
    } else if (event.key === "Enter" && isOpen()) {
      const found = options[active];
      if (!found) return;
      choose(found.type);
      event.preventDefault();
    }
  });
  return {
    element,
    families: changed((/** @type {Family[]} */ now) => { families = now; if (isOpen()) draw(); }),
    update: changed((/** @type {ChosenType} */ type) => {
      chosen = { id: type.id, title: type.title };
      if (!isOpen()) input.value = type.title;
      field.problem(type.problem || (type.why_not ? `This report cannot be run: ${type.why_not}.` : ""));
      about.replaceChildren(h("code", {}, type.id));
      if (type.superseded_by) about.append(" superseded by ", h("code", {}, type.superseded_by));
    }),
  };
}
