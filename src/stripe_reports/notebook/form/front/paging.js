// Which page of the rows, and in which order.

export const PAGE = 100;

export function lastPage(matching) {
  return Math.floor((matching - 1) / PAGE) * PAGE;
}

export const UNSORTED = { column: null, descending: false };

// A column is sorted upwards, downwards, and then no longer.
export function nextSort(sort, column) {
  if (sort.column !== column) return { column, descending: false };
  return sort.descending ? UNSORTED : { column, descending: true };
}

export function isPayout(text) {
  return /^po_\w+$/.test(text ?? "");
}
