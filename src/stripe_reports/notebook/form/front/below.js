// What the user's functions return for a report: widgets of Jupyter's, shown by Jupyter's own views. Other
// hosts have none, and get the same as HTML.

import { h, setText } from "./dom.js";
import { errorText } from "./texts.js";
/** @import { Listener, Model, Port } from "./messages.js" */

/**
 * @param {Port} port
 * @param {Model} model
 */
export function placeBelow(port, model) {
  const element = h("div", { class: "sr-below" });
  const close = model.widget_manager?.create_view ? showWidgets(model, element) : showHtml(port, model, element);
  return { element, close };
}

/**
 * @param {Model} model
 * @param {HTMLElement} element
 */
function showWidgets(model, element) {
  const manager = model.widget_manager;
  let shown = "";
  const update = async () => {
    const id = model.get("below")?.replace("IPY_MODEL_", "") ?? "";
    if (!manager?.create_view || !id || id === shown) return;
    shown = id;
    const view = await manager.create_view(await manager.get_model(id));
    element.replaceChildren(view.el);
  };
  model.on("change:below", update);
  update();
  return () => model.off("change:below", update);
}

/**
 * @param {Port} port
 * @param {Model} model
 * @param {HTMLElement} element
 */
function showHtml(port, model, element) {
  element.classList.add("sr-html");
  let asked = 0;
  const update = async () => {
    const mine = ++asked;
    try {
      const { html } = await port.ask("below");
      if (mine === asked) element.innerHTML = html.join(""); // as the host shows what a cell returns
    } catch (error) {
      if (mine === asked) setText(element, errorText(error));
    }
  };
  /** @type {Listener} */
  const told = ({ changed }) => {
    if (changed === "below") update();
  };
  model.on("msg:custom", told);
  update();
  return () => model.off("msg:custom", told);
}
