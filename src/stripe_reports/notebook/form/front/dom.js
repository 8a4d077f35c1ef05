// Elements without markup: every text is added as a text node, so no text of a report is parsed as HTML.

function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function show(element, isShown) {
  element.hidden = !isShown;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

let lastId = 0;
function newId(what) {
  return `sr-${what}-${++lastId}-${Math.random().toString(36).slice(2, 8)}`;
}

// Calls `draw` only when what it draws has changed.
function changed(draw) {
  let before;
  return (slice) => {
    const now = JSON.stringify(slice);
    if (now !== before) {
      before = now;
      draw(slice);
    }
  };
}

// Acts when nothing new has arrived for a while; `flush` acts at once.
function later(milliseconds, act) {
  let timer, waiting = null;
  const flush = () => {
    clearTimeout(timer);
    const values = waiting;
    waiting = null;
    if (values) act(...values);
  };
  const soon = (...values) => {
    waiting = values;
    clearTimeout(timer);
    timer = setTimeout(flush, milliseconds);
  };
  return Object.assign(soon, { flush });
}

// Questions to Python, and the answers, each sent to the view that asked.
function asker(model) {
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

// A labelled field with its hint and its problem, which screen readers read with it.
function labelled(text, control, { needed = false } = {}) {
  const id = newId("field");
  const problem = h("div", { class: "sr-problem", id: `${id}-problem`, role: "alert", hidden: true });
  control.id = id;
  control.setAttribute("aria-describedby", problem.id);
  if (needed) control.setAttribute("aria-required", "true");
  const label = h("label", { for: id }, text, needed ? h("span", { class: "sr-needed" }, " needed") : null);
  return {
    element: h("div", { class: "sr-field" }, label, control, problem),
    problem(message) {
      setText(problem, message);
      show(problem, Boolean(message));
      control.setAttribute("aria-invalid", message ? "true" : "false");
    },
  };
}

// The element with the focus, in the shadow root or page that contains the widget.
function isFocused(element) {
  return element.getRootNode().activeElement === element;
}

async function copyText(text, beside) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Pages that are not served over https have no clipboard.
    const area = h("textarea", { class: "sr-offscreen", "aria-hidden": "true" });
    area.value = text;
    beside.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
