/** What the run has to say to a person, oldest first. */
import { sliceReducer } from "./slice.js";

const MOST = 200;
const EMPTY = [];

function withMessage(messages, event, text, detail = "") {
  return [...messages.slice(1 - MOST), { key: event.seq, at: event.at, text, detail }];
}

export const reduceMessages = sliceReducer(EMPTY, {
  Notice: (messages, event) => withMessage(messages, event, event.text, event.detail),
  PipelineMutated: (messages, event) =>
    withMessage(
      messages,
      event,
      `The pipeline updated itself to version ${event.version}.`,
      [...event.added.map((path) => `+ ${path}`), ...event.removed.map((path) => `- ${path}`)].join("\n"),
    ),
});
