// The chart: an SVG from Python. It is drawn from a report's texts, so whatever could act is left out.

function harmless(text) {
  const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  if (svg.nodeName !== "svg") throw new Error("The chart cannot be drawn.");
  for (const element of [svg, ...svg.querySelectorAll("*")]) {
    if (["script", "foreignObject", "iframe", "style", "use", "animate", "set"].includes(element.localName)) {
      element.remove();
      continue;
    }
    for (const { name, value } of [...element.attributes]) {
      const acts = name.toLowerCase().startsWith("on");
      const leads = /href$/i.test(name) && !value.startsWith("#") && !value.startsWith("data:image/png");
      if (acts || leads) element.removeAttribute(name);
    }
  }
  return document.importNode(svg, true);
}

function reportChart(port) {
  const kinds = h("select", { "aria-label": "Kind of chart", onchange: () => load(kinds.value) });
  const place = h("div", { class: "sr-chart", role: "img", "aria-label": "Chart of the report" });
  const element = h("div", {}, h("div", { class: "sr-row" }, kinds), place);
  let asked = 0;
  show(kinds, false); // nothing to choose from yet

  async function load(kind = null) {
    const mine = ++asked;
    if (!kind) place.replaceChildren(h("p", { class: "sr-hint" }, "Drawing …"));
    try {
      const chart = await port.ask("chart", { kind });
      if (mine !== asked) return;
      kinds.replaceChildren(...Object.entries(chart.kinds).map(([value, text]) => h("option", { value }, text)));
      if (kind) kinds.value = kind;
      show(kinds, Object.keys(chart.kinds).length > 1);
      place.replaceChildren(harmless(chart.svg));
    } catch (error) {
      if (mine === asked) place.replaceChildren(h("p", { class: "sr-hint" }, error.message));
    }
  }
  return { element, open: () => load() };
}
