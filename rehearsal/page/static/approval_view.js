/** The approvals that wait for a person, with what is known of what would be released, and two buttons. */
import { shortName } from "./canary_data.js";
import { putApprovalResult } from "./commands.js";
import { confirmation } from "./confirmation.js";
import { KeyedList, element, setChildren, setHidden } from "./element.js";
import { duration, number, plural, shortCommit } from "./format.js";
import { callsOf, evidence, openApprovals, steady } from "./selectors.js";
import { StatusView, commitElement, timeElement } from "./status_view.js";

const SAFE_LINK = /^https?:\/\//;
// What the page serves from the local S3 itself: an object, by the address of S3's console.
const STORED_OBJECT = /^https:\/\/([a-z0-9-]+\.)?console\.aws\.amazon\.com\/s3\/object\/[^/?]+\?(?!.*versionId=)(.*&)?prefix=/;
const MOST_COMMITS = 8;

export class ApprovalsView {
  constructor(section, list) {
    this.section = section;
    this.cards = new KeyedList(list, () => new ApprovalCard());
    this.remember = steady();
    this.slices = [];
  }

  draw(state) {
    const slices = [state.approvals, state.executions, state.deployments, state.commits];
    if (slices.every((slice, index) => slice === this.slices[index])) return;
    this.slices = slices;
    const open = openApprovals(state);
    const items = open.map((approval) => {
      const known = evidence(state, approval);
      const { execution, current, next } = known;
      const proven = known.proven.flatMap((stage) => [stage.name, ...stage.builds, ...stage.deployments]);
      const commits = known.commits.map((commit) => commit.id).join(" ");
      return this.remember(approval.key, { key: approval.key, approval, known, execution, current, next, proven, commits });
    });
    this.cards.draw(items.map((item) => this.#steady(item)));
    setHidden(this.section, open.length === 0);
  }

  /** The evidence is made anew each time: what counts is whether its parts are the same. */
  #steady(item) {
    this.known ??= new Map();
    const before = this.known.get(item.key);
    const parts = [item.approval, item.current, item.next, item.commits, ...item.proven];
    const isSame = before && before.parts.length === parts.length && parts.every((part, i) => part === before.parts[i]);
    if (isSame) return before.item;
    this.known.set(item.key, { parts, item });
    return item;
  }
}

class ApprovalCard {
  constructor() {
    this.head = element("h3");
    this.asked = element("p", { class: "faint" });
    this.comment = element("p");
    this.what = element("div", { class: "evidence-part" });
    this.proven = element("div", { class: "evidence-part" });
    const approve = element("button", { type: "button", class: "primary", onclick: () => this.#ask(true) }, "Approve…");
    const reject = element("button", { type: "button", class: "danger", onclick: () => this.#ask(false) }, "Reject…");
    this.approve = approve;
    this.reject = reject;
    const buttons = element("div", { class: "buttons" }, reject, approve);
    const both = element("div", { class: "evidence" }, this.what, this.proven);
    this.node = element("li", { class: "approval" }, this.head, this.asked, this.comment, both, buttons);
  }

  draw({ approval, known }) {
    this.approval = approval;
    this.known = known;
    const { execution } = known;
    const what = execution ? commitElement(execution.commit, execution.title) : approval.executionId;
    setChildren(this.head, [element("span", {}, `${this.#question()} `), what]);
    const by = execution?.author ? ` · by ${execution.author}` : "";
    setChildren(this.asked, [`${approval.stage} asks since `, timeElement(approval.askedAt), by]);
    setChildren(this.comment, commentParts(approval));
    setHidden(this.comment, !approval.comment && !SAFE_LINK.test(approval.url));
    setChildren(this.what, whatParts(known));
    setChildren(this.proven, [element("h4", {}, "What was proven"), ...provenParts(known.proven)]);
    const target = known.next ?? "the next stage";
    this.approve.setAttribute("aria-label", `Approve the release of ${this.#short()} to ${target}`);
    this.reject.setAttribute("aria-label", `Reject the release of ${this.#short()} to ${target}`);
  }

  #question() {
    return this.known.next ? `Release to ${this.known.next}?` : "Approve?";
  }

  #short() {
    return shortCommit(this.known.execution?.commit ?? this.approval.executionId);
  }

  #ask(isApproved) {
    const target = this.known.next ?? "the next stage";
    confirmation({
      title: isApproved ? `Approve ${this.#short()} for ${target}?` : `Reject ${this.#short()} for ${target}?`,
      text: isApproved
        ? `${target} gets ${this.known.execution?.title ?? "this release"}.`
        : `${target} keeps what it runs, and this execution ends.`,
      confirm: isApproved ? "Approve" : "Reject",
      isDangerous: !isApproved,
      summary: "Summary (optional): it is kept with the answer",
      act: ({ summary }) => putApprovalResult(this.approval, isApproved, summary),
    });
  }
}

function commentParts({ comment, url, executionId, stage, action }) {
  const here = ["object", ...[executionId, stage, action].map(encodeURIComponent)].join("/");
  const link = SAFE_LINK.test(url)
    ? element("a", { href: STORED_OBJECT.test(url) ? here : url, rel: "noreferrer", target: "_blank" }, "What to look at (opens a new tab)")
    : null;
  return [comment ? `${comment} ` : null, link];
}

function whatParts({ next, current, commits }) {
  const runs = current
    ? commitElement(current.commit, current.title)
    : "Nothing yet: this is its first release here.";
  const shown = commits.slice(0, MOST_COMMITS).map((commit) => element("li", {}, commitElement(commit.id, commit.title)));
  const more = commits.length - shown.length;
  return [
    element("h4", {}, `What ${next ?? "the next stage"} runs`),
    element("p", {}, runs),
    element("h4", {}, "What would be released"),
    element("ul", { class: "commits" }, shown, more > 0 ? element("li", {}, `and ${plural(more, "more commit")}`) : null),
  ];
}

function provenParts(stages) {
  if (stages.length === 0) return [element("p", {}, "Nothing is known of the stages before.")];
  const lines = stages.flatMap((stage) => [
    ...stage.builds.map((build) =>
      line(build.status, `${stage.name}: ${build.name}`, build.seconds === null ? "" : duration(build.seconds)),
    ),
    ...shiftLines(stage),
  ]);
  return [element("ul", { class: "proofs" }, lines)];
}

function shiftLines({ name, deployments }) {
  const shifted = deployments.filter((deployment) => deployment.fromVersion !== "");
  const first = deployments.length - shifted.length;
  const lines = shifted.map((deployment) => {
    const { calls, errors } = callsOf(deployment).new;
    const minutes = (deployment.shift.at(-1)?.[0] ?? 0) / 60;
    const counted = calls > 0 ? `${plural(calls, "call")}, ${plural(errors, "error")}` : "no calls counted";
    return line(deployment.status, `${name}: canary of ${shortName(deployment.function)}`, `${counted}, ${number(minutes)} AWS min`);
  });
  if (first > 0) lines.push(line("Skipped", `${name}: ${plural(first, "function")} for the first time`, "no canary"));
  return lines;
}

function line(status, what, figures) {
  const sign = new StatusView();
  sign.draw(status, what);
  return element("li", {}, sign.node, element("span", { class: "figures" }, figures));
}
