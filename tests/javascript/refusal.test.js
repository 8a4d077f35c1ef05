// Each question of a form may be refused: the disk is full, or the kernel ends before it answers.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { JSDOM } from "jsdom";

const { form: state, answers } = JSON.parse(readFileSync(new URL("sent.json", import.meta.url), "utf-8"));
const { window } = new JSDOM("<!doctype html>");
for (const name of ["document", "window", "DOMParser"]) globalThis[name] = window[name];
window.document.execCommand = () => true; // which jsdom lacks
const { default: form } = await import("./front/form.js");

state.shown.selection = { by: "chart", is_other: false };
answers.controls.controls[0].cells[0].outcome = "fails"; // its rows can be looked at

const KERNEL = { id: "k1", status: "idle", connectionStatus: "connected", isDisposed: false };
const WHY = "The disk is full.";
const PASSED_OVER = ["known_ids", "saved"]; // suggestions, and what a saved notebook shows

/** A form's state, with Python's answers to all questions but one. */
function modelThatRefuses(question, asked) {
  const listeners = new Set();
  return {
    get: (name) => state[name],
    set() {},
    save_changes() {},
    on: (event, listener) => { if (event === "msg:custom") listeners.add(listener); },
    off() {},
    send({ ask, view, seq }) {
      if (!ask) return;
      asked.add(ask);
      const answer = ask === question ? { problem: WHY } : { answer: answers[ask] };
      queueMicrotask(() => [...listeners].forEach((listener) => { listener({ view, seq, ...answer }, []); }));
    },
    widget_manager: { kernel: KERNEL, context: { model: { cells: [] } } }, // as in JupyterLab
  };
}

/** Opens, focuses and clicks everything, also what appears because of it, until that is enough. */
async function useEverything(root, isEnough) {
  const settled = () => new Promise((resolve) => setImmediate(() => setTimeout(resolve)));
  await settled();
  for (const part of root.querySelectorAll("details")) part.open = true;
  for (const part of root.querySelectorAll("input, select")) part.dispatchEvent(new window.Event("focus"));
  const clicked = new Set();
  const what = (button) => button.title + button.textContent; // some are made anew
  for (let next; !isEnough(); next.click()) {
    await settled();
    const buttons = [...root.querySelectorAll(".sr-result button")].filter((button) => !button.closest("th"));
    next = buttons.findLast((button) => !clicked.has(what(button)));
    if (!next) break;
    clicked.add(what(next));
  }
  await settled();
}

for (const question of Object.keys(answers)) {
  test(`a refusal of "${question}" is said where the answer would be, and breaks nothing`, async () => {
    const asked = new Set(), root = document.createElement("div");
    document.body.replaceChildren(root);
    const close = form.render({ model: modelThatRefuses(question, asked), el: root });
    const isSaid = () => root.textContent.includes(WHY);
    await useEverything(root, PASSED_OVER.includes(question) ? () => asked.has(question) : isSaid);
    close();
    assert.ok(asked.has(question));
    assert.equal(isSaid(), !PASSED_OVER.includes(question));
  });
}
