// The customers' side: a small social network, seen by one person at a time.

import { composer } from "./composer.js";
import { h, icon } from "./dom.js";
import { avatar } from "./message.js";
import { messagesView, peopleView, unseenChats } from "./people.js";
import { feedView, POST_LIMIT } from "./post.js";
import { act, choose, data, ui } from "./store.js";

const me = () => data.square.people.find((person) => person.did === ui.customer);
const brand = () => data.square.people.find((person) => person.brand);

/** Settle who looks at the square when a state arrives. */
export function settleCustomer(state) {
  const wanted = ui.customer.toLowerCase();
  const matches = (person) => person.did === ui.customer || person.handle.toLowerCase() === wanted
    || person.handle.toLowerCase().startsWith(`${wanted}.`) || shortName(person).toLowerCase() === wanted;
  const customers = state.people.filter((person) => !person.brand);
  const chosen = (wanted && state.people.find(matches)) || customers[0] || state.people[0];
  ui.customer = chosen?.did ?? "";
}

const shortName = (person) => person.name.split(" ")[0];

function identities(label, people) {
  return h("div", { class: "people", role: "group", "aria-label": label },
    people.map((person) => h("button", { key: person.did, type: "button", class: person.brand ? "is-brand" : "",
      "aria-pressed": person.did === ui.customer, "aria-label": person.brand ? `${person.name}, the brand` : person.name,
      title: `@${person.handle}`, "data-testid": `person-${person.handle}`,
      onclick: () => choose({ customer: person.did, chat: null }) },
      avatar(person, "avatar small"), h("span", null, person.brand ? person.name : shortName(person)),
      person.brand && icon("check"))));
}

function tabs() {
  const tab = (place, label, symbol, count) =>
    h("button", { type: "button", "aria-current": ui.squarePlace === place ? "page" : undefined,
      "aria-label": count ? `${label}, ${count} new` : label,
      onclick: () => choose({ squarePlace: place, chat: null }) }, icon(symbol), label,
      count > 0 && h("span", { class: "badge", "aria-hidden": "true" }, count));
  return h("nav", { class: "square-tabs", "aria-label": "Square" },
    tab("feed", "Feed", "feed"), tab("messages", "Messages", "mail", unseenChats()), tab("people", "People", "people"));
}

function newPost() {
  const person = me();
  const send = async (text) => (await act("/sandbox/square/post", { as: ui.customer, text }, "square")).ok;
  return h("div", { class: "new-post" },
    avatar(person),
    composer({ id: `post-${ui.customer}`, label: `New post by ${person.name}`,
      placeholder: person.brand ? "Say something to everyone" : `Tell @${brand()?.handle ?? "the brand"} what happened`,
      send, limit: POST_LIMIT, rows: 2, submitLabel: "Post" }));
}

function place() {
  if (ui.squarePlace === "messages") return messagesView();
  if (ui.squarePlace === "people") return peopleView();
  return [newPost(), feedView()];
}

export function squarePane() {
  const body = data.square && me() && place(); // first: a chat that is shown is no longer new in the tabs
  return h("section", { class: "pane square", id: "square", "aria-labelledby": "square-title", "data-testid": "square-pane" },
    h("header", { class: "pane-head" },
      h("div", { class: "pane-title" }, h("h1", { id: "square-title" }, "The square"), h("p", null, "What customers see")),
      data.square && identities("Be the brand", data.square.people.filter((person) => person.brand))),
    data.square
      ? [identities("Be a customer", data.square.people.filter((person) => !person.brand)), tabs(), h("div", { key: ui.squarePlace, class: "square-body" }, body)]
      : h("p", { class: "empty" }, "Waiting for the sandbox…"));
}
