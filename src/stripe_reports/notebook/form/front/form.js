// One view of the form. All views show the same state, which is in Python.

import { placeBelow } from "./below.js";
import { h, setText, show } from "./dom.js";
import { parameterFields } from "./fields.js";
import { earlierRuns } from "./history.js";
import { watchKernel } from "./kernel.js";
import { reportPicker } from "./picker.js";
import { asker } from "./port.js";
import { reportResult } from "./result.js";
import { runBar } from "./run.js";
import { keepInNotebook } from "./saved.js";
/** @import { Model } from "./messages.js" */

/** @type {Record<string, string>} */
const CUT_OFF = {
  gone: "The kernel of this form no longer runs. Run the cell again to use the form; in an app, reload the page.",
  unreachable: "The kernel of this form cannot be reached at the moment.",
};

export default {
  /** @param {{ model: Model, el: HTMLElement }} view */
  render({ model, el }) {
    const port = asker(model);
    const picker = reportPicker(port, model.get("static"));
    const fields = parameterFields(port, model);
    const bar = runBar(port);
    const past = earlierRuns(port);
    const shownResult = reportResult(port);
    const below = placeBelow(port, model);
    const stopKeeping = keepInNotebook(port, model);
    const choices = h("div", { class: "sr-choices" }, picker.element, fields.element);
    const notice = h("div", { class: "sr-error", role: "alert", hidden: true });
    el.classList.add("sr-explorer");
    // While the form has the focus, keys must not trigger shortcuts of the notebook.
    el.dataset.lmSuppressShortcuts = "true";
    el.dataset.stripeForm = model.get("static").form; // hides what a saved notebook shows instead
    el.addEventListener("keydown", (event) => event.stopPropagation());
    el.append(h("div", { class: "sr-root", role: "form", "aria-label": "Stripe report" },
      notice, choices, bar.element, shownResult.element, below.element, past.element));

    let cut = "";
    const stopWatching = watchKernel(model, el, (reason) => {
      cut = reason;
      const why = CUT_OFF[reason] ?? "";
      port.cutOff(why);
      setText(notice, why);
      show(notice, Boolean(reason));
      // What is shown stays, and its text can be copied; only what needs the kernel is disabled.
      for (const part of [choices, bar.element, past.element]) part.inert = Boolean(reason);
    });
    const update = () => {
      const known = model.get("shown");
      const needsKernel = { result: "", running: null, problem: null, selection: null, has_controls: false };
      const shown = cut ? { ...known, ...needsKernel } : known;
      picker.families(model.get("families"));
      picker.update(shown.type);
      fields.columnGroups(model.get("column_groups"));
      fields.update(shown);
      bar.update(shown);
      shownResult.update(shown);
      past.update(shown.history);
      if (!cut && model.get("run_id") !== known.result) {
        // Hosts such as marimo run cells again for a change that a view makes, not for one of Python.
        model.set("run_id", known.result);
        model.save_changes();
      }
    };
    // Each by itself: a list of names is understood by Backbone alone.
    const changes = ["change:shown", "change:families", "change:column_groups"];
    for (const each of changes) model.on(each, update);
    update();
    return () => {
      for (const each of changes) model.off(each, update);
      stopWatching();
      stopKeeping();
      below.close();
      bar.close();
      shownResult.close();
      port.close();
    };
  },
};
