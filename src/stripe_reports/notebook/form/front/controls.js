// The controls of the chosen period: green and red, and the rows behind a difference.

function plainTable(columns, rows) {
  return h("div", { class: "sr-scroll", tabindex: "0" }, h("table", {},
    h("thead", {}, h("tr", {}, ...columns.map((column) => h("th", { scope: "col", class: column.numeric ? "sr-number" : null }, column.name)))),
    h("tbody", {}, ...rows.map((row) => h("tr", {}, ...row.map((cell, index) =>
      h("td", { class: columns[index].numeric ? "sr-number" : null }, cell ?? "–")))))));
}

function periodControls(port) {
  const check = h("button", { type: "button", class: "sr-small", onclick: load }, "Check this period");
  const status = h("span", { class: "sr-hint", role: "status" }, "Checks that the reports of the chosen period agree with each other; missing reports are fetched.");
  const outcome = h("div");
  const behind = h("div");
  const element = h("div", {}, h("div", { class: "sr-row" }, check, status), outcome, behind);

  async function load() {
    check.disabled = true;
    setText(status, "Fetching the reports and checking them …");
    outcome.replaceChildren();
    behind.replaceChildren();
    try {
      const found = await port.ask("controls");
      setText(status, found.title);
      const columns = ["", "control", "currency", "left", "right", "difference"]
        .map((name, index) => ({ name, numeric: index > 2 }));
      const ordered = [...found.controls].sort((a, b) => a.passes - b.passes);
      outcome.replaceChildren(plainTable(columns, ordered.map((one) => [
        h("span", { class: one.passes ? "sr-passes" : "sr-fails" }, one.explained ? "✔ explained" : one.passes ? "✔ passes" : "✘ fails"),
        one.passes && !one.explained ? one.control : h("button", { type: "button", class: "sr-link", title: "Show the rows behind the difference",
          onclick: () => drill(one) }, one.control),
        one.currency, one.left, one.right, one.difference])), ...found.notes.map((note) => h("p", { class: "sr-hint" }, note)));
    } catch (error) {
      setText(status, error.message);
    }
    check.disabled = false;
  }
  async function drill(one) {
    try {
      const { columns, rows, total } = await port.ask("control_rows", { control: one.control, currency: one.currency });
      behind.replaceChildren(h("p", { class: "sr-hint" }, `${one.control}, ${one.currency}: ${rows.length} of ${total} rows behind the difference`),
        plainTable(columns, rows));
    } catch (error) {
      behind.replaceChildren(h("p", { class: "sr-hint" }, error.message));
    }
  }
  return { element };
}
