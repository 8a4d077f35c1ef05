// Which page of the rows, and in which order.

export const PAGE = 100;

/** @typedef {{ column: string | null, descending: boolean }} Sort */

/** @param {number} matching */
export function lastPage(matching) {
  return Math.floor((matching - 1) / PAGE) * PAGE;
}

/** @type {Sort} */
export const UNSORTED = { column: null, descending: false };

/**
 * A column is sorted upwards, downwards, and then no longer.
 *
 * @param {Sort} sort
 * @param {string} column
 * @returns {Sort}
 */
export function nextSort(sort, column) {
  if (sort.column !== column) return { column, descending: false };
  return sort.descending ? UNSORTED : { column, descending: true };
}

/** @param {string | null} text */
export function isPayout(text) {
  return /^po_\w+$/.test(text ?? "");
}
