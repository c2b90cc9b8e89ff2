// Elements. Text is only ever set as text: nothing that a model writes becomes markup.

export const $ = (id) => document.getElementById(id);

/** An element; `settings` are its properties, `class` and `data-...`, `children` elements or texts. */
export function make(tag, settings = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(settings)) {
    if (value === undefined || value === null) continue;
    if (name === "class") element.className = value;
    else if (name.includes("-")) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Texts and marks: the text, its spans `[start, end)` marked. Counted in characters, as Python does, not in UTF-16. */
export function marked(text, spans) {
  const characters = [...text];
  const parts = [];
  let place = 0;
  for (const [start, end] of [...spans].sort((a, b) => a[0] - b[0])) {
    if (start < place) continue;
    parts.push(characters.slice(place, start).join(""));
    parts.push(make("mark", {}, characters.slice(start, end).join("")));
    place = end;
  }
  parts.push(characters.slice(place).join(""));
  return parts;
}

/** A form in which a text is changed; `done` gets it, or null where it was given up. */
export function editor(text, label, done) {
  const field = make("textarea", { value: text, rows: 1, "aria-label": label });
  const form = make(
    "form",
    { class: "edit" },
    field,
    make(
      "div",
      {},
      make("button", { class: "primary" }, "Save"),
      make("button", { type: "button", onclick: () => done(null) }, "Cancel"),
    ),
  );
  form.onsubmit = (event) => {
    event.preventDefault();
    if (field.value.trim()) done(field.value.trim());
  };
  field.onkeydown = (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      done(null);
    }
    if (isSend(event)) {
      event.preventDefault();
      form.requestSubmit();
    }
  };
  return { form, field };
}

/** Enter, but not the one that ends the input of a Chinese, Japanese or Korean word. */
export const isSend = (event) => event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229;
