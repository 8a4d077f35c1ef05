// A chart drawn by Vega, in which rows can be selected. Vega comes from Python, once per page; it loads nothing.

let vegaModule;
function vegaFrom(port) {
  vegaModule ??= (async () => {
    const { buffers } = await port.ask("vega");
    const url = URL.createObjectURL(new Blob(buffers, { type: "text/javascript" }));
    try {
      return await import(url);
    } finally {
      URL.revokeObjectURL(url);
    }
  })();
  vegaModule.catch(() => { vegaModule = undefined; }); // so that the next chart tries again
  return vegaModule;
}

// The values of a bar, beside the pointer. Every text is a text node.
function tooltip(holder) {
  const box = h("dl", { class: "sr-tip", hidden: true });
  holder.append(box);
  return (_, event, __, value) => {
    const isShown = value && typeof value === "object";
    show(box, isShown);
    if (!isShown) return;
    box.replaceChildren(...Object.entries(value).flatMap(([name, text]) => [h("dt", {}, name), h("dd", {}, String(text ?? "–"))]));
    const { left, top } = holder.getBoundingClientRect();
    const x = event.clientX - left, y = event.clientY - top;
    box.style.left = `${Math.max(0, x + 14 + box.offsetWidth > holder.offsetWidth ? x - 14 - box.offsetWidth : x + 14)}px`;
    box.style.top = `${Math.max(0, y + 16 + box.offsetHeight > holder.offsetHeight ? y - 10 - box.offsetHeight : y + 16)}px`;
  };
}

// Draws the chart; `selected` receives what is selected in it, by the names of its selections.
async function liveChart(vega, spec, selections, selected) {
  const refuse = () => Promise.reject(new Error("Charts may not load anything."));
  const holder = h("div", { class: "sr-live" });
  const canvas = h("div");
  holder.append(canvas);
  const { view, finalize } = await vega.vegaEmbed(canvas, spec, {
    mode: "vega", renderer: "svg", actions: false, defaultStyle: false, tooltip: tooltip(holder),
    loader: { load: refuse, sanitize: refuse, http: refuse, file: refuse },
  });
  const read = (name) => {
    const value = view.signal(name) ?? {};
    return JSON.parse(JSON.stringify(value.vlPoint ? value.vlPoint.or : value));
  };
  const changed = later(120, () => selected(Object.fromEntries(selections.map((name) => [name, read(name)]))));
  for (const name of selections) view.addSignalListener(name, changed);
  return { element: holder, close: finalize };
}
