/** The commits that were found, oldest first, and which of them were refused. */
import { sliceReducer, withNewest } from "./slice.js";

const MOST = 200;
const EMPTY = {};

function withCommit(commits, event, more) {
  const { [event.commit]: known, ...others } = commits;
  const commit = { id: event.commit, title: event.title, author: "", branch: "", refusal: null, ...known, ...more };
  return withNewest({ ...others, [event.commit]: commit }, MOST);
}

export const reduceCommits = sliceReducer(EMPTY, {
  CommitFound: (commits, event) =>
    withCommit(commits, event, { title: event.title, author: event.author, branch: event.branch, foundAt: event.at }),
  CommitRefused: (commits, event) => withCommit(commits, event, { refusal: { reason: event.reason, at: event.at } }),
});
