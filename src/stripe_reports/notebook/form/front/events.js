// When to act: only on a change, or when nothing new has arrived for a while.

/**
 * Calls `draw` only when what it draws has changed.
 *
 * @template Slice
 * @param {(slice: Slice) => unknown} draw
 */
export function changed(draw) {
  /** @type {string | undefined} */
  let before;
  return (/** @type {Slice} */ slice) => {
    const now = JSON.stringify(slice);
    if (now !== before) {
      before = now;
      draw(slice);
    }
  };
}

/**
 * Acts when nothing new has arrived for a while; `flush` acts at once.
 *
 * @param {number} milliseconds
 * @param {() => unknown} act
 */
export function later(milliseconds, act) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const flush = () => {
    if (timer === undefined) return;
    clearTimeout(timer);
    timer = undefined;
    act();
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(flush, milliseconds);
  };
  return Object.assign(soon, { flush });
}
