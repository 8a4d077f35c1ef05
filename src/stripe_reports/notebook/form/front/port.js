// Questions to Python, and the answers, each sent to the view that asked.

export function asker(model) {
  const view = Math.random().toString(36).slice(2);
  const waiting = new Map();
  let last = 0;
  const answered = (content, buffers) => {
    if (content.view !== view || !waiting.has(content.seq)) return;
    const { resolve, reject } = waiting.get(content.seq);
    waiting.delete(content.seq);
    if (content.problem) reject(new Error(content.problem));
    else resolve({ ...content.answer, buffers: buffers ?? [] });
  };
  model.on("msg:custom", answered);
  return {
    view,
    tell: (what, values = {}) => model.send({ do: what, ...values }),
    ask: (what, values = {}) =>
      new Promise((resolve, reject) => {
        waiting.set(++last, { resolve, reject });
        model.send({ ask: what, view, seq: last, ...values });
      }),
    close: () => model.off("msg:custom", answered),
  };
}
