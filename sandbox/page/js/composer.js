// A text field with a send button. What is typed stays when the page is drawn again, and per place when one leaves.

import { h, icon } from "./dom.js";

const drafts = new Map(); // composer id -> text

/** `send(text)` resolves to true when the text was taken, and the field empties. `limit` counts graphemes. */
export function composer({ id, label, placeholder, send, limit, rows = 1, submitLabel, autofocus, initial = "", extra }) {
  const text = () => drafts.get(id) ?? initial;
  const oninput = (event) => {
    drafts.set(id, event.currentTarget.value);
    if (limit) count(event.currentTarget, limit);
    grow(event.currentTarget);
  };
  const submit = async (form) => {
    const field = form.querySelector("textarea");
    const value = field.value.trim();
    if (!value || form.dataset.sending) return;
    form.dataset.sending = "yes";
    const taken = await send(value);
    delete form.dataset.sending;
    if (!taken) return;
    drafts.delete(id);
    field.value = "";
    if (limit) count(field, limit);
    grow(field);
  };
  const onkeydown = (event) => {
    const isSend = event.key === "Enter" && !event.isComposing && (limit ? event.ctrlKey || event.metaKey : !event.shiftKey);
    if (!isSend) return;
    event.preventDefault();
    submit(event.currentTarget.form);
  };
  const onmount = (form) => {
    const field = form.querySelector("textarea");
    grow(field);
    if (limit) count(field, limit);
    if (autofocus) field.focus();
  };
  return h("form", { key: id, class: "composer", onmount, onsubmit: (event) => {
    event.preventDefault();
    submit(event.currentTarget);
  } },
    h("textarea", { value: text(), rows, placeholder, "aria-label": label, oninput, onkeydown }),
    h("div", { class: "composer-foot" },
      extra,
      limit && h("span", { class: "counter", "data-counter": "" }),
      h("button", { type: "submit", class: "btn primary send" },
        submitLabel ? h("span", { class: "label" }, submitLabel) : icon("send"),
        !submitLabel && h("span", { class: "sr" }, "Send"))));
}

export function dropDraft(id) {
  drafts.delete(id);
}

function grow(field) {
  field.style.height = "auto";
  if (field.scrollHeight) field.style.height = `${field.scrollHeight + 2}px`;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

function count(field, limit) {
  const left = limit - [...graphemes.segment(field.value)].length;
  const counter = field.form.querySelector("[data-counter]");
  counter.textContent = left < 0 ? `${-left} too many` : `${left}`;
  counter.setAttribute("aria-label", left < 0 ? `${-left} characters too many` : `${left} characters left`);
  counter.classList.toggle("over", left < 0);
}
