// Which choices are offered, in which order.

/** @import { ColumnMode, Columns, MenuPeriod } from "./messages.js" */

/**
 * The periods of a menu by their groups, in the order in which the groups appear.
 *
 * @param {MenuPeriod[]} periods
 */
export function byGroup(periods) {
  /** @type {Map<string, MenuPeriod[]>} */
  const groups = new Map();
  for (const period of periods) groups.set(period.group, [...(groups.get(period.group) ?? []), period]);
  return groups;
}

/**
 * Returns a function that tells whether a text contains every word of a search.
 *
 * @param {string} search
 */
export function hasWords(search) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return (/** @type {string} */ text) => words.every((word) => text.toLowerCase().includes(word));
}

/**
 * The number of columns in a mode; null if it is not known, or if another mode is chosen.
 *
 * @param {Pick<Columns, "mode" | "chosen" | "default_count" | "all_count">} columns
 * @param {ColumnMode} mode
 */
export function columnCount(columns, mode) {
  if (mode === "default") return columns.default_count;
  if (mode === "all") return columns.all_count;
  return columns.mode === "chosen" ? columns.chosen.length : null;
}

/**
 * The name that follows another, or with -1 the one before it; after the last comes the first.
 *
 * @template {string} Name
 * @param {Name[]} names
 * @param {Name} name
 * @param {1 | -1} step
 */
export function neighbour(names, name, step) {
  return names[(names.indexOf(name) + step + names.length) % names.length];
}
