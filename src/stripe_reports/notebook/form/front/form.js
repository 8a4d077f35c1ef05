// One view of the form. All views show the same state, which is in Python.

import { h } from "./dom.js";
import { parameterFields } from "./fields.js";
import { earlierRuns } from "./history.js";
import { reportPicker } from "./picker.js";
import { asker } from "./port.js";
import { reportResult } from "./result.js";
import { runBar } from "./run.js";
/** @import { Model } from "./messages.js" */

export default {
  /** @param {{ model: Model, el: HTMLElement }} view */
  render({ model, el }) {
    const port = asker(model);
    const picker = reportPicker(port, model.get("static"));
    const fields = parameterFields(port, model);
    const bar = runBar(port);
    const past = earlierRuns(port);
    const shownResult = reportResult(port);
    el.classList.add("sr-explorer");
    // While the form has the focus, keys must not trigger shortcuts of the notebook.
    el.dataset.lmSuppressShortcuts = "true";
    el.addEventListener("keydown", (event) => event.stopPropagation());
    el.append(h("div", { class: "sr-root", role: "form", "aria-label": "Stripe report" },
      h("div", { class: "sr-choices" }, picker.element, fields.element), bar.element, shownResult.element, past.element));

    const update = () => {
      const shown = model.get("shown");
      picker.families(model.get("families"));
      picker.update(shown.type);
      fields.columnGroups(model.get("column_groups"));
      fields.update(shown);
      bar.update(shown);
      shownResult.update(shown);
      past.update(shown.history);
    };
    const changes = "change:shown change:families change:column_groups";
    model.on(changes, update);
    update();
    return () => {
      model.off(changes, update);
      bar.close();
      shownResult.close();
      port.close();
    };
  },
};
