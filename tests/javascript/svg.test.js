// The attributes of a chart that are removed before it is shown; a browser's test shows that none is left.

import assert from "node:assert/strict";
import { test } from "node:test";

import { isHarmful } from "./front/svg.js";

test("an attribute that acts on an event is removed, however it is written", () => {
  for (const name of ["onclick", "ONLOAD", "onbegin"]) assert.ok(isHarmful(name, "1"), name);
});

test("a link stays only within the picture, or if it is a picture itself", () => {
  for (const value of ["javascript:alert(1)", "https://example.com/", "//example.com", " #part", "data:text/html,x", "data:image/svg+xml,x"])
    for (const name of ["href", "xlink:href", "HREF"]) assert.ok(isHarmful(name, value), `${name} ${value}`);
  assert.ok(!isHarmful("href", "#part"));
  assert.ok(!isHarmful("xlink:href", "data:image/png;base64,iVBO"));
});

test("colours, clips and styles refer to the picture, and load nothing", () => {
  for (const value of ["url(https://example.com/a.svg#b)", "fill: URL('//example.com')", 'url( "data:image/svg+xml,x")'])
    for (const name of ["fill", "clip-path", "style"]) assert.ok(isHarmful(name, value), value);
  for (const value of ["url(#clip0)", "url('#clip0')", 'fill: url( "#a" )', "#336699", "curly (text)"]) assert.ok(!isHarmful("fill", value), value);
});

test("what draws a chart stays", () => {
  for (const [name, value] of [["d", "M0,0L1,1"], ["aria-label", "EUR 1.00"], ["transform", "translate(1,2)"]])
    assert.ok(!isHarmful(name, value), name);
});
