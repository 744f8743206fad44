/** Reads what an action says: what is there already in pieces of a mebibyte, then what comes. It must not draw. */

const AGAIN_MS = 1000;

export class LogStream {
  /** `path`: {executionId, stage, action}; `onText(text)`, `onState("reading" | "running" | "ended" | "lost")`. */
  constructor(path, { onText, onState, openStream = (address) => new EventSource(address) }) {
    this.query = { execution: path.executionId, stage: path.stage, action: path.action };
    this.onText = onText;
    this.onState = onState;
    this.openStream = openStream;
    this.next = 0;
    this.isClosed = false;
  }

  address(of = "log") {
    return `${of}?${new URLSearchParams({ ...this.query, from: this.next })}`;
  }

  async open() {
    this.onState("reading");
    try {
      const isEnded = await this.#readAll();
      if (this.isClosed) return;
      if (isEnded) this.onState("ended");
      else this.#follow();
    } catch {
      this.#lose();
    }
  }

  close() {
    this.isClosed = true;
    clearTimeout(this.timer);
    this.stream?.close();
  }

  async #readAll() {
    while (!this.isClosed) {
      const answer = await fetch(this.address());
      if (!answer.ok) throw new Error(String(answer.status));
      const text = await answer.text();
      if (this.isClosed) return true;
      const next = Number(answer.headers.get("X-Log-Next"));
      const isNothing = next === this.next;
      this.next = next;
      if (text) this.onText(text);
      if (answer.headers.get("X-Log-Ended") === "true") return true;
      if (isNothing) return false;
      await new Promise((resolve) => requestAnimationFrame(resolve)); // let it be drawn, and keys be pressed
    }
    return true;
  }

  #follow() {
    this.onState("running");
    const stream = this.openStream(this.address("log/events"));
    this.stream = stream;
    stream.onmessage = ({ data, lastEventId }) => {
      const { from, text } = JSON.parse(data);
      if (from !== this.next) return;
      this.next = Number(lastEventId);
      this.onText(text);
    };
    stream.addEventListener("ended", () => {
      stream.close();
      this.onState("ended");
    });
    stream.onerror = () => {
      stream.close();
      this.#lose();
    };
  }

  /** Goes on where it was. */
  #lose() {
    if (this.isClosed) return;
    this.onState("lost");
    this.timer = setTimeout(() => this.open(), AGAIN_MS);
  }
}
