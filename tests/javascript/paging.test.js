// The pages of a table, its order, and the cells that can be clicked.

import assert from "node:assert/strict";
import { test } from "node:test";

import { isPayout, lastPage, nextSort, PAGE, UNSORTED } from "./front/paging.js";

test("the last page has the last row, and is never an empty page behind it", () => {
  for (let matching = 1; matching <= 3 * PAGE; matching++) {
    const at = lastPage(matching);
    assert.equal(at % PAGE, 0);
    assert.ok(at < matching && matching <= at + PAGE, String(matching));
  }
});

test("clicks on a head sort upwards, downwards, and then no longer", () => {
  const up = nextSort(UNSORTED, "net");
  const down = nextSort(up, "net");
  assert.deepEqual([up, down], [{ column: "net", descending: false }, { column: "net", descending: true }]);
  assert.equal(nextSort(down, "net"), UNSORTED);
});

test("another column starts upwards, whatever the last one was", () => {
  for (const descending of [false, true])
    assert.deepEqual(nextSort({ column: "net", descending }, "fee"), { column: "fee", descending: false });
});

test("only the id of a payout can be clicked", () => {
  assert.ok(isPayout("po_1Abc"));
  for (const text of [null, "", "po_", "xpo_1", "po_1 and more", "po_<b>", "tr_1"]) assert.ok(!isPayout(text), String(text));
});
