/** Asks once more before something is done, and says what came of it. A modal dialog: Escape leaves all as it was. */
import { element, setHidden, setText } from "./element.js";

const LONGEST_SUMMARY = 512; // of PutApprovalResult
let opened = 0;

/**
 * `title`, `text`: what would be done; `confirm`: the button's words; `isDangerous`: whether it stops something;
 * `summary`: the label of a field for words of one's own, or null; `choices`: [[value, words], …] of a list with the
 * label `choiceLabel`; `act({summary, choice})` promises "" or a sentence that says why not.
 */
export function confirmation(options) {
  const { title, text, confirm, isDangerous = false, summary = null, choices = [], choiceLabel = "", act } = options;
  const id = `confirmation-${(opened += 1)}`;
  const field = summary && element("textarea", { id: `${id}-summary`, rows: 3, maxlength: LONGEST_SUMMARY });
  const choice = choices.length > 0 && element("select", { id: `${id}-choice` });
  if (choice) choice.append(...choices.map(([value, words]) => element("option", { value }, words)));
  const problem = element("p", { class: "problem", role: "alert", hidden: true });
  const doIt = element("button", { class: isDangerous ? "danger" : "primary", type: "submit" }, confirm);
  const leave = element("button", { type: "button", onclick: () => dialog.close() }, "Cancel");
  const form = element(
    "form",
    { method: "dialog" },
    element("h2", { id: `${id}-title` }, title),
    element("p", { id: `${id}-text` }, text),
    choice && [element("label", { for: choice.id }, choiceLabel), choice],
    field && [element("label", { for: field.id }, summary), field],
    problem,
    element("div", { class: "buttons" }, leave, doIt),
  );
  const labels = { "aria-labelledby": `${id}-title`, "aria-describedby": `${id}-text` };
  const dialog = element("dialog", { class: "confirmation", ...labels, onclose: () => dialog.remove() }, form);

  form.addEventListener("submit", async (submission) => {
    submission.preventDefault();
    doIt.disabled = true;
    const refusal = await act({ summary: field ? field.value.trim() : "", choice: choice ? choice.value : "" });
    if (refusal === "") return dialog.close();
    setText(problem, refusal);
    setHidden(problem, false);
    setText(leave, "Close");
    leave.focus();
    return undefined;
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
