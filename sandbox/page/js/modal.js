// The stack of modals. They block the Slack side only: the square and the clock stay usable while one is open.

import { renderBlocks } from "./blocks.js";
import { h, icon } from "./dom.js";
import { act, data, draw, refresh, say, ui } from "./store.js";
import { forgetSurface, settled, surfaceOf } from "./surface.js";

const errors = new Map(); // view id -> {block_id: words}
const sending = new Set(); // view ids
let opener = null;
let openIds = [];

/** Before drawing a new state: drop what belonged to closed views, and remember where focus was. */
export function noteViews() {
  const ids = (data.slack?.views ?? []).map((one) => one.id);
  if (openIds.length === 0 && ids.length > 0) opener = document.activeElement;
  for (const id of openIds) {
    if (ids.includes(id)) continue;
    errors.delete(id);
    forgetSurface(`view-${id}`);
  }
  openIds = ids;
}

/** After drawing: give focus back when the last modal has gone. */
export function returnFocus() {
  if (openIds.length > 0 || !opener) return;
  const back = opener.isConnected ? opener : document.querySelector(".channel .messages");
  opener = null;
  if (document.activeElement === document.body || !document.activeElement) back?.focus({ preventScroll: true });
}

async function close(id, clear) {
  await settled(`view-${id}`);
  await act("/sandbox/slack/close", { user: ui.staff, view_id: id, clear }, "slack");
}

async function submit(id, surface) {
  if (sending.has(id)) return;
  sending.add(id);
  draw();
  const answer = await act("/sandbox/slack/submit", { user: ui.staff, view_id: id, state: surface.values.toState() });
  sending.delete(id);
  if (answer.ok) errors.delete(id);
  else if (answer.errors) errors.set(id, answer.errors);
  draw();
  if (answer.errors) queueMicrotask(() => focusFirstError(id)); // after the drawing just asked for
  await refresh("slack");
}

function focusFirstError(id) {
  const dialog = document.querySelector(`[data-view="${CSS.escape(id)}"]`);
  const field = dialog?.querySelector("[aria-invalid='true']");
  if (field) (field.matches("fieldset") ? field.querySelector("input") : field).focus();
  else if (Object.keys(errors.get(id) ?? {}).length > 0) say(Object.values(errors.get(id))[0], true);
}

export function modals() {
  const views = data.slack?.views ?? [];
  return views.map(({ id, view }, index) => modal(id, view, index === views.length - 1));
}

function modal(id, view, isTop) {
  const surface = surfaceOf(`view-${id}`, { view_id: id }, view.blocks);
  const titleId = `title-${id}`;
  const busy = sending.has(id);
  const onkeydown = (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) {
      event.preventDefault();
      close(id, false);
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && view.submit) submit(id, surface);
  };
  const onsubmit = (event) => {
    event.preventDefault();
    if (view.submit) submit(id, surface);
  };
  return h("dialog", { key: id, class: `modal ${isTop ? "top" : ""}`, inert: !isTop, "aria-labelledby": titleId,
    "data-view": id, "data-testid": "modal", onkeydown, onmount: show },
    h("form", { method: "dialog", novalidate: true, onsubmit },
      h("header", { class: "modal-head" },
        h("h2", { id: titleId, tabindex: "-1" }, view.title?.text ?? "Hark"),
        h("button", { type: "button", class: "btn ghost", "aria-label": "Close all", onclick: () => close(id, true) },
          icon("close"))),
      h("div", { class: "modal-body" }, renderBlocks(view.blocks, surface, errors.get(id))),
      h("div", { class: "modal-foot" },
        h("button", { type: "button", class: "btn", onclick: () => close(id, false) }, view.close?.text ?? "Cancel"),
        view.submit && h("button", { type: "submit", class: "btn primary", "aria-busy": busy || undefined },
          view.submit.text))));
}

const FIRST_FIELD = ".modal-body :is(textarea, input, select)";

function show(dialog) {
  dialog.show();
  (dialog.querySelector("[autofocus]") ?? dialog.querySelector(FIRST_FIELD) ?? dialog.querySelector("h2"))
    .focus({ preventScroll: true });
}
