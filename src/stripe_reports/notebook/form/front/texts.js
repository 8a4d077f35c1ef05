// The texts that are made of what Python sent; Python itself makes all others.

const number = (count) => count.toLocaleString("en");

function durationText(seconds) {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

export function clockText(elapsed, expected) {
  return `${durationText(elapsed)}${expected ? `, usually about ${durationText(expected)}` : ""}`;
}

export function buttonText({ problems, why }) {
  return problems.length ? `Correct first: ${problems.join(", ")}` : why;
}

export function selectionText({ rows, total }) {
  return `${number(rows)} of ${number(total)} rows selected in the chart`;
}

export function historyText(count, isLoaded) {
  if (count) return "Newest first. Click one to show it; nothing is launched.";
  return isLoaded ? "No earlier runs." : "Loading …";
}

// Which rows a page of a table shows, of those that match the search, of all.
export function rowsText({ offset, shown, matching, total }) {
  if (!total) return "The report has no rows";
  const rows = shown ? `${number(offset + 1)}–${number(offset + shown)}` : "0";
  return `Showing ${rows} of ${matching === total ? number(total) : `${number(matching)} that match, ${number(total)} in all`}`;
}

export function sortText({ name, zone }) {
  return `${zone ? `Times in ${zone}. ` : ""}Sort by ${name}`;
}

export function availableText(available) {
  if (!available) return "";
  const { from, to, published, published_ago: ago } = available;
  return `Data from ${from} to ${to}${published ? `, published ${published} (${ago})` : ""}`;
}

// Both bounds of a period in words: the pieces of a sentence, of which some are bold.
export function boundsParts({ bounds, is_moment: isMoment, note }) {
  const bold = (text) => ({ text, bold: true }), plain = (text) => ({ text, bold: false });
  const parts = [];
  if (bounds && isMoment) {
    parts.push(plain("At "), bold(bounds.end), plain(` ${bounds.zone}, the end of `), bold(bounds.last_day));
  } else if (bounds) {
    parts.push(plain("From "), bold(bounds.start), plain(" up to, not including, "), bold(bounds.end),
      plain(` ${bounds.zone}; last day `), bold(bounds.last_day), plain(bounds.length ? `, ${bounds.length}` : ""));
  }
  return note ? [...parts, plain(`. ${note}`)] : parts;
}
