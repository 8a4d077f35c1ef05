// The few texts that the form makes itself.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  availableText, boundsParts, buttonText, clockText, errorText, historyText, rowsText, selectionText, sortText,
} from "./front/texts.js";

test("a run's clock counts seconds up to a minute and a half, then minutes", () => {
  assert.equal(clockText(89.4, null), "89 s");
  assert.equal(clockText(90, null), "1 min 30 s");
  assert.equal(clockText(3, 125), "3 s, usually about 2 min 5 s");
});

test("a duration never has sixty seconds beside its minutes", () => {
  assert.equal(clockText(119.6, null), "2 min 0 s");
  for (let seconds = 0; seconds < 400; seconds += 0.1)
    assert.doesNotMatch(clockText(seconds, seconds), /min [6-9]\d s/, String(seconds));
});

test("the button's hint names the fields to correct, and else its reason", () => {
  assert.equal(buttonText({ problems: ["Period", "Customer"], why: "Stored." }), "Correct first: Period, Customer");
  assert.equal(buttonText({ problems: [], why: "Stored." }), "Stored.");
});

test("counts have commas on every machine", () => {
  assert.equal(selectionText({ rows: 1234, total: 5678901 }), "1,234 of 5,678,901 rows selected in the chart");
});

test("the history says whether it is empty or still loading", () => {
  assert.match(historyText(2, true), /^Newest first/);
  assert.equal(historyText(0, true), "No earlier runs.");
  assert.equal(historyText(0, false), "Loading …");
});

test("a page of rows says which rows it shows, of those that match, of all", () => {
  const page = { offset: 1000, shown: 100, matching: 2500, total: 2500 };
  assert.equal(rowsText(page), "Showing 1,001–1,100 of 2,500");
  assert.equal(rowsText({ ...page, matching: 1050, shown: 50 }), "Showing 1,001–1,050 of 1,050 that match, 2,500 in all");
  assert.equal(rowsText({ ...page, offset: 0, shown: 0, matching: 0 }), "Showing 0 of 0 that match, 2,500 in all");
  assert.equal(rowsText({ offset: 0, shown: 0, matching: 0, total: 0 }), "The report has no rows");
});

test("the head of a column with times names their zone", () => {
  assert.equal(sortText({ name: "created", zone: "Europe/Berlin" }), "Times in Europe/Berlin. Sort by created");
  assert.equal(sortText({ name: "created_utc", zone: "UTC" }), "Times in UTC. Sort by created_utc");
  assert.equal(sortText({ name: "gross", zone: null }), "Sort by gross");
});

test("the available data say when they were published, if that is known", () => {
  const available = { first_day: "", last_day: "", from: "2026-01-01 00:00", to: "2026-10-31 00:00", published: "", published_at: "" };
  assert.equal(availableText(available), "Data from 2026-01-01 00:00 to 2026-10-31 00:00");
  const published = { ...available, published: "2026-11-01 12:00", published_ago: "2 hours ago" };
  assert.equal(availableText(published), `${availableText(available)}, published 2026-11-01 12:00 (2 hours ago)`);
  assert.equal(availableText(null), "");
});

const bounds = {
  start: "2026-10-01 00:00", end: "2026-11-01 00:00", zone: "UTC", first_day: "2026-10-01", last_day: "2026-10-31", length: "31 days",
};
const sentence = (period) => boundsParts({ is_moment: false, note: "", bounds, ...period }).map(({ text }) => text).join("");

test("both bounds of a period are in words, and its instants and days are bold", () => {
  assert.equal(sentence({}), "From 2026-10-01 00:00 up to, not including, 2026-11-01 00:00 UTC; last day 2026-10-31, 31 days");
  const bold = boundsParts({ is_moment: false, note: "", bounds }).filter((part) => part.bold);
  assert.deepEqual(bold.map(({ text }) => text), [bounds.start, bounds.end, bounds.last_day]);
});

test("a moment has one bound, and a period of part of a day no length", () => {
  assert.equal(sentence({ is_moment: true }), "At 2026-11-01 00:00 UTC, the end of 2026-10-31");
  assert.match(sentence({ bounds: { ...bounds, length: "" } }), /last day 2026-10-31$/);
});

test("a note ends the sentence, and is there without bounds too", () => {
  assert.match(sentence({ note: "Its data end earlier" }), /31 days\. Its data end earlier$/);
  assert.equal(sentence({ bounds: null, note: "Two days" }), ". Two days");
  assert.deepEqual(boundsParts({ is_moment: false, note: "", bounds: null }), []);
});

test("whatever was thrown has a text", () => {
  assert.equal(errorText(new Error("No such report.")), "No such report.");
  assert.equal(errorText("gone"), "gone");
});
