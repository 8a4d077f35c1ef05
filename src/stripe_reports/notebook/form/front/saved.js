// What a saved notebook shows of a form. Python updates the output below the form, but JupyterLab finds that
// output only on the page that ran its cell; after a reload, the view writes it into the notebook.

/** @import { Listener, Model, Port } from "./messages.js" */

/**
 * @param {Port} port
 * @param {Model} model
 */
export function keepInNotebook(port, model) {
  const manager = model.widget_manager; // only JupyterLab's and Notebook's have the notebook
  const name = `sr-saved-${model.get("static").form}`;
  const update = async () => {
    if (!manager?.context) return;
    const answer = await port.ask("saved").catch(() => null); // of a kernel that is gone
    if (!answer) return;
    const { html } = answer;
    for (const { outputs } of manager.context.model.cells) {
      for (let index = 0; outputs && index < outputs.length; index++) {
        const output = outputs.get(index).toJSON();
        const before = [output.data?.["text/html"] ?? ""].flat().join("");
        if (before !== html && before.includes(`class="${name}"`))
          outputs.set(index, { ...output, data: { ...output.data, "text/html": html } });
      }
    }
  };
  /** @type {Listener} */
  const told = ({ changed }) => {
    if (changed === "saved") update();
  };
  model.on("msg:custom", told);
  update();
  return () => model.off("msg:custom", told);
}
