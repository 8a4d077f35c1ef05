// Questions of a view, and the answers of Python, which all views receive.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { asker } from "./front/port.js";

let sent, listeners, model;
const receive = (content, buffers) => [...listeners].forEach((listener) => { listener(content, buffers); });

beforeEach(() => {
  sent = [];
  listeners = new Set();
  model = {
    send: (message) => sent.push(message),
    on: (event, listener) => { assert.equal(event, "msg:custom"); listeners.add(listener); },
    off: (_, listener) => listeners.delete(listener),
  };
});

test("each question gets its own answer, in any order", async () => {
  const port = asker(model);
  const first = port.ask("rows", { offset: 0 }), second = port.ask("rows", { offset: 100 });
  const [one, two] = sent;
  assert.deepEqual([one.ask, one.offset, two.offset, one.view], ["rows", 0, 100, port.view]);
  receive({ view: two.view, seq: two.seq, answer: { rows: ["two"] } });
  receive({ view: one.view, seq: one.seq, answer: { rows: ["one"] } });
  assert.deepEqual([(await first).rows, (await second).rows], [["one"], ["two"]]);
});

test("an answer for another view is left to that view", async () => {
  const mine = asker(model), other = asker(model);
  assert.notEqual(mine.view, other.view);
  const answers = [mine.ask("problem"), other.ask("problem")];
  for (const { view, seq } of [...sent].reverse()) receive({ view, seq, answer: { text: view } });
  assert.deepEqual((await Promise.all(answers)).map(({ text }) => text), [mine.view, other.view]);
});

test("bytes come beside the answer, and are an empty list without any", async () => {
  const port = asker(model);
  const withBytes = port.ask("vega"), without = port.ask("vega");
  const bytes = new DataView(new ArrayBuffer(2));
  receive({ view: port.view, seq: sent[0].seq, answer: {} }, [bytes]);
  receive({ view: port.view, seq: sent[1].seq, answer: {} });
  assert.deepEqual([(await withBytes).buffers, (await without).buffers], [[bytes], []]);
});

test("a problem is an error with Python's text", async () => {
  const port = asker(model);
  const asked = port.ask("chart");
  receive({ view: port.view, seq: sent[0].seq, problem: "There is no chart." });
  await assert.rejects(asked, { message: "There is no chart." });
});

test("an answer that comes twice, or to no question, is ignored", async () => {
  const port = asker(model);
  const asked = port.ask("problem");
  receive({ view: port.view, seq: 99, answer: { text: "no" } });
  receive({ view: port.view, seq: sent[0].seq, answer: { text: "yes" } });
  receive({ view: port.view, seq: sent[0].seq, problem: "late" });
  assert.equal((await asked).text, "yes");
});

test("telling expects no answer, and a closed port listens no longer", () => {
  const port = asker(model);
  port.tell("choose", { name: "period", value: "2026-10" });
  assert.deepEqual(sent, [{ do: "choose", name: "period", value: "2026-10" }]);
  port.close();
  assert.equal(listeners.size, 0);
});

test("a view that is cut off from its kernel waits for no answer, until it is back", async () => {
  const port = asker(model);
  const asked = port.ask("chart");
  port.cutOff("The kernel is gone.");
  await assert.rejects(asked, { message: "The kernel is gone." });
  await assert.rejects(port.ask("rows"), { message: "The kernel is gone." });
  port.cutOff("");
  const again = port.ask("problem");
  receive({ view: port.view, seq: sent[1].seq, answer: { text: "yes" } });
  assert.equal((await again).text, "yes");
});
