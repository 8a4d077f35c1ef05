// The files joined to one module, as the widget takes them, mean what the files mean.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const here = (path) => new URL(path, import.meta.url);
const files = readdirSync(here("front/")).filter((name) => name.endsWith(".js"));
const joined = readFileSync(here("joined.js"), "utf8");
const exportsOf = async (name) => Object.entries(await import(here(`front/${name}`)));

test("the joined text is a module whose one export is the view", async () => {
  const view = await import(here("joined.js"));
  assert.deepEqual(Object.keys(view), ["default"]);
  assert.deepEqual(Object.keys(view.default), ["render"]);
});

test("every name that a file exports is the same in the joined text", async () => {
  const exported = (await Promise.all(files.map(exportsOf))).flat().filter(([name]) => name !== "default");
  assert.ok(exported.length > 40);
  const names = exported.map(([name]) => name);
  const all = await import(`data:text/javascript,${encodeURIComponent(`${joined}\nexport { ${names.join(", ")} };`)}`);
  for (const [name, value] of exported) assert.equal(String(all[name]), String(value), name);
});

test("no name of a file is one that every page has: in the joined text it would hide it from all files", () => {
  const page = readFileSync(here("lib.dom.d.ts"), "utf8");
  const own = new Set([...page.matchAll(/^declare (?:var|function) (\w+)/gm)].map(([, name]) => name));
  assert.ok(own.has("document") && own.has("open") && own.size > 500);
  const declared = [...joined.matchAll(/^(?:async )?(?:function|const|let) (\w+)/gm)].map(([, name]) => name);
  assert.ok(declared.length > 50);
  assert.deepEqual(declared.filter((name) => own.has(name) || name in globalThis), []);
});
