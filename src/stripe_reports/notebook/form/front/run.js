// The button that says what it will do, the run in progress, and the last problem.

import { h, setText, show } from "./dom.js";
import { changed } from "./events.js";
import { buttonText, clockText, errorText } from "./texts.js";
/** @import { Port, Running, Shown } from "./messages.js" */

/** @param {Port} port */
export function runBar(port) {
  const button = h("button", { type: "button", class: "sr-run", onclick: () => port.tell("run") }, "Run report");
  const renew = h("button", { type: "button", class: "sr-plain", onclick: () => port.tell("renew"),
    title: "Launch a new run, even though a result is there" }, "Run again");
  const why = h("span", { class: "sr-hint", role: "status" });
  const cancel = h("button", { type: "button", class: "sr-plain", onclick: () => port.tell("cancel"),
    title: "Stop waiting. The run continues at Stripe." }, "Cancel");
  const bar = h("progress", { max: "1", "aria-label": "Progress of the run" });
  const status = h("span", { role: "status" });
  const clock = h("span", { class: "sr-hint", "aria-hidden": "true" });
  const running = h("div", { class: "sr-running", hidden: true }, cancel, bar, status, clock);
  const problem = h("div", { class: "sr-error", role: "alert", hidden: true });
  const notice = h("div", { class: "sr-notice", role: "status", hidden: true });
  /** @type {Running | null} */
  let now = null;

  // The text of an error may quote a cell, and synchronised state may be saved, so the text is requested.
  const tell = changed(async (/** @type {Shown["problem"]} */ wrong) => {
    show(problem, Boolean(wrong));
    const text = h("div");
    problem.replaceChildren(...(wrong ? [h("b", {}, wrong.title), text] : []));
    if (wrong) setText(text, await port.ask("problem").then((answer) => answer.text, errorText));
  });
  function tick() {
    if (!now) return;
    const elapsed = Math.max(0, Date.now() / 1000 - now.started);
    if (now.expected) bar.value = Math.min(0.97, elapsed / now.expected);
    else bar.removeAttribute("value");
    setText(clock, clockText(elapsed, now.expected));
  }
  const timer = setInterval(tick, 250);
  return {
    element: h("div", { class: "sr-bar" },
      h("div", { class: "sr-row" }, button, renew, why), running, notice, problem),
    close: () => clearInterval(timer),
    /** @param {Shown} shown */
    update(shown) {
      setText(button, shown.button.text);
      button.disabled = !shown.button.enabled || Boolean(shown.type.why_not);
      show(renew, shown.button.can_renew);
      setText(why, shown.running ? "" : buttonText(shown.button));
      now = shown.running;
      show(running, Boolean(now));
      if (now) setText(status, `${now.title}: ${now.status}`);
      tick();
      show(notice, Boolean(shown.notice));
      setText(notice, shown.notice);
      tell(shown.problem);
    },
  };
}
