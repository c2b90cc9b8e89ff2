// How a question, a reply and its score look.

import { editor, make, marked } from "./dom.js";

/** What the model wrote, reasoning included, as the reward reads it. */
export const written = (reply) => (reply.thought ? `<think>${reply.thought}</think>${reply.text}` : reply.text);

export function questionView(question, onEdit) {
  const view = make("div", { class: "question" });
  const show = () => {
    const edit = make("button", { type: "button", class: "edit-question", "aria-label": "Edit your message" }, "Edit");
    edit.onclick = () => {
      const { form, field } = editor(question, "Your message", (text) => {
        show();
        if (text !== null && text !== question) onEdit(text);
        else view.querySelector("button")?.focus();
      });
      view.replaceChildren(form);
      field.focus();
    };
    view.replaceChildren(edit, make("p", {}, question));
  };
  show();
  return view;
}

/** The card of a reply. `on` has retry, edit(text), why(sample). */
export function replyView(name, model, reply, isLast, on) {
  const card = make("section", { class: `reply ${model}`, "aria-label": `${name}, ${model}`, "aria-busy": String(!!reply.isWriting) });
  const said = make("p", { class: "said" }, ...(reply.why?.spans && !reply.thought ? markedWords(reply) : [reply.text]));
  card.append(make("h3", {}, name, model === "before" ? " · before" : on.hasBefore ? " · after" : ""));
  if (reply.thought) {
    card.append(make("details", {}, make("summary", {}, "Reasoning"), make("p", { class: "thought" }, reply.thought)));
  }
  card.append(said);
  if (reply.finish === "length") card.append(make("p", { class: "note" }, "Cut at the longest reply that the settings allow."));
  if (reply.finish === "interrupted") card.append(make("p", { class: "note" }, "Stopped."));
  if (reply.isEdited) card.append(make("p", { class: "note" }, "Edited by you."));
  if (reply.fault) card.append(make("p", { class: "fault", role: "alert" }, reply.fault));
  if (!reply.isWriting) {
    card.append(actions(card, said, reply, isLast, on));
    if (reply.why) card.append(whyView(reply.why, on.why));
  }
  return card;
}

function markedWords(reply) {
  // Spans are of the text that was scored; one that was edited since has none.
  return reply.why.text === reply.text ? marked(reply.text, reply.why.spans) : [reply.text];
}

function actions(card, said, reply, isLast, on) {
  const edit = make("button", { type: "button" }, "Edit");
  edit.onclick = () => {
    const { form, field } = editor(reply.text, "The reply", (text) => {
      form.replaceWith(said);
      edit.focus();
      if (text !== null && text !== reply.text) on.edit(text);
    });
    said.replaceWith(form);
    field.focus();
  };
  const why = make("button", { type: "button", onclick: () => on.why(null) }, "Why?");
  const retry = isLast && make("button", { type: "button", onclick: on.retry }, "Retry");
  return make("div", { class: "actions" }, retry, edit, !reply.why && why);
}

function whyView(why, score) {
  if (why.fault) return make("div", { class: "why" }, make("p", { class: "fault" }, why.fault));
  if (why.nearest) return nearestView(why.nearest, score);
  const total = why.total === null ? "–" : why.total.toFixed(2);
  return make(
    "div",
    { class: `why ${why.is_right ? "" : "is-wrong"}` },
    make(
      "p",
      {},
      make("span", { class: `badge ${why.is_right ? "right" : "wrong"}` }, why.is_right ? "right" : "wrong"),
      `reward ${total}: ${why.reason}`,
    ),
    make("details", {}, make("summary", {}, "How it was scored"), make("pre", {}, why.lines.join("\n"))),
  );
}

function nearestView(nearest, score) {
  const none = "No sample asks this, so nothing says what would be right.";
  if (!nearest.length) return make("div", { class: "why" }, make("p", {}, none));
  const items = nearest.map((sample) =>
    make(
      "li",
      {},
      make("button", { type: "button", onclick: () => score(sample.number) }, `${sample.question} (${sample.alike} % alike)`),
    ),
  );
  return make("div", { class: "why" }, make("details", {}, make("summary", {}, none), make("p", {}, "Score it by:"), make("ul", {}, ...items)));
}
