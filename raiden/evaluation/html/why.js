/* Why the figures are what they are: three samples, and what was paid and refused, by kind of reason. */

function drawWhy(content, filters) {
  if (!content.samples.length) return;
  const section = byId("why");
  section.hidden = false;
  const shown = content.examples.map((id) => content.samples.find((sample) => sample.id === id));
  fill(section, {}, [
    el("p", { class: "hint" }, content.models.length === 2
      ? "Chosen by rule, not by hand: one sample that got right, one that is wrong still, one that got wrong, where " +
        "there are such."
      : "Chosen by rule, not by hand: one right and one wrong, where there are such."),
    el("div", { class: "examples" }, shown.map((sample) => sampleCard(content, sample))),
    content.reasons.length > 0 && [el("h3", {}, "What was paid, and what was refused"), reasonTable(content, filters)],
    content.parts.length > 0 && [el("h3", {}, "What the mean reward is made of"), partTable(content)],
  ]);
}

function reasonTable(content, filters) {
  const heads = ["reason", ...content.models.map((_, side) => (content.models.length === 2 ? sideName(content, side)
    : "replies"))];
  const line = ({ paid, kind, counts }) => {
    const verdict = el("b", { class: paid ? "paid" : "refused" }, paid ? "✓" : "✗", unseen(paid ? " paid" : " refused"));
    const cells = [el("th", { scope: "row" }, verdict, " ", kind), counts.map((n) => el("td", {}, n))];
    // Rare reasons stand together, and no one filter shows them.
    if (!content.samples.some((sample) => kindsOf(sample).includes(kind))) return el("tr", {}, cells);
    return leadsTo(filters, `#${new URLSearchParams({ reason: kind })}`, {}, cells);
  };
  return el("table", { class: "reasons" },
    el("thead", {}, el("tr", {}, heads.map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, content.reasons.map(line)));
}

function partTable(content) {
  const heads = ["in units of the reward", ...content.models.map((_, side) => sideName(content, side))];
  return el("table", { class: "reasons" },
    el("thead", {}, el("tr", {}, heads.map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, content.parts.map(({ name, values }) => el("tr", {},
      el("th", { scope: "row" }, name.replaceAll("_", " ")),
      values.map((value) => el("td", {}, value === null ? "–" : signed(value, 3)))))));
}

/** Kinds of reasons of the last model's replies. */
function kindsOf(sample) {
  return sample.replies.at(-1).map((reply) => reply.kind);
}
