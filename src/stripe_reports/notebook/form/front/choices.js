// Which choices are offered, in which order.

// The periods of a menu by their groups, in the order in which the groups appear.
export function byGroup(periods) {
  const groups = {};
  for (const period of periods) (groups[period.group] ??= []).push(period);
  return groups;
}

// Returns a function that tells whether a text contains every word of a search.
export function hasWords(search) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return (text) => words.every((word) => text.toLowerCase().includes(word));
}

// The number of columns in a mode; null if it is not known, or if nothing is chosen.
export function columnCount(columns, mode) {
  if (mode === "default") return columns.default_count;
  if (mode === "all") return columns.all_count;
  return columns.mode === "chosen" ? columns.chosen.length : null;
}

// The name that follows another, or with -1 the one before it; after the last comes the first.
export function neighbour(names, name, step) {
  return names[(names.indexOf(name) + step + names.length) % names.length];
}
