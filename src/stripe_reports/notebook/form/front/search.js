// Which reports people mean with their words. The rules are those of `stripe_reports.catalog.purposes`.

/** @import { Family, Menu, ReportType } from "./messages.js" */

const STEM = 3;

/** @typedef {[number, number]} Rank */
/** @typedef {{ type: ReportType, rank: Rank }} Ranked */

/**
 * Returns a function that ranks a type for a text: lower is better, null is not found.
 *
 * @param {Pick<Menu, "purposes" | "stop_words" | "endings">} menu
 */
export function reportSearch({ purposes, stop_words, endings }) {
  const endsIn = (/** @type {string} */ word) => (/** @type {string} */ ending) => word.endsWith(ending) && word.length >= ending.length + STEM && !word.endsWith("ss");
  const stem = (/** @type {string} */ word) => word.slice(0, word.length - (endings.find(endsIn(word)) || "").length);
  const wordsOf = (/** @type {string} */ text) => (text.match(/[\p{L}\p{N}]+\+?/gu) || []).filter((word) => !stop_words.includes(word)).map(stem);

  return (/** @type {string} */ text) => {
    const name = text.trim().toLowerCase(), words = wordsOf(name);
    const answering = purposes.map((purpose) =>
      words.length > 0 && words.every((word) => purpose.words.some((own) => own.startsWith(word))));
    /** @type {(type: ReportType, family: Family) => Rank | null} */
    return (type, family) => {
      if (!name) return [0, 0];
      const base = type.id.slice(0, type.id.lastIndexOf(".")), title = type.title.toLowerCase();
      if ([type.id, base, title].includes(name)) return [0, 0];
      if (!words.length) return null;
      const place = purposes.findIndex((purpose, at) => answering[at] && purpose.report_types.includes(base));
      const answer = purposes[place];
      if (answer) return [place + 1, answer.report_types.indexOf(base)];
      const has = (/** @type {string} */ within) => words.every((word) => within.includes(word));
      if (has(`${title} ${type.id}`)) return [purposes.length + 1, title.length];
      return has(`${title} ${type.id} ${family.title.toLowerCase()}`) ? [purposes.length + 2, 0] : null;
    };
  };
}

/**
 * Returns a function that finds types, best first, in their families: a family stands where its best type stands.
 *
 * @param {Pick<Menu, "purposes" | "stop_words" | "endings">} menu
 */
export function familySearch(menu) {
  const search = reportSearch(menu);
  /** @type {(a: Ranked, b: Ranked) => number} */
  const before = (a, b) =>
    Number(Boolean(a.type.why_not)) - Number(Boolean(b.type.why_not)) || a.rank[0] - b.rank[0] || a.rank[1] - b.rank[1];
  /** @type {(query: string, families: Family[], options: { chosen: string, olderToo: boolean }) => Family[]} */
  return (query, families, { chosen, olderToo }) => {
    const rank = search(query);
    const isOffered = (/** @type {ReportType} */ type) => olderToo || !type.is_old || type.id === chosen || type.id === query;
    const found = [];
    for (const family of families) {
      const ranked = family.types.filter(isOffered).flatMap((type) => {
        const place = rank(type, family);
        return place ? [{ type, rank: place }] : [];
      });
      const [best, ...others] = ranked.sort(before);
      if (best) found.push({ best, title: family.title, types: [best, ...others].map(({ type }) => type) });
    }
    return found.sort((a, b) => before(a.best, b.best)).map(({ title, types }) => ({ title, types }));
  };
}
