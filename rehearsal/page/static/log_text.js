/** Text that comes in pieces, as lines: a piece may end within one. It must not hold more than a browser can. */

const MOST_LINES = 250_000;
const LONGEST_LINE = 5_000;
const LONGEST_READ = 4 * LONGEST_LINE; // what is left out may take the square of a line's length to find
// What a terminal would obey: colours, cursor movements and titles mean nothing here.
// eslint-disable-next-line no-control-regex
const TERMINAL = /\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07)|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]/g;

export class LogText {
  constructor(most = MOST_LINES) {
    this.most = most;
    this.lines = [];
    this.left = 0; // lines that were dropped at the beginning
    this.open = "";
    this.widest = 0;
  }

  append(text) {
    const parts = (this.open + text).split("\n");
    this.open = parts.pop();
    for (const part of parts) this.#add(part);
    const dropped = Math.max(0, this.lines.length - this.most);
    if (dropped > 0) this.lines.splice(0, dropped);
    this.left += dropped;
  }

  #add(part) {
    const start = part.lastIndexOf("\r", part.length - 2) + 1;
    const shown = part.slice(start, start + LONGEST_READ).replace(TERMINAL, "");
    const line = shown.length > LONGEST_LINE ? `${shown.slice(0, LONGEST_LINE)} …` : shown;
    this.widest = Math.max(this.widest, line.length);
    this.lines.push(line);
  }
}
