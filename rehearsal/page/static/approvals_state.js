/** The questions for a person, by execution, stage and action: open, answered, or ended without an answer. */
import { sliceReducer, withAllChanged, withChanged, withNewest } from "./slice.js";

const MOST = 50;
const EMPTY = {};
const keyOf = (event) => [event.execution_id, event.stage, event.action].join(" ");
const ended = (approval) => (approval.answer || approval.isExpired ? approval : { ...approval, isExpired: true });

function expiredOf(approvals, executionId) {
  return withAllChanged(approvals, (approval) => (approval.executionId === executionId ? ended(approval) : approval));
}

export const reduceApprovals = sliceReducer(EMPTY, {
  UpStarted: (approvals) => withAllChanged(approvals, ended),

  ApprovalRequested: (approvals, event) =>
    withNewest(
      {
        ...approvals,
        [keyOf(event)]: {
          key: keyOf(event),
          executionId: event.execution_id,
          stage: event.stage,
          action: event.action,
          token: event.token,
          comment: event.comment,
          url: event.url,
          askedAt: event.at,
          answer: null,
          isExpired: false,
        },
      },
      MOST,
    ),

  ApprovalAnswered: (approvals, event) =>
    withChanged(approvals, keyOf(event), (approval) => ({
      ...approval,
      answer: { isApproved: event.is_approved, by: event.by, summary: event.summary, at: event.at },
    })),

  ApprovalExpired: (approvals, event) => withChanged(approvals, keyOf(event), ended),

  ExecutionEnded: (approvals, event) => expiredOf(approvals, event.execution_id),
});
