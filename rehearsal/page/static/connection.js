/**
 * Hears the run's events, each once and in order, also over lost connections.
 *
 * The browser's own EventSource cannot tell an address that is no longer valid from a server that is away: so a broken
 * one is closed, `./state` is asked, and a new one resumes after the last event that was heard. It must not interpret
 * an event.
 */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

export const Link = Object.freeze({
  CONNECTING: "connecting",
  LIVE: "live",
  LOST: "lost",
  GONE: "gone", // the address is that of an `up` that has ended
});

export class Connection {
  /** `onEvents(events, isCaughtUp)` hears events in batches; `onLink(link)` how the connection is. */
  constructor({ onEvents, onLink, openStream = (address) => new EventSource(address), ask = fetch.bind(globalThis) }) {
    this.onEvents = onEvents;
    this.onLink = onLink;
    this.openStream = openStream;
    this.ask = ask;
    this.lastSeq = 0;
    this.waitMs = FIRST_WAIT_MS;
    this.timer = null;
    this.stream = null;
  }

  open() {
    clearTimeout(this.timer);
    this.stream?.close();
    const stream = this.openStream(this.lastSeq ? `events?after=${this.lastSeq}` : "events");
    stream.onmessage = (message) => this.#hear(message.data);
    stream.addEventListener("caught-up", () => {
      this.waitMs = FIRST_WAIT_MS;
      this.onEvents([], true);
      this.onLink(Link.LIVE);
    });
    stream.onerror = () => this.#lose(stream);
    this.stream = stream;
  }

  close() {
    clearTimeout(this.timer);
    this.stream?.close();
  }

  #hear(text) {
    const event = JSON.parse(text);
    if (event.seq <= this.lastSeq) return; // a server that sends one twice draws it once
    this.lastSeq = event.seq;
    this.onEvents([event], false);
  }

  #lose(stream) {
    if (stream !== this.stream) return;
    stream.close();
    this.onLink(Link.LOST);
    this.timer = setTimeout(() => this.#resume(), this.waitMs);
    this.waitMs = Math.min(LONGEST_WAIT_MS, this.waitMs * 2);
  }

  async #resume() {
    try {
      const answer = await this.ask("state");
      if (answer.status === 404) {
        this.onLink(Link.GONE);
      } else {
        this.open();
      }
    } catch {
      this.#lose(this.stream);
    }
  }
}
