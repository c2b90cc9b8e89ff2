/* One sample: who was asked what, what was said, and why that is right or wrong. */

function sampleCard(content, sample) {
  const tags = [focusName(sample.focus), sample.language, sample.question_type, sample.difficulty].filter(Boolean);
  return el("article", { "aria-label": `${sample.character}: ${sample.question}` },
    el("header", {},
      written("h3", {}, sample.language, sample.character),
      tags.map((tag) => el("span", { class: "tag" }, tag)),
      changeOf(sample),
      el("a", { class: "self", href: `#${new URLSearchParams({ q: sample.id })}`, title: "Show this sample alone" },
        "link", unseen(` to sample ${sample.id}`))),
    written("p", { class: "question" }, sample.language, sample.question),
    profileFold(content.profiles[sample.profile], sample.language),
    historyFold(sample),
    el("div", { class: `replies n${content.models.length}` },
      sample.replies.map((replies, side) => repliesOf(content, sample, replies, side))),
    sample.reference && el("p", { class: "reference" }, el("b", {}, "reference "),
      written("span", {}, sample.language, sample.reference)));
}

function focusName(focus) {
  return { sbk: "SBK", cm: "CM" }[focus] ?? focus;
}

function changeOf(sample) {
  const change = ["got right", "got wrong"].find((verdict) => sample.verdicts.includes(verdict));
  return change && el("span", { class: `badge ${change === "got right" ? "better" : "worse"}` }, change);
}

function profileFold(fields, language) {
  if (!fields.length) return null;
  return el("details", {}, el("summary", {}, "profile"), el("dl", { class: "profile" }, fields.map(([name, text]) => [
    written("dt", {}, language, name),
    written("dd", {}, language, text),
  ])));
}

function historyFold(sample) {
  if (!sample.history.length) return null;
  return el("details", {}, el("summary", {}, `conversation so far (${plural(sample.history.length, "turn")})`),
    el("ol", { class: "history" }, sample.history.map(([role, text]) => el("li", { class: role },
      el("b", {}, role), " ", written("span", {}, sample.language, text)))));
}

function repliesOf(content, sample, replies, side) {
  const name = sideName(content, side);
  const label = `replies of ${content.models[side].name}`;
  const blocks = replies.map((reply) => replyBlock(sample, reply));
  const right = replies.filter((reply) => reply.accuracy === 1).length;
  return el("section", { "aria-label": label },
    el("h4", {}, swatch(content, side), name, replies.length > 1 && ` · ${right} of ${replies.length} right`),
    blocks.length ? blocks : el("p", { class: "hint" }, "not in this file"));
}

function replyBlock(sample, reply) {
  const right = reply.accuracy === 1;
  return el("div", { class: `reply ${right ? "right" : "wrong"}` },
    written("blockquote", {}, sample.language, reply.parts.length
      // Plain and matched pieces by turns.
      ? reply.parts.map((part, i) => (i % 2 ? el("mark", {}, part) : part))
      : el("i", {}, "(nothing)")),
    el("p", { class: "score" }, el("b", {}, right ? "✓ right" : "✗ wrong"), scores(reply),
      reply.truncated && el("span", { class: "badge cut" }, "cut at the length limit")),
    reply.reason && el("p", { class: "reason" }, reply.reason));
}

function scores({ total, components }) {
  const parts = Object.entries(components).filter(([name]) => name !== "accuracy");
  return [["reward", total], ...parts].map(([name, value]) =>
    el("span", {}, `${name.replaceAll("_", " ")} ${value === null ? "without a score" : compact(value)}`));
}
