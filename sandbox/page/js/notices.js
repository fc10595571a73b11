// What arrives by itself: push banners, errors that Slack would show, and words for screen readers.

import { h, icon } from "./dom.js";
import { titleOf } from "./conversation.js";
import { withEmoji, decode } from "./mrkdwn.js";
import { act, data, draw, ui } from "./store.js";
import { userById } from "./surface.js";
import { clockTime } from "./time.js";

const SHOWN_MS = 9000;
const MOST = 2;

const seenPushes = new Set();
const seenMessages = new Set();
let banners = [];
let isFirst = true;

/** Compare a fresh state with what was seen: new pushes become banners, new messages are announced. */
export function noteArrivals(state) {
  const fresh = state.pushes.filter((push) => !seenPushes.has(push.id));
  for (const push of fresh) seenPushes.add(push.id);
  const words = [];
  for (const conversation of state.conversations) {
    for (const message of conversation.messages) {
      const key = `${conversation.id}/${message.ts}`;
      if (seenMessages.has(key)) continue;
      seenMessages.add(key);
      if (message.user !== ui.staff) words.push(spoken(message, conversation));
    }
  }
  if (!isFirst) {
    banners = [...banners.filter((one) => one.user === ui.staff), ...fresh.slice(-MOST)].slice(-MOST);
    for (const push of fresh.slice(-MOST)) setTimeout(() => dismiss(push.id), SHOWN_MS);
    if (words.length > 0) announce(words.slice(-3).join(". "));
  }
  isFirst = false;
}

function spoken(message, conversation) {
  const who = userById(message.user);
  return `${who?.real_name || who?.name || "Someone"} in ${titleOf(conversation)}: ${plainText(message.text ?? "")}`;
}

/** mrkdwn as one plain line: for banners and for screen readers. */
function plainText(text) {
  const withoutLinks = text
    .replaceAll(/<!date\^[^|>]*\|([^>]*)>/g, "$1")
    .replaceAll(/<[^|>]*\|([^>]*)>/g, "$1")
    .replaceAll(/<@(\w+)>/g, (_, id) => `@${userById(id)?.name ?? id}`)
    .replaceAll(/<([^>]*)>/g, "$1");
  return decode(withoutLinks).replaceAll(/\s+/g, " ");
}

function dismiss(id) {
  const kept = banners.filter((one) => one.id !== id);
  const focused = document.activeElement?.closest?.("[data-push]");
  if (focused?.dataset.push === id) return; // someone is on it: leave it
  if (kept.length === banners.length) return;
  banners = kept;
  draw();
}

function close(id) {
  banners = banners.filter((one) => one.id !== id);
  draw();
}

/** Banners as a phone's lock screen would show them. */
export function pushes(open) {
  const owner = userById(ui.staff);
  return h("div", { key: "pushes", class: "pushes" },
    banners.filter((push) => push.user === ui.staff).map((push) =>
      h("div", { key: push.id, class: "push", "data-push": push.id, "data-testid": "push" },
        h("button", { type: "button", class: "push-open", onclick: () => {
          close(push.id);
          open(push);
        } },
          h("span", { class: "push-app" }, icon("hark"), "Slack", h("span", { class: "push-when" },
            `${owner?.real_name?.split(" ")[0] || owner?.name || ""}’s phone, ${clockTime(new Date(push.at))}`)),
          h("span", { class: "push-text" }, withEmoji(plainText(push.text)))),
        h("button", { type: "button", class: "btn ghost", "aria-label": "Dismiss", onclick: () => close(push.id) },
          icon("close")))));
}

export function notices() {
  return h("div", { key: "notices", class: "notices", role: "alert" },
    data.slack.notices.map((notice) =>
      h("div", { key: notice.id, class: "notice", "data-testid": "notice" }, icon("alert"), h("span", null, notice.text),
        h("button", { type: "button", class: "btn ghost", "aria-label": "Dismiss",
          onclick: () => act("/sandbox/slack/dismiss", { user: ui.staff, notice: notice.id }, "slack") }, icon("close")))));
}

/** Say something to screen readers without showing it. */
function announce(words) {
  document.getElementById("announcer").textContent = words;
}
