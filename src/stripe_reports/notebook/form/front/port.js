// Questions to Python, and the answers, each sent to the view that asked.

/** @import { Listener, Model, Port } from "./messages.js" */

/**
 * @param {Model} model
 * @returns {Port}
 */
export function asker(model) {
  const view = Math.random().toString(36).slice(2);
  /** @type {Map<number, { resolve: (answer: any) => void, reject: (error: Error) => void }>} */
  const waiting = new Map();
  let last = 0;
  let cut = "";
  /** @type {Listener} */
  const answered = (content, buffers = []) => {
    const asked = waiting.get(content.seq);
    if (content.view !== view || !asked) return;
    waiting.delete(content.seq);
    if (content.problem) asked.reject(new Error(content.problem));
    else asked.resolve({ ...content.answer, buffers });
  };
  model.on("msg:custom", answered);
  return {
    view,
    tell: (what, values = {}) => model.send({ do: what, ...values }),
    ask: (what, values = {}) =>
      new Promise((resolve, reject) => {
        if (cut) return reject(new Error(cut));
        waiting.set(++last, { resolve, reject });
        model.send({ ask: what, view, seq: last, ...values });
      }),
    cutOff(why) {
      cut = why;
      if (!why) return;
      for (const { reject } of waiting.values()) reject(new Error(why));
      waiting.clear();
    },
    close: () => model.off("msg:custom", answered),
  };
}
