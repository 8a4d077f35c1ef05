// A chart from Python as SVG. It contains texts of a report, so everything that could run is removed.

/** @param {string} text */
export function harmless(text) {
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
