/** How the page is connected, and what to do where it is not; and whether this `up` has ended. */
import { Link } from "./connection.js";
import { setAttribute, setHidden, setText } from "./element.js";

const AGAIN = "Run `rehearse up` again, and open the address that it prints.";

export class BannerView {
  constructor(banner, pill) {
    this.banner = banner;
    this.pill = pill;
  }

  draw(state, link) {
    const hasEnded = state.up.endedAt !== null;
    const { kind, words, text } = hasEnded ? endedWords(state.up) : LINKS[link];
    setText(this.pill, words);
    setAttribute(this.pill, "data-kind", kind);
    setText(this.banner, text);
    setAttribute(this.banner, "data-kind", kind);
    setHidden(this.banner, text === "");
  }
}

const LINKS = {
  [Link.CONNECTING]: { kind: "wait", words: "Connecting", text: "" },
  [Link.LIVE]: { kind: "live", words: "Live", text: "" },
  [Link.LOST]: {
    kind: "lost",
    words: "Connection lost",
    text: `The connection is lost, and is tried again. What is shown may be old; nothing will be missed. Did you end it? ${AGAIN}`,
  },
  [Link.GONE]: {
    kind: "ended",
    words: "Of an earlier run",
    text: `This page is of an earlier \`rehearse up\`, and shows what it knew. ${AGAIN} If one runs already, \`rehearse status\` says its address.`,
  },
};

function endedWords({ reason }) {
  const why = reason ? ` ${reason.replace(/\.?$/, ".")}` : "";
  return { kind: "ended", words: "Ended", text: `This \`rehearse up\` has ended.${why} ${AGAIN}` };
}
