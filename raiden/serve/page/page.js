// The page: who is talked with, what was said, and what is asked next.

import { ask, streamReply } from "./api.js";
import { $, isSend, make } from "./dom.js";
import { questionView, replyView, written } from "./reply.js";

const state = { models: [], about: null, exchanges: [], stops: [] };
// exchanges: [{question, replies: {model: {text, thought, finish, why, fault, isWriting, isEdited}}}]

const character = () => $("character").value;
const asked = () => state.models.filter((model) => model !== "before" || $("both").checked);
const isWriting = () => state.stops.length > 0;

// What is kept until the tab is closed

const place = () => `talk with ${character()}`;

function keep() {
  const settled = state.exchanges.map(({ question, replies }) => ({
    question,
    replies: Object.fromEntries(Object.entries(replies).filter(([, reply]) => !reply.isWriting)),
  }));
  try {
    sessionStorage.setItem(place(), JSON.stringify(settled));
  } catch {
    // full, or not allowed: the talk goes on without
  }
}

function recall() {
  try {
    return JSON.parse(sessionStorage.getItem(place())) ?? [];
  } catch {
    return [];
  }
}

// Drawing

function draw() {
  const last = state.exchanges.length - 1;
  $("talk").replaceChildren(...state.exchanges.map((exchange, index) => exchangeView(exchange, index, index === last)));
  $("samples").hidden = !state.about?.samples.length || state.exchanges.length > 0;
  $("send").hidden = isWriting();
  $("stop").hidden = !isWriting();
  $("anew").disabled = !state.exchanges.length;
}

function exchangeView(exchange, index, isLast) {
  const models = state.models.filter((model) => exchange.replies[model]).reverse(); // before stands first
  const replies = models.map((model) => cardOf(exchange, index, model, isLast));
  return make(
    "li",
    {},
    questionView(exchange.question, (text) => askAgain(index, text)),
    make("div", { class: `replies n${replies.length}` }, ...replies),
  );
}

function cardOf(exchange, index, model, isLast) {
  const reply = exchange.replies[model];
  const card = replyView(character(), model, reply, isLast, {
    hasBefore: state.models.length > 1,
    retry: () => writeReplies(index, [model]),
    edit: (text) => {
      exchange.replies[model] = { text, thought: reply.thought, finish: "stop", isEdited: true };
      redraw(index, model);
      explain(index, model, null);
    },
    why: (sample) => explain(index, model, sample),
  });
  card.dataset.place = `${index} ${model}`;
  return card;
}

/** One card anew: what is open in the others stays so, and what has the focus keeps it. */
function redraw(index, model) {
  const old = document.querySelector(`[data-place="${index} ${model}"]`);
  if (!old || !state.exchanges[index]?.replies[model]) return;
  const focused = old.contains(document.activeElement) ? document.activeElement.textContent : null;
  const card = cardOf(state.exchanges[index], index, model, index === state.exchanges.length - 1);
  old.replaceWith(card);
  if (focused !== null) [...card.querySelectorAll("button, summary")].find((e) => e.textContent === focused)?.focus();
}

function tell(text) {
  $("status").textContent = text;
}

const isAtEnd = () => innerHeight + scrollY >= document.documentElement.scrollHeight - 120;
const toEnd = () => scrollTo({ top: document.documentElement.scrollHeight });

// Talking

function turnsBefore(index, model) {
  return state.exchanges.slice(0, index).flatMap(({ question, replies }) => {
    const reply = replies[model] ?? Object.values(replies)[0];
    return reply?.text ? [{ role: "user", content: question }, { role: "assistant", content: reply.text }] : [];
  });
}

async function askAgain(index, question) {
  if (isWriting()) return;
  state.exchanges = state.exchanges.slice(0, index);
  await say(question);
}

async function say(question) {
  state.exchanges.push({ question, replies: {} });
  await writeReplies(state.exchanges.length - 1, asked());
}

async function writeReplies(index, models) {
  if (isWriting()) return;
  state.exchanges = state.exchanges.slice(0, index + 1);
  for (const model of models) state.exchanges[index].replies[model] = { text: "", thought: "", isWriting: true };
  tell(`${character()} is writing …`);
  await Promise.all(models.map((model) => writeReply(index, model)));
  tell(state.exchanges[index] ? `${character()} has replied.` : "");
}

async function writeReply(index, model) {
  const exchange = state.exchanges[index];
  const reply = exchange.replies[model];
  const stop = new AbortController();
  state.stops.push(stop);
  draw();
  toEnd();
  const seed = $("seed").value === "" ? {} : { seed: Number($("seed").value) };
  const body = {
    model: `${model}/${character()}`,
    messages: [...turnsBefore(index, model), { role: "user", content: exchange.question }],
    temperature: Number($("temperature").value),
    max_tokens: Number($("max-tokens").value),
    ...seed,
  };
  try {
    await streamReply(body, stop.signal, (text, thought, finish) => {
      const follows = isAtEnd();
      reply.text += text;
      reply.thought += thought;
      reply.finish = finish ?? reply.finish;
      const said = document.querySelector(`[data-place="${index} ${model}"] .said`);
      if (said) said.textContent = reply.text;
      if (follows) toEnd();
    });
    reply.finish ??= "interrupted";
  } catch (fault) {
    reply.finish = "interrupted";
    if (fault.name !== "AbortError") reply.fault = fault.message;
  }
  reply.isWriting = false;
  state.stops = state.stops.filter((other) => other !== stop);
  if (state.exchanges[index] !== exchange) return; // a new talk was begun meanwhile
  draw();
  keep();
  if (reply.text) await explain(index, model, null);
}

async function explain(index, model, sample) {
  const exchange = state.exchanges[index];
  const reply = exchange.replies[model];
  const last = { role: "assistant", content: written(reply), finish_reason: reply.finish ?? "stop" };
  const turns = [...turnsBefore(index, model), { role: "user", content: exchange.question }, last];
  try {
    reply.why = await ask("/talk/why", { character: character(), turns, sample });
  } catch (fault) {
    reply.why = { fault: fault.message };
  }
  if (state.exchanges[index]?.replies[model] !== reply) return;
  const follows = isAtEnd();
  redraw(index, model);
  if (follows) toEnd();
  keep();
}

// Choosing

async function meet() {
  stopAll();
  localStorage.setItem("character", character());
  state.about = null;
  state.exchanges = recall();
  const name = character();
  try {
    const about = await ask("/talk/character", { character: name });
    if (name !== character()) return;
    state.about = about;
  } catch (fault) {
    tell(fault.message);
  }
  introduce();
  draw();
}

function introduce() {
  const fields = Object.entries(state.about?.fields ?? {});
  $("about").hidden = !fields.length;
  document.title = `${character()} · raiden`;
  document.querySelector("#about h2").textContent = character();
  document.querySelector(".portrait").textContent = [...character()][0] ?? "";
  const shortest = fields.find(([name]) => /introduction|简介|紹介|소개|介绍/i.test(name)) ?? fields[1];
  $("intro").textContent = shortest?.[1] ?? "";
  document.querySelector("#profile dl").replaceChildren(
    ...fields.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]),
  );
  document.querySelector("#prompt pre").textContent = state.about?.prompt ?? "";
  const alone = (state.about?.samples ?? []).filter((sample) => !sample.turns.length).slice(0, 6);
  document.querySelector("#samples div").replaceChildren(
    ...alone.map(({ question }) => make("button", { type: "button", onclick: () => say(question) }, question)),
  );
  if (state.about) state.about.samples = alone;
}

function stopAll() {
  for (const stop of state.stops) stop.abort();
}

async function begin() {
  let lineup;
  try {
    lineup = await ask("/talk/lineup");
  } catch (fault) {
    tell(fault.message);
    if (fault.status === 401) {
      $("settings").open = true;
      $("key").focus();
    }
    return;
  }
  state.models = lineup.models.map((model) => model.name);
  $("both-label").hidden = state.models.length < 2;
  $("temperature").value = lineup.usual.temperature;
  $("max-tokens").value = lineup.usual.max_tokens;
  $("character").replaceChildren(...lineup.characters.map(({ name }) => make("option", { value: name }, name)));
  const last = localStorage.getItem("character");
  if (lineup.characters.some(({ name }) => name === last)) $("character").value = last;
  await meet();
  $("question").focus();
}

$("character").onchange = meet;
$("anew").onclick = () => {
  stopAll();
  state.exchanges = [];
  draw();
  keep();
  tell("");
  $("question").focus();
};
$("stop").onclick = () => {
  stopAll();
  $("question").focus();
};
$("key").onchange = () => {
  sessionStorage.setItem("key", $("key").value);
  if (!state.models.length) begin();
};
$("ask").onsubmit = (event) => {
  event.preventDefault();
  const question = $("question").value.trim();
  if (!question || isWriting() || !state.about) return;
  $("question").value = "";
  say(question);
};
$("question").onkeydown = (event) => {
  if (isSend(event)) {
    event.preventDefault();
    $("ask").requestSubmit();
  }
};
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if ($("settings").open) {
    $("settings").open = false;
    document.querySelector("#settings summary").focus();
  } else stopAll();
});
addEventListener("click", (event) => {
  if (!$("settings").contains(event.target)) $("settings").open = false;
});
$("key").value = sessionStorage.getItem("key") ?? "";
begin();
