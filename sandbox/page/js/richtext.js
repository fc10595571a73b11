// The rich_text block: sections, lists, quotes and preformatted text.

import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { dateElement, emojiElement, link, mention } from "./mrkdwn.js";

const STYLES = [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"], ["underline", "u"]];

export function richText(block, names) {
  return h("div", { class: "rich" }, (block.elements ?? []).map((part) => container(part, names)));
}

function container(part, names) {
  const children = part.elements ?? [];
  switch (part.type) {
    case "rich_text_quote":
      return h("blockquote", null, children.map((one) => leaf(one, names)));
    case "rich_text_preformatted":
      return h("pre", null, children.map((one) => leaf(one, names)));
    case "rich_text_list": {
      const items = children.map((one) => h("li", null, (one.elements ?? []).map((each) => leaf(each, names))));
      return h(part.style === "ordered" ? "ol" : "ul", { class: `indent-${Math.min(part.indent ?? 0, 4)}` }, items);
    }
    default:
      return h("p", null, children.map((one) => leaf(one, names)));
  }
}

function leaf(element, names) {
  return STYLES.reduce(
    (inner, [style, tag]) => (element.style?.[style] ? h(tag, null, inner) : inner),
    LEAVES[element.type]?.(element, names) ?? element.fallback ?? element.text ?? "",
  );
}

const LEAVES = {
  text: (e) => e.text,
  link: (e) => link(e.url, e.text || undefined),
  emoji: (e) => {
    const symbol = emoji(e.name);
    return symbol ? emojiElement(e.name, symbol) : `:${e.name}:`;
  },
  user: (e, names) => mention(`@${names.user(e.user_id) ?? e.user_id}`),
  channel: (e, names) => mention(`#${names.channel(e.channel_id) ?? e.channel_id}`),
  usergroup: () => mention("@group"),
  broadcast: (e) => mention(`@${e.range}`),
  date: (e) => dateElement(e.timestamp, e.format, e.url),
};
