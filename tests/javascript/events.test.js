// Acting only on changes, and only when typing has paused.

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { changed, later } from "./front/events.js";

test("what has not changed is not drawn again", () => {
  const draw = mock.fn();
  const update = changed(draw);
  for (const slice of [{ a: [1] }, { a: [1] }, { a: [2] }, { a: [1] }]) update(slice);
  assert.deepEqual(draw.mock.calls.map(({ arguments: [slice] }) => slice.a[0]), [1, 2, 1]);
});

test("the first slice is drawn even if it is null", () => {
  const draw = mock.fn();
  const update = changed(draw);
  update(null);
  update(null);
  assert.equal(draw.mock.callCount(), 1);
});

test("a draw that fails is not repeated for the same slice", () => {
  const draw = mock.fn(() => { throw new Error("no"); });
  const update = changed(draw);
  assert.throws(() => update(1));
  update(1);
  assert.equal(draw.mock.callCount(), 1);
});

test("of many keys in a row, one message is sent, after the last", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const act = mock.fn();
  const send = later(120, act);
  for (const _ of "2026") {
    send();
    t.mock.timers.tick(100);
  }
  assert.equal(act.mock.callCount(), 0);
  t.mock.timers.tick(20);
  assert.equal(act.mock.callCount(), 1);
  t.mock.timers.tick(1000);
  assert.equal(act.mock.callCount(), 1);
});

test("a flush sends at once what waits, and nothing twice", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const act = mock.fn();
  const send = later(120, act);
  send.flush();
  assert.equal(act.mock.callCount(), 0);
  send();
  send.flush();
  send.flush();
  t.mock.timers.tick(1000);
  assert.equal(act.mock.callCount(), 1);
});
