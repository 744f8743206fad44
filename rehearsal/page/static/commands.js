/** Asks the pipeline for something, for a person who pressed a button. It must not decide what comes of it: events tell. */

const TIMEOUT_MS = 30_000;

/** Answers "" when it was taken, else the sentence that says why not. */
async function post(address, body) {
  let answer;
  try {
    answer = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Rehearsal": "1" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    return "Nobody answers: the connection is lost. Nothing was changed, as far as can be told from here.";
  }
  if (answer.ok) return "";
  if (answer.status === 404) return "This page is of an earlier `rehearse up`. Open the address that the new one printed.";
  const { error } = await answer.json().catch(() => ({}));
  return error ?? `It was not taken (${answer.status}).`;
}

export function putApprovalResult(approval, isApproved, summary) {
  return post("approval", {
    execution_id: approval.executionId,
    stage: approval.stage,
    action: approval.action,
    token: approval.token,
    is_approved: isApproved,
    summary,
  });
}

export function stopExecution(executionId, reason) {
  return post("stop", { execution_id: executionId, reason });
}

export function retryStage(stage) {
  return post("retry", { stage });
}

export function rollBackStage(stage, targetExecutionId) {
  return post("rollback", { stage, target_execution_id: targetExecutionId });
}
