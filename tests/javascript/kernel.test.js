// A view without its kernel says so; a connection may come back, a kernel does not.

import assert from "node:assert/strict";
import { test } from "node:test";

import { cutOff, watchKernel } from "./front/kernel.js";

const alive = { id: "k1", status: "idle", connectionStatus: "connected", isDisposed: false };

test("a kernel that is busy or asked about is there", () => {
  for (const status of ["idle", "busy", "unknown", "starting"]) assert.equal(cutOff({ ...alive, status }, "k1"), "");
});

test("a kernel that ended, restarted or was replaced is gone", () => {
  const ended = [null, undefined, { ...alive, id: "k2" }, { ...alive, isDisposed: true }, { ...alive, status: "dead" },
    { ...alive, status: "autorestarting" }];
  assert.deepEqual(ended.map((kernel) => cutOff(kernel, "k1")), ended.map(() => "gone"));
});

test("a connection that is lost for more than a second is told, and told to be back", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const kernel = { ...alive }, told = [], marks = new Set();
  const stop = watchKernel({ widget_manager: { kernel } }, { classList: { contains: (mark) => marks.has(mark) } },
    (reason) => told.push(reason));
  kernel.connectionStatus = "connecting";
  t.mock.timers.tick(1000);
  assert.deepEqual(told, []);
  t.mock.timers.tick(1000);
  assert.deepEqual(told, ["unreachable"]);
  kernel.connectionStatus = "connected";
  t.mock.timers.tick(1000);
  assert.deepEqual(told, ["unreachable", ""]);
  marks.add("jupyter-widgets-disconnected");
  t.mock.timers.tick(1000);
  marks.clear();
  t.mock.timers.tick(5000);
  assert.deepEqual(told, ["unreachable", "", "gone"]);
  stop();
});

test("of a host that tells nothing of its kernel, nothing is told", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const told = [];
  const stop = watchKernel({}, { classList: { contains: () => false } }, (reason) => told.push(reason));
  t.mock.timers.tick(5000);
  assert.deepEqual(told, []);
  stop();
});
