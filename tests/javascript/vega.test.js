// What is selected in a chart, and where its tip is shown.

import assert from "node:assert/strict";
import { test } from "node:test";

import { placeBeside, selectedIn } from "./front/vega.js";

test("a selection is sent as plain data", () => {
  const held = { category: ["charge"], vlPoint: { or: [{ category: "charge" }] } };
  assert.deepEqual(selectedIn(held), [{ category: "charge" }]);
  assert.deepEqual(selectedIn({ day: [1, 2] }), { day: [1, 2] });
});

test("without a selection there is nothing in it", () => {
  for (const signal of [undefined, null, {}]) assert.deepEqual(selectedIn(signal), {});
});

const holder = { offsetWidth: 400, offsetHeight: 300 }, box = { offsetWidth: 120, offsetHeight: 80 };

test("the tip of a bar is inside the chart wherever the pointer is", () => {
  for (let x = 0; x <= holder.offsetWidth; x += 5) {
    for (let y = 0; y <= holder.offsetHeight; y += 5) {
      const { left, top } = placeBeside(x, y, box, holder);
      assert.ok(left >= 0 && left + box.offsetWidth <= holder.offsetWidth, `${x}, ${y}: ${left}`);
      assert.ok(top >= 0 && top + box.offsetHeight <= holder.offsetHeight, `${x}, ${y}: ${top}`);
      assert.ok(left > x || left + box.offsetWidth < x, "beside the pointer, not under it");
    }
  }
});

test("a tip that is wider than the chart begins at its edge", () => {
  assert.equal(placeBeside(200, 10, { ...box, offsetWidth: 500 }, holder).left, 0);
});
