// A report as a file: requested in pieces on a click, and joined here; nothing is saved in the notebook.

import { h, setText } from "./dom.js";
import { errorText } from "./texts.js";
/** @import { Port } from "./messages.js" */

/** @param {Port} port */
export function downloads(port) {
  const status = h("span", { class: "sr-hint", role: "status" });
  /** @type {(format: string, text: string) => HTMLElement} */
  const button = (format, text) => h("button", { type: "button", class: "sr-small", onclick: () => save(format) }, text);
  const element = h("div", { class: "sr-row sr-downloads" }, h("span", { class: "sr-hint" }, "Download"),
    button("csv", "CSV"), button("parquet", "Parquet"), button("xlsx", "Excel"), status);

  /** @param {string} format */
  async function save(format) {
    setText(status, "Writing …");
    try {
      const file = await port.ask("file", { format });
      const pieces = [];
      let size = 0;
      while (size < file.size) {
        const { buffers } = await port.ask("piece", { file: file.id, offset: size });
        const piece = buffers[0];
        if (!piece?.byteLength) throw new Error("The file no longer exists; try again.");
        pieces.push(piece);
        size += piece.byteLength;
        setText(status, `${Math.round((100 * size) / file.size)} %`);
      }
      const url = URL.createObjectURL(new Blob(pieces, { type: file.type }));
      const link = h("a", { href: url, download: file.name });
      element.append(link);
      link.click();
      link.remove();
      setTimeout(() => URL.revokeObjectURL(url), 60000);
      setText(status, `${file.name} saved`);
    } catch (error) {
      setText(status, errorText(error));
    }
  }
  return { element };
}
