// Which reports people mean with their words. The rules are those of `stripe_reports.catalog.purposes`.

const STEM = 3;

// Returns a function that ranks a type for a text: lower is better, null is not found.
function reportSearch({ purposes, stop_words, endings }) {
  const endsIn = (word) => (ending) => word.endsWith(ending) && word.length >= ending.length + STEM && !word.endsWith("ss");
  const stem = (word) => word.slice(0, word.length - (endings.find(endsIn(word)) || "").length);
  const wordsOf = (text) => (text.match(/[\p{L}\p{N}]+\+?/gu) || []).filter((word) => !stop_words.includes(word)).map(stem);

  return (text) => {
    const name = text.trim().toLowerCase(), words = wordsOf(name);
    const answering = purposes.map((purpose) =>
      words.length > 0 && words.every((word) => purpose.words.some((own) => own.startsWith(word))));
    return (type, family) => {
      if (!name) return [0, 0];
      const base = type.id.slice(0, type.id.lastIndexOf(".")), title = type.title.toLowerCase();
      if ([type.id, base, title].includes(name)) return [0, 0];
      if (!words.length) return null;
      const place = purposes.findIndex((purpose, at) => answering[at] && purpose.report_types.includes(base));
      if (place >= 0) return [place + 1, purposes[place].report_types.indexOf(base)];
      const has = (within) => words.every((word) => within.includes(word));
      if (has(`${title} ${type.id}`)) return [purposes.length + 1, title.length];
      return has(`${title} ${type.id} ${family.title.toLowerCase()}`) ? [purposes.length + 2, 0] : null;
    };
  };
}

// Returns a function that finds types, best first, in their families: a family stands where its best type stands.
export function familySearch(menu) {
  const search = reportSearch(menu);
  const before = (a, b) => Boolean(a.type.why_not) - Boolean(b.type.why_not) || a.rank[0] - b.rank[0] || a.rank[1] - b.rank[1];
  return (query, families, { chosen, olderToo }) => {
    const rank = search(query);
    const isOffered = (type) => olderToo || !type.is_old || type.id === chosen || type.id === query;
    return families
      .map((family) => ({
        family,
        ranked: family.types.filter(isOffered).map((type) => ({ type, rank: rank(type, family) }))
          .filter((entry) => entry.rank).sort(before),
      }))
      .filter(({ ranked }) => ranked.length)
      .sort((a, b) => before(a.ranked[0], b.ranked[0]))
      .map(({ family, ranked }) => ({ family, types: ranked.map(({ type }) => type) }));
  };
}
