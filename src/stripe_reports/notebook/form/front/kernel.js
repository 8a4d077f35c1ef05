// Whether the kernel is still there: once it is gone, nothing that a view sends is answered.

/** @import { Kernel, Model } from "./messages.js" */

const ENDED = ["dead", "terminating", "restarting", "autorestarting"];

/**
 * Tells why a view is cut off from its kernel; empty while it is not. A kernel that was started again knows
 * nothing of the view, whereas a connection may come back.
 *
 * @param {Kernel | null | undefined} kernel
 * @param {string} id of the kernel that the view was shown by
 */
export function cutOff(kernel, id) {
  if (!kernel || kernel.id !== id || kernel.isDisposed || ENDED.includes(kernel.status)) return "gone";
  return kernel.connectionStatus === "connected" ? "" : "unreachable";
}

/**
 * Looks once a second, and calls `changed` with the reason if that is another one.
 *
 * @param {Model} model
 * @param {HTMLElement} el
 * @param {(reason: string) => void} changed
 */
export function watchKernel(model, el, changed) {
  const manager = model.widget_manager; // of hosts other than Jupyter's, nothing is known
  const first = manager?.kernel;
  let now = "", unreachable = 0;
  const look = (status = "") => {
    // Jupyter's base class of all views marks those whose kernel was restarted, or that come from a file.
    const isMarked = el.classList.contains("jupyter-widgets-disconnected");
    let reason = isMarked || ENDED.includes(status) ? "gone" : first ? cutOff(manager.kernel, first.id) : "";
    unreachable = reason === "unreachable" ? unreachable + 1 : 0;
    if (unreachable === 1) reason = ""; // a connection may break and come back
    if (now === "gone" || reason === now) return;
    now = reason;
    changed(now);
  };
  /** @type {(kernel: Kernel, status: string) => void} */
  const told = (_, status) => look(status); // a restart may be over before the next look
  first?.statusChanged?.connect(told);
  const timer = setInterval(look, 1000);
  look();
  return () => {
    clearInterval(timer);
    first?.statusChanged?.disconnect(told);
  };
}
