// Slack's mrkdwn, turned into descriptions of elements. Foreign text only ever becomes text nodes.

import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { dateTemplate, fullDate } from "./time.js";

const SAFE_LINK = /^(https?:\/\/|mailto:|tel:)/i;
const ATOM = /`([^`\n]+)`|<([^<>\n]+)>/g;
const STYLED = /(?<![\p{L}\p{N}])([*_~])(?=\S)([^\n]*?\S)\1(?![\p{L}\p{N}])/gu;
const PLACE = /\uE000(\d+)\uE001/;
const BARE_URL = /\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]]/;
const SHORTCODE = /:([a-z0-9_+'-]+):(?::skin-tone-[2-6]:)?/;
const TAGS = { "*": "strong", _: "em", "~": "s" };

export const decode = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/** A text object of Block Kit, as elements. `names` resolves ids: {user(id), channel(id)}. */
export function textObject(object, names) {
  if (!object) return [];
  if (object.type === "plain_text") return object.emoji === false ? [object.text] : withEmoji(object.text);
  return mrkdwn(object.text, names, Boolean(object.verbatim));
}

export function mrkdwn(text, names, verbatim = false) {
  const pieces = text.split("```");
  if (pieces.length % 2 === 0) {
    const unclosed = pieces.pop();
    pieces.push(`${pieces.pop()}\`\`\`${unclosed}`);
  }
  return pieces.flatMap((piece, index) => {
    if (index % 2 === 1) return [h("pre", null, decode(piece.replace(/^\n|\n$/g, "")))];
    return paragraphs(piece, names, verbatim);
  });
}

function paragraphs(text, names, verbatim) {
  const out = [];
  let run = { quoted: false, lines: [] };
  const flush = () => {
    if (run.lines.length === 0) return;
    const content = inline(run.lines.join("\n"), names, verbatim);
    out.push(run.quoted ? h("blockquote", null, content) : h("span", { class: "lines" }, content));
  };
  let restIsQuote = false;
  for (const line of text.split("\n")) {
    const mark = /^(?:&gt;|>)(?:(?:&gt;|>){2})?\s?/.exec(line);
    const quoted = restIsQuote || Boolean(mark);
    if (mark && /^(?:(?:&gt;|>)){3}/.test(line)) restIsQuote = true;
    if (quoted !== run.quoted) {
      flush();
      run = { quoted, lines: [] };
    }
    run.lines.push(mark ? line.slice(mark[0].length) : line);
  }
  flush();
  return out;
}

function inline(text, names, verbatim) {
  const atoms = [];
  const held = text.replaceAll(/[\uE000\uE001]/g, "").replaceAll(ATOM, (whole, code, angle) => {
    atoms.push(code === undefined ? angled(angle, names) : h("code", null, decode(code)));
    return `\uE000${atoms.length - 1}\uE001`;
  });
  return styled(held, atoms, verbatim);
}

function styled(text, atoms, verbatim) {
  const out = [];
  let from = 0;
  for (const match of text.matchAll(STYLED)) {
    out.push(...plain(text.slice(from, match.index), atoms, verbatim));
    out.push(h(TAGS[match[1]], null, styled(match[2], atoms, verbatim)));
    from = match.index + match[0].length;
  }
  out.push(...plain(text.slice(from), atoms, verbatim));
  return out;
}

function plain(text, atoms, verbatim) {
  const out = [];
  const sources = verbatim ? [PLACE, SHORTCODE] : [PLACE, SHORTCODE, BARE_URL];
  const pattern = new RegExp(sources.map((one) => one.source).join("|"), "g");
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    const [whole, place, code] = match;
    const symbol = code && emoji(code);
    if (code && !symbol) continue;
    if (match.index > from) out.push(decode(text.slice(from, match.index)));
    if (place !== undefined) out.push(atoms[Number(place)]);
    else out.push(symbol ? emojiElement(code, symbol) : link(decode(whole)));
    from = match.index + whole.length;
  }
  if (from < text.length) out.push(decode(text.slice(from)));
  return out;
}

export function withEmoji(text) {
  const out = [];
  let from = 0;
  for (const match of text.matchAll(new RegExp(SHORTCODE.source, "g"))) {
    const symbol = emoji(match[1]);
    if (!symbol) continue;
    if (match.index > from) out.push(text.slice(from, match.index));
    out.push(emojiElement(match[1], symbol));
    from = match.index + match[0].length;
  }
  if (from < text.length) out.push(text.slice(from));
  return out;
}

export const emojiElement = (code, symbol) =>
  h("span", { class: "emoji", role: "img", "aria-label": code.replaceAll("_", " ") }, symbol);

/** A link that opens in a new tab; anything but web, mail and phone addresses stays text. */
export function link(url, label = url) {
  if (!SAFE_LINK.test(url)) return label === url ? url : `${label} (${url})`;
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label);
}

export const mention = (label) => h("span", { class: "mention" }, label);

function angled(token, names) {
  const [target, ...rest] = token.split("|");
  const label = rest.join("|");
  const kind = target[0];
  if (kind === "@") return mention(`@${names.user(target.slice(1)) ?? decode(label || target.slice(1))}`);
  if (kind === "#") return mention(`#${names.channel(target.slice(1)) ?? decode(label || target.slice(1))}`);
  if (kind === "!") return special(target.slice(1), decode(label));
  if (SAFE_LINK.test(target)) return link(decode(target), label ? decode(label) : undefined);
  return decode(`<${token}>`);
}

function special(command, label) {
  if (["here", "channel", "everyone"].includes(command)) return mention(`@${command}`);
  if (command.startsWith("subteam^")) return mention(label || "@group");
  const [name, seconds, template, url] = command.split("^");
  if (name !== "date" || !/^\d+$/.test(seconds ?? "")) return label || `<!${command}>`;
  return dateElement(Number(seconds), decode(template ?? ""), url && decode(url));
}

export function dateElement(seconds, template, url) {
  const date = new Date(seconds * 1000);
  const text = dateTemplate(seconds, template);
  const shown = h("time", { datetime: date.toISOString(), title: fullDate(date) }, text);
  return url ? link(url, shown) : shown;
}
