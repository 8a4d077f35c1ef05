// What the user's functions return for a report: widgets of Jupyter's, shown by Jupyter's own views.

import { h } from "./dom.js";
/** @import { Model } from "./messages.js" */

/** @param {Model} model */
export function placeBelow(model) {
  const element = h("div", { class: "sr-below" });
  const manager = model.widget_manager; // other hosts have no views of such widgets
  let shown = "";
  const update = async () => {
    const id = model.get("below")?.replace("IPY_MODEL_", "") ?? "";
    if (!manager || !id || id === shown) return;
    shown = id;
    const view = await manager.create_view(await manager.get_model(id));
    element.replaceChildren(view.el);
  };
  model.on("change:below", update);
  update();
  return { element, close: () => model.off("change:below", update) };
}
