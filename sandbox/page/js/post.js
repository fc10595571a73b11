// Posts of the square in their threads.

import { composer, dropDraft } from "./composer.js";
import { h, icon, lazy } from "./dom.js";
import { openMenu } from "./menu.js";
import { avatar } from "./message.js";
import { link } from "./mrkdwn.js";
import { act, data, draw, ui } from "./store.js";
import { ago, fullDate } from "./time.js";

export const POST_LIMIT = 300; // graphemes, as on Bluesky
const MAX_DEPTH = 2;

let open = { kind: "", uri: "" }; // the one post being answered, quoted or edited

export const personOf = (did) => data.square.people.find((person) => person.did === did) ?? { did, name: did, handle: did };

function setOpen(kind, uri) {
  open = open.kind === kind && open.uri === uri ? { kind: "", uri: "" } : { kind, uri };
  draw();
}

export function feedView() {
  const children = new Map();
  for (const post of data.square.posts) {
    const above = post.reply_to ?? "";
    children.set(above, [...(children.get(above) ?? []), post]);
  }
  const known = new Set(data.square.posts.map((post) => post.uri));
  const roots = data.square.posts.filter((post) => !post.reply_to || !known.has(post.reply_to));
  const shown = roots.filter((post) => isShown(post, children)).sort((a, b) => (a.created_at < b.created_at ? 1 : -1));
  if (shown.length === 0) return h("p", { class: "empty" }, "Nobody has written anything yet. Be the first.");
  return h("ol", { class: "feed", "aria-label": "Posts" },
    shown.map((post) => h("li", { key: post.uri, class: "thread-card" }, h("ol", null, branch(post, children, 0)))));
}

const isShown = (post, children) => !post.deleted || (children.get(post.uri) ?? []).some((one) => isShown(one, children));

function branch(post, children, depth) {
  const below = (children.get(post.uri) ?? []).filter((one) => isShown(one, children));
  below.sort((a, b) => (a.created_at < b.created_at ? -1 : 1));
  return [item(post, depth), ...below.flatMap((one) => branch(one, children, depth + 1))];
}

const written = new WeakMap(); // post -> its JSON; a fetched post is never changed

function asText(post) {
  if (!written.has(post)) written.set(post, JSON.stringify(post));
  return written.get(post);
}

function item(post, depth) {
  const isOpen = open.uri === post.uri ? open.kind : "";
  const when = new Date(post.created_at);
  const quoted = post.quote_of && data.square.posts.find((one) => one.uri === post.quote_of);
  const memo = [asText(post), quoted && asText(quoted), depth, isOpen, ui.customer, ago(when), follows(post.author_did)];
  return lazy(post.uri, memo, () => article(post, { depth, isOpen, when, quoted }));
}

/** Whether the present person follows somebody. */
export const follows = (did) => data.square.follows.some(([who, whom]) => who === ui.customer && whom === did);

function article(post, { depth, isOpen, when, quoted }) {
  const author = personOf(post.author_did);
  const level = Math.min(depth, MAX_DEPTH);
  if (post.deleted) {
    return h("li", { class: `post deleted depth-${level}` }, h("p", null, "This post was deleted."));
  }
  return h("li", { class: `post depth-${level} ${author.brand ? "by-brand" : ""}`, tabindex: "-1", "data-uri": post.uri,
    "data-testid": "post" },
    avatar(author),
    h("article", { "aria-label": `${author.name}${author.brand ? ", the brand" : ""}` },
      h("header", null,
        h("b", null, author.name),
        author.brand && h("span", { class: "tag" }, icon("check"), "brand"),
        h("span", { class: "handle" }, `@${author.handle}`),
        h("time", { datetime: post.created_at, title: fullDate(when) }, ago(when)),
        post.edited && h("span", { class: "edited" }, "edited")),
      isOpen === "edit" ? editor(post) : h("p", { class: "post-text" }, faceted(post)),
      quoted && quote(quoted),
      tools(post, author),
      (isOpen === "reply" || isOpen === "quote") && answer(post, author, isOpen)));
}

function quote(post) {
  const author = personOf(post.author_did);
  return h("blockquote", { class: "quoted" }, post.deleted ? "This post was deleted."
    : [h("b", null, author.name), " ", h("span", { class: "handle" }, `@${author.handle}`), h("p", null, post.text)]);
}

function tools(post, author) {
  const isMine = post.author_did === ui.customer;
  const mark = (did) => did.includes(ui.customer);
  const tally = (list) => (list.length > 0 ? h("span", { "aria-hidden": "true" }, list.length) : null);
  const send = (verb) => () => act(`/sandbox/square/${verb}`, { as: ui.customer, uri: post.uri }, "square");
  const own = [
    { label: "Edit", pick: () => setOpen("edit", post.uri) },
    { label: "Delete", danger: true, pick: () => act("/sandbox/square/delete", { uri: post.uri }, "square") },
  ];
  const others = [
    !follows(author.did) && { label: `Follow ${author.name}`,
      pick: () => act("/sandbox/square/follow", { as: ui.customer, who: author.did }, "square") },
  ].filter(Boolean);
  const items = [{ label: "Quote", pick: () => setOpen("quote", post.uri) }, ...(isMine ? own : others)];
  return h("div", { class: "post-tools", role: "group", "aria-label": "Post actions" },
    h("button", { type: "button", "aria-label": "Reply", onclick: () => setOpen("reply", post.uri) }, icon("reply"), "Reply"),
    h("button", { type: "button", "aria-label": `Repost, ${post.reposts.length}`, "aria-pressed": mark(post.reposts),
      onclick: send("repost") }, icon("repost"), tally(post.reposts)),
    h("button", { type: "button", "aria-label": `Like, ${post.likes.length}`, "aria-pressed": mark(post.likes),
      onclick: send("like") }, icon(mark(post.likes) ? "heart-full" : "heart"), tally(post.likes)),
    h("button", { type: "button", "aria-label": "More for this post", "aria-haspopup": "menu", "aria-expanded": "false",
      onclick: (event) => openMenu(event.currentTarget, "More for this post", items) }, icon("more")));
}

const cancelButton = (id) => h("button", { type: "button", class: "btn ghost", onclick: () => {
  dropDraft(id);
  setOpen("", "");
} }, "Cancel");

function answer(post, author, kind) {
  const id = `${kind}-${ui.customer}-${post.uri}`;
  const link_ = kind === "reply" ? { reply_to: post.uri } : { quote_of: post.uri };
  return composer({ id, label: kind === "reply" ? `Reply to ${author.name}` : `Quote ${author.name}`,
    placeholder: kind === "reply" ? "Write a reply" : "Add your words", limit: POST_LIMIT, autofocus: true,
    submitLabel: kind === "reply" ? "Reply" : "Quote", extra: cancelButton(id), send: async (text) => {
      const done = await act("/sandbox/square/post", { as: ui.customer, text, ...link_ }, "square");
      if (done.ok) setOpen("", "");
      return done.ok;
    } });
}

function editor(post) {
  const id = `edit-${post.uri}`;
  return composer({ id, label: "Edit the post", limit: POST_LIMIT, autofocus: true, submitLabel: "Save", initial: post.text,
    extra: cancelButton(id), send: async (text) => {
      const done = await act("/sandbox/square/edit", { uri: post.uri, text }, "square");
      if (done.ok) setOpen("", "");
      return done.ok;
    } });
}

/** The text with its facets; their positions count bytes of UTF-8, so the text is cut as bytes. */
function faceted(post) {
  const bytes = new TextEncoder().encode(post.text);
  const decoder = new TextDecoder();
  const out = [];
  let from = 0;
  const facets = [...(post.facets ?? [])].sort((a, b) => a.index.byteStart - b.index.byteStart);
  for (const { index, features } of facets) {
    if (index.byteStart < from || index.byteEnd > bytes.length || index.byteEnd <= index.byteStart) continue;
    out.push(decoder.decode(bytes.subarray(from, index.byteStart)));
    out.push(feature(decoder.decode(bytes.subarray(index.byteStart, index.byteEnd)), features?.[0] ?? {}));
    from = index.byteEnd;
  }
  out.push(decoder.decode(bytes.subarray(from)));
  return out;
}

function feature(text, { $type: type = "", uri }) {
  if (type.endsWith("#link") && uri) return link(uri, text);
  return h("span", { class: "mention" }, text);
}
