// A chart from Python as SVG. It contains texts of a report, so everything that could run, lead or load is removed.

const ACTIVE = ["script", "foreignObject", "iframe", "style", "use", "animate", "set"];

/** @param {string} text */
export function harmless(text) {
  const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  if (svg.nodeName !== "svg") throw new Error("The chart cannot be drawn.");
  for (const element of [svg, ...svg.querySelectorAll("*")]) {
    if (ACTIVE.includes(element.localName)) {
      element.remove();
      continue;
    }
    for (const { name, value } of [...element.attributes]) if (isHarmful(name, value)) element.removeAttribute(name);
  }
  return document.importNode(svg, true);
}

/**
 * Tells whether an attribute acts on an event, leads to an address, or loads something from outside of the picture.
 *
 * @param {string} name
 * @param {string} value
 */
export function isHarmful(name, value) {
  const acts = /^on/i.test(name);
  const leads = /href$/i.test(name) && !value.startsWith("#") && !value.startsWith("data:image/png");
  const loads = /url\((?!\s*["']?#)/i.test(value);
  return acts || leads || loads;
}
