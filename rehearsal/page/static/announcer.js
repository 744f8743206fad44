/** Tells a screen reader what matters, in a sentence, and never the past. It must not chatter: the last one counts. */
import { setText } from "./element.js";
import { shortCommit, statusWords } from "./format.js";

const EVERY_MS = 2000;

const SENTENCES = {
  ExecutionStarted: ({ commit, title }) => `Release of ${shortCommit(commit)} ${title} has begun.`,
  ExecutionEnded: ({ status }) => `The execution has ended: ${statusWords(status)}.`,
  StageEnded: ({ stage, status, reason }) => (status === "Succeeded" ? `${stage} succeeded.` : `${stage}: ${status}. ${reason}`),
  ApprovalRequested: ({ stage }) => `${stage} waits for your approval.`,
  ApprovalAnswered: ({ stage, is_approved: yes }) => `${stage} was ${yes ? "approved" : "rejected"}.`,
  DeploymentEnded: (event) => (event.status === "Succeeded" ? null : `The shift of ${event.function} was stopped. ${event.reason}`),
  StageRolledBack: ({ stage, status }) => `Rollback of ${stage}: ${status}.`,
  CommitRefused: ({ title, reason }) => `The commit ${title} is refused. ${reason}`,
  UpEnded: () => "This rehearse up has ended.",
};

export class Announcer {
  constructor(node) {
    this.node = node;
    this.waiting = [];
    this.timer = null;
  }

  hear(event) {
    const sentence = SENTENCES[event.type]?.(event);
    if (!sentence) return;
    this.waiting.push(sentence);
    this.timer ??= setTimeout(() => this.#say(), EVERY_MS);
  }

  #say() {
    this.timer = null;
    setText(this.node, this.waiting.slice(-3).join(" "));
    this.waiting = [];
  }
}
