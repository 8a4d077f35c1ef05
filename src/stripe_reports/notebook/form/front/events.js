// When to act: only on a change, or when nothing new has arrived for a while.

// Calls `draw` only when what it draws has changed.
export function changed(draw) {
  let before;
  return (slice) => {
    const now = JSON.stringify(slice);
    if (now !== before) {
      before = now;
      draw(slice);
    }
  };
}

// Acts when nothing new has arrived for a while; `flush` acts at once.
export function later(milliseconds, act) {
  let timer, waiting = null;
  const flush = () => {
    clearTimeout(timer);
    const values = waiting;
    waiting = null;
    if (values) act(...values);
  };
  const soon = (...values) => {
    waiting = values;
    clearTimeout(timer);
    timer = setTimeout(flush, milliseconds);
  };
  return Object.assign(soon, { flush });
}
