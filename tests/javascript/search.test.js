// The search for a report. `sent.json` has the words, and what the search in Python finds with each text.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { familySearch, reportSearch } from "./front/search.js";

const { menu, families, meant, found } = JSON.parse(readFileSync(new URL("sent.json", import.meta.url), "utf8"));
const every = { chosen: "", olderToo: true };
const search = familySearch(menu);

test("what people say leads to the report", () => {
  assert.ok(Object.keys(meant).length > 15);
  for (const [words, base] of Object.entries(meant)) {
    const first = search(words, families, every)[0].types[0];
    assert.equal(first.id.slice(0, first.id.lastIndexOf(".")), base, words);
  }
});

test("the form finds what Python finds, in the same order", () => {
  assert.ok(found.length > 200);
  for (const { text, ids } of found) {
    const rank = reportSearch(menu)(text);
    const ranked = families.flatMap((family) => family.types.map((type) => ({ id: type.id, rank: rank(type, family) })));
    const mine = ranked.filter((each) => each.rank).sort((a, b) => a.rank[0] - b.rank[0] || a.rank[1] - b.rank[1]);
    assert.deepEqual(mine.map(({ id }) => id), ids, text);
  }
});

test("without words, every newest type is listed, in Python's order", () => {
  const listed = search("", families, { chosen: "", olderToo: false });
  assert.deepEqual(listed, families.map(({ title, types }) => ({ title, types: types.filter((type) => !type.is_old) })));
});

const type = (id, more = {}) => ({ id, title: id, is_old: false, why_not: null, ...more });
const ids = (listed) => listed.map(({ types }) => types.map(({ id }) => id));

test("an older version is listed if it is wanted, chosen, or named", () => {
  const both = [{ title: "Balance", types: [type("balance.summary.2"), type("balance.summary.1", { is_old: true })] }];
  const one = [["balance.summary.2"]], two = [["balance.summary.2", "balance.summary.1"]];
  assert.deepEqual(ids(search("balance", both, { chosen: "", olderToo: false })), one);
  assert.deepEqual(ids(search("balance", both, { chosen: "", olderToo: true })), two);
  assert.deepEqual(ids(search("balance", both, { chosen: "balance.summary.1", olderToo: false })), two);
  const named = ids(search("balance.summary.1", both, { chosen: "", olderToo: false }));
  assert.deepEqual(named, [["balance.summary.1"]]);
});

test("a type that cannot be run is below those that can, and so is its family", () => {
  const refused = [
    { title: "A", types: [type("a.fees.1", { why_not: "it needs a live key" })] },
    { title: "B", types: [type("b.fees.long.1", { why_not: "no" }), type("b.fees.longest.1")] },
  ];
  assert.deepEqual(ids(search("fees.", refused, every)), [["b.fees.longest.1", "b.fees.long.1"], ["a.fees.1"]]);
});

test("the list that Python sent is not changed by a search", () => {
  const before = JSON.stringify(families);
  search("fees", families, every);
  assert.equal(JSON.stringify(families), before);
});
