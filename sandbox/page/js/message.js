// One Slack message.

import { renderBlocks } from "./blocks.js";
import { h, icon, lazy } from "./dom.js";
import { mrkdwn } from "./mrkdwn.js";
import { choose, ui } from "./store.js";
import { names, surfaceOf, userById } from "./surface.js";
import { clockTime, dateEpoch, fromTs, fullDate } from "./time.js";

const colourOf = (colour) => (/^#[0-9a-f]{3,8}$/i.test(colour ?? "") ? colour : "#5b6b73");

export function avatar(who, className = "avatar") {
  return h("span", { class: className, "aria-hidden": "true", vars: { "--who": colourOf(who?.colour) } },
    who?.initials ?? (who?.name ?? "?").slice(0, 1).toUpperCase());
}

const known = new WeakMap(); // message -> what its memo is made of; a fetched message is never changed

function factsOf(message) {
  if (!known.has(message)) {
    const content = JSON.stringify(message);
    known.set(message, { content, dates: content.includes("date"), ago: content.includes("{ago}") });
  }
  return known.get(message);
}

/** `place` is "channel" or "thread"; a thread does not offer to open itself again. */
export function messageItem(message, conversation, place) {
  const blocks = message.bot && message.blocks?.length ? message.blocks : null; // what people type is in the text
  const surface = surfaceOf(`${place}-${message.ts}`, { conversation: conversation.id, message_ts: message.ts }, blocks);
  const { content, dates, ago } = factsOf(message);
  const entered = surface.values.isEmpty ? "" : JSON.stringify(surface.values.toState());
  const memo = [content, dateEpoch(dates, ago), ui.staff, [...surface.busy].join(), entered];
  return lazy(message.ts, memo, () => article(message, blocks, surface, place));
}

function article(message, blocks, surface, place) {
  const who = userById(message.user);
  const when = fromTs(message.ts);
  const name = who?.real_name || who?.name || message.user;
  const inThread = place === "thread";
  const openThread = () => choose({ thread: message.thread_ts ?? message.ts });
  const label = `${name}, ${clockTime(when)}`;
  return h("li", { class: `message ${message.ephemeral ? "ephemeral" : ""} ${blocks ? "has-card" : ""}`, tabindex: "-1",
    "data-ts": message.ts, "data-testid": "message" },
    avatar(who),
    h("article", { "aria-label": label },
      h("header", null,
        h("b", null, name),
        who?.is_bot && h("span", { class: "tag" }, "app"),
        h("time", { datetime: when.toISOString(), title: fullDate(when) }, clockTime(when)),
        message.ephemeral && h("span", { class: "only-you" }, icon("eye"), "Only visible to you")),
      blocks
        ? h("div", { class: "card" }, renderBlocks(blocks, surface))
        : h("div", { class: "text mrkdwn" }, mrkdwn(message.text ?? "", names)),
      message.edited && h("span", { class: "edited" }, "(edited)"),
      !inThread && message.reply_count > 0 && h("button", { type: "button", class: "replies", onclick: openThread },
        icon("thread"), message.reply_count === 1 ? "1 reply" : `${message.reply_count} replies`),
      !inThread && !message.ephemeral && h("button", { type: "button", class: "hover-tool", onclick: openThread,
        "aria-label": "Reply in thread", title: "Reply in thread" }, icon("thread"))));
}
