/** The alarms that are not OK. Those without data are many in a new AWS, and folded. */
import { KeyedList, element, setChildren, setHidden, setText } from "./element.js";
import { plural } from "./format.js";
import { StatusView, timeElement } from "./status_view.js";

export class AlarmsView {
  constructor(node) {
    this.none = element("p", { class: "faint" }, "No alarm is in ALARM.");
    const firing = element("ul", { class: "alarms" });
    const silent = element("ul", { class: "alarms" });
    this.firing = new KeyedList(firing, () => new AlarmRow());
    this.silent = new KeyedList(silent, () => new AlarmRow());
    this.count = element("summary");
    this.folded = element("details", { class: "folded" }, this.count, silent);
    setChildren(node, [this.none, firing, this.folded]);
  }

  draw({ alarms }) {
    if (alarms === this.alarms) return;
    this.alarms = alarms;
    const all = Object.values(alarms);
    const firing = all.filter((alarm) => alarm.state === "ALARM");
    const silent = all.filter((alarm) => alarm.state !== "ALARM");
    this.firing.draw(firing.reverse());
    this.silent.draw(silent);
    setHidden(this.none, firing.length > 0);
    setHidden(this.folded, silent.length === 0);
    setText(this.count, `${plural(silent.length, "alarm")} without enough data`);
  }
}

class AlarmRow {
  constructor() {
    this.sign = new StatusView();
    this.since = element("span", { class: "faint" });
    this.reason = element("p", { class: "reason-text" });
    this.node = element("li", {}, this.sign.node, this.since, this.reason);
  }

  draw(alarm) {
    this.sign.draw(alarm.state === "ALARM" ? "Failed" : "NotStarted", `${alarm.name} in ${alarm.account}`);
    setChildren(this.since, [`${alarm.state} since `, timeElement(alarm.since)]);
    setText(this.reason, alarm.reason);
    setHidden(this.reason, alarm.reason === "");
  }
}
