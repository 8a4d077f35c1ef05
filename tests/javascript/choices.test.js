// Periods, columns and tabs: what is offered, in which order.

import assert from "node:assert/strict";
import { test } from "node:test";

import { byGroup, columnCount, hasWords, neighbour } from "./front/choices.js";

test("groups stand where their first period stands, and each keeps the order of its periods", () => {
  const periods = [["Months", "2026-10"], ["Years", "2025"], ["Months", "2026-09"], ["1", "1"]]
    .map(([group, value]) => ({ group, value, text: value }));
  const groups = [...byGroup(periods)].map(([name, members]) => [name, members.map(({ value }) => value)]);
  assert.deepEqual(groups, [["Months", ["2026-10", "2026-09"]], ["Years", ["2025"]], ["1", ["1"]]]);
});

test("a column is found by all words, in any order and any case", () => {
  const text = "payout_id The id of the Payout";
  for (const search of ["", "  ", "ID pay", "the\tPAYOUT_"]) assert.ok(hasWords(search)(text), search);
  for (const search of ["payout fee", "idx"]) assert.ok(!hasWords(search)(text), search);
});

test("the count of a mode is null where it is not known, and zero is a count", () => {
  const columns = { mode: "default", chosen: ["a", "b"], default_count: null, all_count: 0 };
  assert.deepEqual(["default", "all", "chosen"].map((mode) => columnCount(columns, mode)), [null, 0, null]);
  assert.equal(columnCount({ ...columns, mode: "chosen" }, "chosen"), 2);
  assert.equal(columnCount({ ...columns, mode: "chosen", chosen: [] }, "chosen"), 0);
  assert.equal(columnCount({ ...columns, default_count: 12 }, "default"), 12);
});

test("arrow keys go around the tabs that are offered", () => {
  const names = ["table", "chart", "code"];
  assert.deepEqual(names.map((name) => neighbour(names, name, 1)), ["chart", "code", "table"]);
  assert.deepEqual(names.map((name) => neighbour(names, name, -1)), ["code", "table", "chart"]);
  assert.equal(neighbour(["code"], "code", 1), "code");
});
