/** What the run has said, newest first. */
import { KeyedList, element, setChildren, setHidden, setText } from "./element.js";
import { timeElement } from "./status_view.js";

export class MessagesView {
  constructor(list, none) {
    this.none = none;
    this.rows = new KeyedList(list, () => new MessageRow());
  }

  draw({ messages }) {
    if (messages === this.messages) return;
    this.messages = messages;
    this.rows.draw(messages.toReversed());
    setHidden(this.none, messages.length > 0);
  }
}

class MessageRow {
  constructor() {
    this.time = element("span", { class: "faint" });
    this.text = element("p");
    this.detail = element("p", { class: "detail" });
    this.node = element("li", {}, this.time, this.text, this.detail);
  }

  draw(message) {
    setChildren(this.time, [timeElement(message.at)]);
    setText(this.text, message.text);
    setText(this.detail, message.detail);
    setHidden(this.detail, message.detail === "");
  }
}
