"use strict";
/* Elements and numbers. Text of the data becomes text nodes only, so that no reply is ever read as HTML. */

/** An element with attributes and children; strings are text, what is not there (or false) is left out. */
function el(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => (child ?? false) !== false));
  return element;
}

/** Text somebody wrote: its own direction, apart from what is around it, and its language, which chooses glyphs. */
function written(tag, attributes, language, ...children) {
  return el(tag, { dir: "auto", lang: language, ...attributes }, ...children);
}

/** For screen readers alone, where the eye has a colour. */
function unseen(text) {
  return el("span", { class: "unseen" }, text);
}

function byId(id) {
  return document.getElementById(id);
}

/** 0.703 as "70.3 %". */
function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

/** A difference of shares in percentage points, with its sign. */
function points(difference) {
  return signed(100 * difference, 1);
}

function signed(value, digits) {
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return `±${text}`;
  return (value < 0 ? "−" : "+") + text;
}

/** Four digits that matter: 0.1562, 3e-6, 12.4k. */
function compact(value) {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1e6 || size < 1e-3) return value.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e");
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(4))}k`;
  return String(Number(value.toPrecision(4)));
}

function plural(number, word) {
  const many = word === "reply" ? "replies" : `${word}s`;
  return `${number.toLocaleString("en")} ${number === 1 ? word : many}`;
}
