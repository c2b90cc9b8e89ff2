/* The head: who was asked, the figures that matter, and all figures in a table with their intervals. */

function drawHead(content) {
  const facts = [content.date, plural(content.samples.length, "sample"), plural(content.num_characters, "character")];
  byId("about").append(facts.join(" · "));
  byId("head").append(
    el("dl", { class: "models" }, content.models.map((model, side) => [
      el("dt", {}, swatch(content, side), sideName(content, side)),
      el("dd", { dir: "auto" }, model.name, el("small", {}, model.file)),
    ])),
    ...content.notes.map((note) => el("p", { class: "note" }, note)),
  );
}

/** "before" and "after" where two evaluations are compared. */
function sideName(content, side) {
  return content.models.length === 1 ? "model" : ["before", "after"][side];
}

function swatch(content, side) {
  const last = side === content.models.length - 1;
  return el("span", { class: `swatch ${last ? "after" : "before"}`, "aria-hidden": "true" });
}

function drawResult(content) {
  const headlines = content.figures.filter((figure) => figure.headline);
  byId("result").append(el("div", { class: "tiles" }, headlines.map((figure) => tile(content, figure))));
}

function drawFigures(content, filters) {
  byId("figures").append(
    el("p", { class: "hint" }, "Shares of right replies with their 95 % intervals, by bootstrap over characters; " +
      `those of fewer than ${content.min_characters} characters are faint and not to be trusted. ` +
      (content.models.length === 2
        ? "“Better” and “worse” are said only where a difference’s interval leaves out 0 and p is below 0.05. " : "") +
      "A line shows its samples."),
    el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "All figures" },
      figureTable(content, filters)),
    el("h3", {}, "How the replies are written"), writingTable(content));
}

function tile(content, figure) {
  const values = figure.values.map((value, side) => el("p", { class: "value" },
    swatch(content, side), unseen(sideName(content, side)),
    el("b", {}, value ? shown(figure, value.mean) : "–"),
    value && el("small", {}, rangeText(figure, value))));
  return el("div", { class: "tile" }, el("h3", {}, figure.title), values,
    figure.difference && el("p", { class: "change" }, differenceText(figure), " ", verdictBadge(figure.difference)));
}

function shown(figure, value) {
  return figure.unit === "share" ? percent(value) : value.toFixed(3);
}

function rangeText(figure, { low, high }) {
  return `${shown(figure, low)} to ${shown(figure, high)}`;
}

function differenceText(figure) {
  const { difference, low, high } = figure.difference;
  const show = figure.unit === "share" ? points : (value) => signed(value, 3);
  return [`${show(difference)} `, el("span", { class: "range" }, `(${show(low)} to ${show(high)})`)];
}

function verdictBadge({ verdict, p_value }) {
  const p = p_value < 0.001 ? "p < 0.001" : `p = ${p_value.toFixed(3)}`;
  return el("span", { class: `badge ${verdict.replaceAll(" ", "-")}`, title: p }, verdict, unseen(`, ${p}`));
}

function figureTable(content, filters) {
  const compared = content.models.length === 2;
  const names = ["", "replies", ...content.models.map((_, side) => (compared ? sideName(content, side) : "right"))];
  names.push(...(compared ? ["difference, points", "p"] : ["95 % interval"]));
  const minor = ["replies", "p"]; // what a narrow screen does without
  const head = names.map((name) => el("th", { scope: "col", class: minor.includes(name) && "minor" }, name));
  return el("table", {},
    el("thead", {}, el("tr", {}, head, el("th", { scope: "col", class: "plot" }, scale()))),
    el("tbody", {}, content.figures.map((figure) => figureLine(content, figure, filters))));
}

function figureLine(content, figure, filters) {
  const cells = figure.values.map((value) => el("td", { title: value && rangeText(figure, value) },
    value ? shown(figure, value.mean) : "–"));
  const compared = content.models.length === 2;
  cells.push(compared ? differenceCells(figure) : el("td", {}, rangeText(figure, figure.values[0])));
  const known = figure.values.filter(Boolean);
  const faint = known.some((value) => value.num_characters < content.min_characters);
  return leadsTo(filters, figure.link,
    { class: `${figure.headline ? "headline" : "part"} ${faint ? "faint" : ""}` },
    el("th", { scope: "row" }, el("a", { href: figure.link }, figure.title)),
    el("td", { class: "minor" }, Math.max(...known.map((value) => value.num_samples)).toLocaleString("en")),
    cells, el("td", { class: "plot" }, figure.unit === "share" && intervals(figure)));
}

/** A line of a table that shows, wherever it is clicked, the samples that its link filters. */
function leadsTo(filters, link, attributes, ...cells) {
  const line = el("tr", { ...attributes, "data-link": true }, cells);
  line.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || getSelection().toString()) return;
    event.preventDefault();
    filters.goTo(Object.fromEntries(new URLSearchParams(link.slice(1))));
  });
  return line;
}

function writingTable(content) {
  const heads = content.models.length === 2 ? ["", "before", "after"] : ["", "all replies"];
  const text = (unit, value) => (value === null ? "–" : unit === "share" ? percent(value) : compact(value));
  return el("table", { class: "writing" },
    el("thead", {}, el("tr", {}, heads.map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, content.writing.map(({ title, unit, values }) => el("tr", {}, el("th", { scope: "row" }, title),
      values.map((value) => el("td", {}, text(unit, value)))))));
}

function differenceCells(figure) {
  if (!figure.difference) return [el("td", {}, "–"), el("td", { class: "minor" })];
  const { p_value: p, verdict } = figure.difference;
  return [
    el("td", { class: `difference ${verdict}` }, differenceText(figure), unseen(` ${verdict}`)),
    el("td", { class: "minor" }, p < 0.001 ? "<0.001" : p.toFixed(3)),
  ];
}

const PLOT_WIDTH = 200;

/** Each share as a dot on a line from 0 to 100 %, its interval as a bar. */
function intervals(figure) {
  const across = (share) => 6 + share * (PLOT_WIDTH - 12);
  const marks = figure.values.flatMap((value, side) => {
    if (!value) return [];
    const y = figure.values.length === 1 ? 11 : 7 + 8 * side;
    const name = side === figure.values.length - 1 ? "after" : "before";
    return [
      svg("line", { class: name, x1: across(value.low), x2: across(value.high), y1: y, y2: y }),
      svg("circle", { class: name, cx: across(value.mean), cy: y, r: 3.5 }),
    ];
  });
  const grid = [0, 0.5, 1].map((x) => svg("line", { class: "grid", x1: across(x), x2: across(x), y1: 0, y2: 22 }));
  return svg("svg", { viewBox: `0 0 ${PLOT_WIDTH} 22`, class: "intervals", "aria-hidden": "true" }, grid, marks);
}

function scale() {
  return el("span", { class: "scale", "aria-hidden": "true" }, ["0", "50", "100 %"].map((x) => el("span", {}, x)));
}
