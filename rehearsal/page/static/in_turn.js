/** Does what takes a while one thing a frame, so that together they do not block the page. */

const waiting = new Map();
let frame = null;

/** Of several tasks for one `owner`, the last is done. */
export function inTurn(owner, task) {
  waiting.delete(owner);
  waiting.set(owner, task);
  frame ??= requestAnimationFrame(doNext);
}

export function notAnyMore(owner) {
  waiting.delete(owner);
}

function doNext() {
  frame = null;
  const [next] = waiting;
  if (next === undefined) return;
  const [owner, task] = next;
  waiting.delete(owner);
  if (waiting.size > 0) frame = requestAnimationFrame(doNext);
  task();
}
