// Direct messages of the square, and its people.

import { composer } from "./composer.js";
import { h, icon } from "./dom.js";
import { avatar } from "./message.js";
import { follows, personOf } from "./post.js";
import { act, choose, data, ui } from "./store.js";
import { clockTime, fullDate } from "./time.js";

const seen = new Map(); // "me/chat" -> number of messages looked at

const otherOf = (chat) => personOf(chat.members.find((did) => did !== ui.customer));
const mine = () => data.square.chats.filter((chat) => chat.members.includes(ui.customer));
const seenKey = (chat) => `${ui.customer}/${chat.id}`;
const newestOf = (chat) => chat.messages.at(-1);

/** What came after the person's own last message and was not looked at on this page. */
function unseen(chat) {
  const answered = chat.messages.findLastIndex((message) => message.sender === ui.customer) + 1;
  return Math.max(0, chat.messages.length - Math.max(answered, seen.get(seenKey(chat)) ?? 0));
}

/** How many chats of the present person have something not looked at on this page. */
export const unseenChats = () => mine().filter((chat) => unseen(chat) > 0).length;

export function messagesView() {
  return ui.chat ? chatView(ui.chat) : chatList();
}

function chatList() {
  const chats = mine().filter((chat) => chat.messages.length > 0)
    .sort((a, b) => (newestOf(a).sent_at < newestOf(b).sent_at ? 1 : -1));
  const with_ = new Set(chats.map((chat) => otherOf(chat).did));
  const others = data.square.people.filter((person) => person.did !== ui.customer && !with_.has(person.did));
  return [
    h("ul", { class: "rows", "aria-label": "Direct messages" }, chats.map((chat) => {
      const other = otherOf(chat);
      const count = unseen(chat);
      return h("li", { key: chat.id }, h("button", { type: "button", class: count ? "row unread" : "row",
        onclick: () => choose({ chat: other.did }) }, avatar(other),
        h("span", { class: "row-text" }, h("b", null, other.name), h("small", null, newestOf(chat).text)),
        count > 0 && h("span", { class: "badge", "aria-label": `${count} new` }, count)));
    })),
    others.length > 0 && h("h2", { class: "rows-head" }, "Write to"),
    h("ul", { class: "rows" }, others.map((person) =>
      h("li", { key: person.did }, h("button", { type: "button", class: "row", onclick: () => choose({ chat: person.did }) },
        avatar(person), h("span", { class: "row-text" }, h("b", null, person.name), h("small", null, `@${person.handle}`)))))),
  ];
}

function chatView(did) {
  const other = personOf(did);
  const chat = mine().find((one) => one.members.includes(did));
  const messages = chat?.messages ?? [];
  if (chat) seen.set(seenKey(chat), messages.length);
  const send = async (text) => (await act("/sandbox/square/message", { as: ui.customer, to: did, text }, "square")).ok;
  return h("section", { key: `chat-${did}`, class: "chat", "aria-label": `Messages with ${other.name}`, "data-testid": "chat" },
    h("header", { class: "place-head" },
      h("button", { type: "button", class: "btn ghost", "aria-label": "Back to all messages", onclick: () => choose({ chat: null }) },
        icon("back")), avatar(other, "avatar small"), h("h2", null, other.name)),
    h("ol", { class: "bubbles", "aria-label": "Messages", tabindex: "0" },
      messages.length === 0 && h("li", { class: "empty" }, "No messages yet."),
      messages.map((message) => h("li", { key: message.id, class: message.sender === ui.customer ? "bubble mine" : "bubble",
        "data-testid": "bubble" },
        h("span", { class: "sr" }, message.sender === ui.customer ? "You: " : `${other.name}: `),
        h("p", null, message.text),
        h("time", { datetime: message.sent_at, title: fullDate(new Date(message.sent_at)) },
          clockTime(new Date(message.sent_at)))))),
    composer({ id: `chat-${ui.customer}-${did}`, label: `Message to ${other.name}`, placeholder: "Write a private message", send }));
}

const WHO_MAY_WRITE = [["all", "Everyone"], ["following", "People I follow"], ["none", "Nobody"]];

function allowMessages() {
  const onchange = (event) =>
    act("/sandbox/square/allow_messages", { did: ui.customer, from: event.currentTarget.value }, "square");
  const present = personOf(ui.customer).allow_messages;
  return h("p", { key: `allow-${ui.customer}`, class: "allow" },
    h("label", { for: "allow-messages" }, "Who may write to me privately"),
    h("select", { id: "allow-messages", class: "select", onchange },
      WHO_MAY_WRITE.map(([value, label]) => h("option", { value, selected: value === present }, label))));
}

export function peopleView() {
  const others = data.square.people.filter((person) => person.did !== ui.customer);
  return [
    allowMessages(),
    h("ul", { class: "rows", "aria-label": "People" }, others.map((person) =>
      h("li", { key: person.did, class: "row person" }, avatar(person),
        h("span", { class: "row-text" },
          h("b", null, person.name, person.brand && h("span", { class: "tag" }, icon("check"), "brand")),
          h("small", null, `@${person.handle}`)),
        h("button", { type: "button", class: "btn", "aria-label": `Message ${person.name}`,
          onclick: () => choose({ squarePlace: "messages", chat: person.did }) }, icon("mail")),
        follows(person.did)
          ? h("span", { class: "following" }, icon("check"), "Following")
          : h("button", { type: "button", class: "btn primary", "aria-label": `Follow ${person.name}`,
            onclick: () => act("/sandbox/square/follow", { as: ui.customer, who: person.did }, "square") }, "Follow")))),
  ];
}
