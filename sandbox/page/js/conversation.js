// A channel or direct conversation, and the thread beside it.

import { composer } from "./composer.js";
import { h, icon } from "./dom.js";
import { avatar, messageItem } from "./message.js";
import { act, choose, data, isPhone, ui } from "./store.js";
import { userById } from "./surface.js";
import { dayHeading, fromTs } from "./time.js";

const isReply = (message) => message.thread_ts && message.thread_ts !== message.ts;
const inChannel = (message) => !isReply(message) || message.subtype === "thread_broadcast";

export const currentConversation = () => data.slack?.conversations.find((one) => one.id === ui.conversation);

export function titleOf(conversation) {
  if (conversation.kind === "channel") return `#${conversation.name}`;
  const other = userById(conversation.with);
  return other?.real_name || other?.name || conversation.name;
}

async function say(conversation, text, threadTs) {
  const body = { user: ui.staff, conversation: conversation.id, text };
  showEnd(threadTs ? "thread" : "channel");
  const answer = text.startsWith("/")
    ? await act("/sandbox/slack/command", body, "slack")
    : await act("/sandbox/slack/say", threadTs ? { ...body, thread_ts: threadTs } : body, "slack");
  return answer.ok;
}

/** Whoever writes reads on at the end, as in Slack: the answer to a command comes there. */
function showEnd(place) {
  const list = document.querySelector(`[data-testid="${place}"] .messages`);
  if (!list) return;
  list.scrollTop = list.scrollHeight;
  list.dispatchEvent(new Event("scroll")); // the browser's own comes with the next frame, perhaps after the answer
}

function backButton(label, changes) {
  return h("button", { type: "button", class: "btn ghost back", "aria-label": label, onclick: () => choose(changes) },
    icon("back"));
}

/** Messages with a heading wherever the day changes. */
function dayByDay(messages, conversation, place) {
  let day = null;
  return messages.flatMap((message) => {
    const item = messageItem(message, conversation, place);
    const when = fromTs(message.ts);
    if (day === when.toDateString()) return [item];
    day = when.toDateString();
    const heading = dayHeading(when);
    return [h("li", { key: `day-${day}`, class: "day", role: "presentation" }, h("span", null, heading)), item];
  });
}

export function channelView() {
  const conversation = currentConversation();
  if (!conversation) return h("section", { class: "channel", key: "none" }, h("p", { class: "empty" }, "Nothing here yet."));
  const title = titleOf(conversation);
  const messages = conversation.messages.filter(inChannel);
  const placeholder = `Message ${title}, or / for a command`;
  return h("section", { key: conversation.id, class: "channel", "aria-label": title, "data-testid": "channel" },
    h("header", { class: "place-head" },
      isPhone() && backButton("Back to all conversations", { place: "list" }),
      conversation.kind === "dm" && avatar(userById(conversation.with), "avatar small"),
      h("h2", null, title)),
    scroller(`list-${conversation.id}`, `Messages in ${title}`,
      messages.length > 0 ? dayByDay(messages, conversation, "channel") : h("li", { class: "empty" }, emptyWords(conversation))),
    composer({ id: `say-${conversation.id}`, label: `Message ${title}`, placeholder,
      send: (text) => say(conversation, text) }));
}

const emptyWords = (conversation) =>
  conversation.kind === "channel"
    ? "Quiet so far. Write something on the square: the card appears here."
    : "No messages yet.";

export function threadView() {
  const conversation = currentConversation();
  if (!conversation || !ui.thread) return null;
  const parent = conversation.messages.find((message) => message.ts === ui.thread);
  if (!parent) return null;
  const replies = conversation.messages.filter((message) => isReply(message) && message.thread_ts === ui.thread);
  const many = replies.length === 1 ? "1 reply" : `${replies.length} replies`;
  const close = { thread: null };
  return h("aside", { key: `thread-${parent.ts}`, class: "thread", "aria-label": "Thread", "data-testid": "thread",
    onkeydown: (event) => event.key === "Escape" && !event.defaultPrevented && choose(close) },
    h("header", { class: "place-head" },
      h("h2", null, "Thread ", h("small", null, titleOf(conversation))),
      h("button", { type: "button", class: "btn ghost", "aria-label": "Close thread", onclick: () => choose(close) },
        icon("close"))),
    scroller(`thread-${parent.ts}`, "Messages in this thread", [
      messageItem(parent, conversation, "thread"),
      replies.length > 0 && h("li", { key: "count", class: "day", role: "presentation" }, h("span", null, many)),
      replies.map((reply) => messageItem(reply, conversation, "thread")),
    ]),
    composer({ id: `say-${conversation.id}-${parent.ts}`, label: "Reply in thread",
      placeholder: "Reply to the team (internal)", autofocus: true, send: (text) => say(conversation, text, parent.ts) }));
}

const NEAR_PX = 120;

/** A list that stays at its end while the reader is there, and leaves a reader of older messages alone. */
function scroller(key, label, items) {
  return h("ol", { key, class: "messages", "aria-label": label, tabindex: "0", onmount: (list) => {
    const toEnd = () => {
      list.scrollTop = list.scrollHeight;
    };
    let atEnd = true;
    list.addEventListener("scroll", () => {
      atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_PX;
    }, { passive: true });
    const keepEnd = () => atEnd && toEnd();
    const sizes = new ResizeObserver(keepEnd);
    sizes.observe(list);
    new MutationObserver(keepEnd).observe(list, { childList: true, subtree: true, characterData: true });
    toEnd();
  } }, items);
}

const marking = new Set();

/** Tell Slack that what is on the screen has been read. */
export async function markRead() {
  const conversation = currentConversation();
  if (!conversation?.unread || document.hidden || ui.place !== "channel" || marking.has(conversation.id)) return;
  marking.add(conversation.id);
  await act("/sandbox/slack/read", { user: ui.staff, conversation: conversation.id }, "slack");
  marking.delete(conversation.id);
}
