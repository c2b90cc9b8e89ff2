/* Which samples are shown. The state is in the address, after the #, so that a view can be kept and sent. */

const PAGE_SIZE = 20;
const FACETS = [
  { key: "focus", label: "Focus", of: (s) => [s.focus], name: focusName },
  { key: "language", label: "Language", of: (s) => [s.language] },
  { key: "question_type", label: "Question type", of: (s) => [s.question_type] },
  { key: "difficulty", label: "Difficulty", of: (s) => [s.difficulty] },
  { key: "verdict", label: "Verdict", of: (s) => s.verdicts },
  { key: "reason", label: "Reason", of: kindsOf },
  { key: "character", label: "Character", of: (s) => [s.character] },
];
const ORDER = ["sbk", "cm", "zh", "ja", "en", "ko", "what", "who", "where", "when", "why", "how",
  "easy", "medium", "hard", "right", "partly right", "wrong", "got right", "got wrong"];

/** What is said of a sample: of the last model's replies, and of the change from the first model's. */
function verdictsOf(sample) {
  const [before, after] = [sample.replies[0], sample.replies.at(-1)].map(shareRight);
  if (after === null) return [];
  const verdicts = [after === 1 ? "right" : after === 0 ? "wrong" : "partly right"];
  if (before !== null && after > before) verdicts.push("got right");
  if (before !== null && after < before) verdicts.push("got wrong");
  return verdicts;
}

/** Null where there is no reply. */
function shareRight(replies) {
  return replies.length ? replies.filter((reply) => reply.accuracy === 1).length / replies.length : null;
}

/** Writing forms of one text are made equal: full and half width, capitals. */
function folded(text) {
  return text.normalize("NFKC").toLowerCase();
}

function searchText(content, sample) {
  const replies = sample.replies.flat().flatMap((reply) => [reply.parts.join(""), reply.reason]);
  const history = sample.history.map(([, text]) => text);
  return folded([sample.id, sample.character, sample.question, sample.reference, ...history, ...replies].join("\n"));
}

class Filters {
  constructor(content) {
    this.content = content;
    for (const sample of content.samples) sample.verdicts = verdictsOf(sample);
    this.state = {};
    this.form = byId("filters");
    this.drawForm();
    window.addEventListener("hashchange", () => this.readAddress());
    window.addEventListener("beforeprint", () => this.drawList(true));
    window.addEventListener("afterprint", () => this.drawList());
    this.readAddress();
  }

  drawForm() {
    this.selects = FACETS.filter((facet) => this.valuesOf(facet).length > 1).map((facet) => {
      const select = el("select", { name: facet.key, id: `by-${facet.key}` });
      select.addEventListener("change", () => this.change({ [facet.key]: select.value }));
      this.form.append(el("label", { for: select.id }, facet.label, select));
      return { facet, select };
    });
    this.search = el("input", { type: "search", id: "by-text", name: "q", autocomplete: "off", spellcheck: "false" });
    let waiting;
    this.search.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => this.change({}), 150);
    });
    const reset = el("button", { type: "button" }, "Show all");
    reset.addEventListener("click", () => this.show({}));
    const label = "Search questions, conversations, replies, reasons";
    this.form.append(el("label", { for: "by-text", class: "wide" }, label, this.search), reset);
    this.form.addEventListener("submit", (event) => event.preventDefault());
  }

  valuesOf(facet) {
    const place = (value) => (ORDER.includes(value) ? ORDER.indexOf(value) : ORDER.length);
    const values = new Set(this.content.samples.flatMap(facet.of));
    values.delete("");
    return [...values].sort((a, b) => place(a) - place(b) || a.localeCompare(b));
  }

  /** Takes over what the address says; what it does not know filters nothing. */
  readAddress() {
    this.show(Object.fromEntries(new URLSearchParams(location.hash.slice(1))), false);
  }

  /** Shows what a link of the page filters, and goes there: a filter that acts out of sight seems to do nothing. */
  goTo(state) {
    this.show(state);
    byId("samples-title").focus({ preventScroll: true });
    byId("samples").scrollIntoView();
  }

  change(part) {
    // The search field may be ahead of the state by a few letters.
    this.show({ ...this.state, q: this.search.value, page: "", ...part });
  }

  show(state, keep = true) {
    this.state = Object.fromEntries(Object.entries(state).filter(([, value]) => value));
    // Not location.hash: a view is no place to go back to, letter by letter.
    if (keep) history.replaceState(null, "", `#${new URLSearchParams(this.state)}`);
    this.matching = this.matches();
    this.drawCounts();
    this.drawList();
  }

  matches(except) {
    const facets = FACETS.filter((facet) => facet !== except && this.state[facet.key]);
    const wanted = folded(this.state.q ?? "").trim();
    return this.content.samples.filter((sample) => {
      if (!facets.every((facet) => facet.of(sample).includes(this.state[facet.key]))) return false;
      return !wanted || (sample.searchText ??= searchText(this.content, sample)).includes(wanted);
    });
  }

  /** Each choice with the number of samples it would leave, the other filters staying as they are. */
  drawCounts() {
    for (const { facet, select } of this.selects) {
      const others = this.matches(facet);
      const counts = new Map();
      for (const value of others.flatMap(facet.of)) counts.set(value, (counts.get(value) ?? 0) + 1);
      const chosen = this.state[facet.key] ?? "";
      const values = [...new Set([...this.valuesOf(facet), ...(chosen ? [chosen] : [])])];
      const name = facet.name ?? ((value) => value);
      select.replaceChildren(el("option", { value: "" }, `all (${others.length})`),
        ...values.map((value) => el("option", { value }, `${name(value)} (${counts.get(value) ?? 0})`)));
      select.value = chosen;
      select.classList.toggle("chosen", Boolean(chosen));
    }
    const text = this.state.q ?? "";
    if (this.search.value !== text) this.search.value = text;
    byId("count").textContent = this.summary();
  }

  summary() {
    const [number, all] = [this.matching.length, this.content.samples.length];
    const shares = this.content.models.map((_, side) => {
      const replies = this.matching.flatMap((sample) => sample.replies[side]);
      const right = replies.filter((reply) => reply.accuracy === 1).length;
      const share = replies.length ? ` (${percent(right / replies.length)})` : "";
      const name = sideName(this.content, side);
      return `${name}: ${right.toLocaleString("en")} of ${plural(replies.length, "reply")} right${share}`;
    });
    const part = number === all ? "" : `${number.toLocaleString("en")} of `;
    return [part + plural(all, "sample"), ...shares].join(" · ");
  }

  drawList(whole = false) {
    const last = Math.max(1, Math.ceil(this.matching.length / PAGE_SIZE));
    const page = Math.min(last, Math.max(1, parseInt(this.state.page ?? "1", 10) || 1));
    const first = (page - 1) * PAGE_SIZE;
    const rows = whole ? this.matching : this.matching.slice(first, first + PAGE_SIZE);
    byId("list").replaceChildren(...rows.map((sample) => sampleCard(this.content, sample)));
    if (!rows.length) byId("list").append(el("p", { class: "hint" }, "No sample is like this; “Show all” shows all."));
    this.drawPages(page, last);
  }

  drawPages(page, last) {
    const turn = (text, to, name) => {
      const button = el("button", { type: "button", disabled: to < 1 || to > last, "aria-label": name }, text);
      button.addEventListener("click", () => {
        this.goTo({ ...this.state, page: to === 1 ? "" : String(to) });
      });
      return button;
    };
    byId("pages").replaceChildren(...(last === 1 ? [] : [
      turn("«", page === 1 ? 0 : 1, "first page"), turn("‹ previous", page - 1, "previous page"),
      el("span", {}, `page ${page.toLocaleString("en")} of ${last.toLocaleString("en")}`),
      turn("next ›", page + 1, "next page"), turn("»", page === last ? last + 1 : last, "last page"),
    ]));
  }
}
