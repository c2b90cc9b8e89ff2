/* The curves of a run as small charts: axes with round ticks, and the values under the pointer or the arrow keys. */

const BOX = { width: 380, height: 190, left: 46, right: 10, top: 8, bottom: 22 };
const MAX_DOTS = 30;

function drawCurves(content) {
  if (!content.panels.length) return;
  const section = byId("curves");
  section.hidden = false;
  const [main, rest] = [content.panels.filter((p) => p.main), content.panels.filter((p) => !p.main)];
  section.append(el("div", { class: "charts" }, main.map(chart)));
  if (!rest.length) return;
  const fold = el("details", {}, el("summary", {}, `${plural(rest.length, "more curve")}`));
  // Drawn when they are looked for: there may be hundreds of them.
  fold.addEventListener("toggle", () => fold.append(el("div", { class: "charts" }, rest.map(chart))), { once: true });
  section.append(fold);
}

function chart(panel) {
  const frame = frameOf(panel);
  const lines = panel.curves.map((curve, i) => [
    svg("path", { class: `curve c${i}`, d: pathOf(curve, frame) }),
    curve.points.length <= MAX_DOTS && svg("path", { class: `dots c${i}`, d: dotsOf(curve, frame) }),
  ]);
  const drawing = svg("svg", { viewBox: `0 0 ${BOX.width} ${BOX.height}`, tabindex: 0, role: "slider" },
    axes(frame, panel), lines);
  const readout = el("p", { class: "readout" });
  const figure = el("figure", {}, el("figcaption", {}, panel.title, panel.unit && el("small", {}, panel.unit)),
    drawing, readout);
  readAlong(drawing, readout, panel, frame);
  return figure;
}

/** The ranges of a panel and the way from values to places. */
function frameOf(panel) {
  const all = panel.curves.flatMap((curve) => curve.points);
  const steps = [...new Set(all.map(([step]) => step))].sort((a, b) => a - b);
  const values = all.map(([, value]) => value).filter((value) => value !== null);
  const ticks = panel.shares ? [0, 0.25, 0.5, 0.75, 1] : roundTicks(smallest(values), largest(values), 4);
  const stepTicks = roundTicks(steps[0], steps.at(-1), 5).filter((step) => Number.isInteger(step));
  const low = Math.min(ticks[0], smallest(values)), high = Math.max(ticks.at(-1), largest(values));
  const span = steps.at(-1) - steps[0] || 1;
  return {
    steps, ticks, stepTicks: stepTicks.filter((step) => step >= steps[0] && step <= steps.at(-1)),
    x: (step) => BOX.left + ((step - steps[0]) / span) * (BOX.width - BOX.left - BOX.right),
    y: (value) => BOX.height - BOX.bottom - ((value - low) / (high - low)) * (BOX.height - BOX.top - BOX.bottom),
  };
}

// Spreading thousands of numbers into Math.min would overflow the stack.
function smallest(values) {
  return values.reduce((a, b) => Math.min(a, b), values[0] ?? 0);
}

function largest(values) {
  return values.reduce((a, b) => Math.max(a, b), values[0] ?? 0);
}

/** Multiples of 1, 2 or 5 times a power of ten that enclose a range, about `number` of them. */
function roundTicks(low, high, number) {
  if (low === high) [low, high] = low === 0 ? [0, 1] : [low - Math.abs(low) / 2, high + Math.abs(high) / 2];
  const rough = (high - low) / number;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const first = Math.floor(low / step), last = Math.ceil(high / step);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

function axes({ ticks, stepTicks, x, y }, panel) {
  const floor = BOX.height - BOX.bottom, end = BOX.width - BOX.right;
  const last = stepTicks.at(-1);
  return [
    ticks.map((tick) => [
      svg("line", { class: "grid", x1: BOX.left, x2: end, y1: y(tick), y2: y(tick) }),
      svg("text", { x: BOX.left - 6, y: y(tick) + 4, "text-anchor": "end" }, tickText(tick, panel)),
    ]),
    stepTicks.map((tick) => [
      svg("line", { class: "grid", x1: x(tick), x2: x(tick), y1: floor, y2: floor + 4 }),
      svg("text", { x: x(tick), y: floor + 16, "text-anchor": x(tick) > end - 20 ? "end" : "middle" }, tick === last && "step ", compact(tick)),
    ]),
  ];
}

function tickText(value, panel) {
  return panel.shares ? `${Math.round(100 * value)} %` : compact(value);
}

/** A line through the values; it is broken where a value is no number. */
function pathOf(curve, { x, y }) {
  let pen = "M";
  return curve.points.map(([step, value]) => {
    const part = value === null ? "" : `${pen}${x(step).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = value === null ? "M" : "L";
    return part;
  }).join("");
}

/** The values themselves, where they are few: a line of two points is no trend. */
function dotsOf(curve, { x, y }) {
  const known = curve.points.filter(([, value]) => value !== null);
  return known.map(([step, value]) => `M${x(step).toFixed(1)} ${y(value).toFixed(1)}h0`).join("");
}

/** Shows the values at the step under the pointer; arrow keys, Home and End go from step to step. */
function readAlong(drawing, readout, panel, { steps, x }) {
  const line = svg("line", { class: "cursor", y1: BOX.top, y2: BOX.height - BOX.bottom, visibility: "hidden" });
  drawing.append(line);
  let at = steps.length - 1;
  const show = (index, visible) => {
    at = Math.max(0, Math.min(steps.length - 1, index));
    readout.replaceChildren(`step ${steps[at].toLocaleString("en")}`, ...panel.curves.flatMap((curve, i) => {
      const value = valueAt(curve, steps[at]);
      return value === undefined ? [] : el("span", { class: `c${i}` }, `${curve.label} ${valueText(value, panel)}`);
    }));
    line.setAttribute("x1", x(steps[at]));
    line.setAttribute("x2", x(steps[at]));
    line.setAttribute("visibility", visible ? "visible" : "hidden");
    drawing.setAttribute("aria-valuenow", steps[at]);
    drawing.setAttribute("aria-valuetext", [...readout.childNodes].map((node) => node.textContent).join(", "));
  };
  drawing.setAttribute("aria-label", `${panel.title} by step`);
  drawing.setAttribute("aria-valuemin", steps[0]);
  drawing.setAttribute("aria-valuemax", steps.at(-1));
  drawing.addEventListener("pointermove", (event) => show(nearest(steps.map(x), pointerX(drawing, event)), true));
  drawing.addEventListener("pointerleave", () => show(steps.length - 1, false));
  drawing.addEventListener("blur", () => show(steps.length - 1, false));
  drawing.addEventListener("keydown", (event) => {
    const target = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: steps.length }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    show(target, true);
  });
  show(at, false);
}

function valueAt(curve, step) {
  return curve.points.find((point) => point[0] === step)?.[1];
}

function valueText(value, panel) {
  if (value === null) return "not finite";
  return panel.shares ? percent(value) : compact(value);
}

function pointerX(drawing, event) {
  const place = drawing.getBoundingClientRect();
  return ((event.clientX - place.left) / place.width) * BOX.width;
}

function nearest(places, place) {
  return places.reduce((best, x, i) => (Math.abs(x - place) < Math.abs(places[best] - place) ? i : best), 0);
}
