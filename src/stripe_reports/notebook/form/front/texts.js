// The texts that are made of what Python sent; Python itself makes all others.

/** @import { Available, Button, Page, Period, Selection, TableColumn } from "./messages.js" */

const number = (/** @type {number} */ count) => count.toLocaleString("en");

/** @param {unknown} error */
export function errorText(error) {
  return error instanceof Error ? error.message : String(error);
}

/** @param {number} seconds */
function durationText(seconds) {
  const whole = Math.round(seconds);
  return whole < 90 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/**
 * @param {number} elapsed
 * @param {number | null} expected
 */
export function clockText(elapsed, expected) {
  return `${durationText(elapsed)}${expected ? `, usually about ${durationText(expected)}` : ""}`;
}

/** @param {Pick<Button, "problems" | "why">} button */
export function buttonText({ problems, why }) {
  return problems.length ? `Correct first: ${problems.join(", ")}` : why;
}

/** @param {Pick<Selection, "rows" | "total">} selection */
export function selectionText({ rows, total }) {
  return `${number(rows)} of ${number(total)} rows selected in the chart`;
}

/**
 * @param {number} count
 * @param {boolean} isLoaded
 */
export function historyText(count, isLoaded) {
  if (count) return "Newest first. Click one to show it; nothing is launched.";
  return isLoaded ? "No earlier runs." : "Loading …";
}

/**
 * Which rows a page of a table shows, of those that match the search, of all.
 *
 * @param {Omit<Page, "rows"> & { shown: number }} page
 */
export function rowsText({ offset, shown, matching, total }) {
  if (!total) return "The report has no rows";
  const rows = shown ? `${number(offset + 1)}–${number(offset + shown)}` : "0";
  return `Showing ${rows} of ${matching === total ? number(total) : `${number(matching)} that match, ${number(total)} in all`}`;
}

/** @param {Pick<TableColumn, "name" | "zone">} column */
export function sortText({ name, zone }) {
  return `${zone ? `Times in ${zone}. ` : ""}Sort by ${name}`;
}

/** @param {Available | null} available */
export function availableText(available) {
  if (!available) return "";
  const { from, to, published, published_ago: ago } = available;
  return `Data from ${from} to ${to}${published ? `, published ${published} (${ago})` : ""}`;
}

/**
 * Both bounds of a period in words: the pieces of a sentence, of which some are bold.
 *
 * @param {Pick<Period, "bounds" | "is_moment" | "note">} period
 */
export function boundsParts({ bounds, is_moment: isMoment, note }) {
  const bold = (/** @type {string} */ text) => ({ text, bold: true });
  const plain = (/** @type {string} */ text) => ({ text, bold: false });
  const parts = [];
  if (bounds && isMoment) {
    parts.push(plain("At "), bold(bounds.end), plain(` ${bounds.zone}, the end of `), bold(bounds.last_day));
  } else if (bounds) {
    parts.push(plain("From "), bold(bounds.start), plain(" up to, not including, "), bold(bounds.end),
      plain(` ${bounds.zone}; last day `), bold(bounds.last_day), plain(bounds.length ? `, ${bounds.length}` : ""));
  }
  return note ? [...parts, plain(`. ${note}`)] : parts;
}
