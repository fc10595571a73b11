// The team's side: who acts, the list of conversations, and one place at a time.

import { renderBlocks } from "./blocks.js";
import { channelView, currentConversation, threadView, titleOf } from "./conversation.js";
import { h, icon } from "./dom.js";
import { avatar } from "./message.js";
import { modals } from "./modal.js";
import { notices, pushes } from "./notices.js";
import { act, choose, data, isPhone, refresh, ui } from "./store.js";
import { surfaceOf, userById } from "./surface.js";

const staff = () => data.slack.users.filter((user) => !user.is_bot);

/** Settle who acts and what is open, when a state arrives; false when the state is someone else's. */
export function settleStaff(state) {
  const people = state.users.filter((user) => !user.is_bot);
  const wanted = ui.staff.toLowerCase();
  const chosen = people.find((user) => [user.id, user.name, user.real_name].some((one) => one.toLowerCase() === wanted));
  ui.staffId = (chosen ?? state.me).id;
  ui.staff = ui.staffId;
  if (state.me.id !== ui.staffId) return false;
  if (!state.conversations.some((one) => one.id === ui.conversation)) {
    const first = state.conversations.find((one) => one.kind === "channel") ?? state.conversations[0];
    ui.conversation = first?.id ?? null;
    ui.thread = null;
  }
  return true;
}

function actAs(user) {
  choose({ staff: user.id, staffId: user.id, thread: null, place: isPhone() && ui.place === "you" ? "list" : ui.place });
  refresh("slack");
}

function openHome() {
  choose({ place: "home", thread: null });
  act("/sandbox/slack/open_home", { user: ui.staff }, "slack");
}

const openConversation = (id) => choose({ place: "channel", conversation: id, thread: null });

function staffSwitch() {
  return h("div", { class: "people", role: "group", "aria-label": "Act as" },
    staff().map((user) => h("button", { key: user.id, type: "button", "aria-pressed": user.id === ui.staff,
      "data-testid": `staff-${user.name.toLowerCase()}`, onclick: () => actAs(user) },
      avatar(user, "avatar small"), h("span", null, user.real_name?.split(" ")[0] || user.name))));
}

function conversationRow(one) {
  const isOpen = ui.place === "channel" && one.id === ui.conversation;
  const title = titleOf(one);
  return h("li", { key: one.id },
    h("button", { type: "button", class: one.unread ? "unread" : "", "aria-current": isOpen ? "page" : undefined,
      "aria-label": one.unread ? `${title}, ${one.unread} unread` : title, onclick: () => openConversation(one.id) },
      one.kind === "channel" ? h("span", { class: "hash", "aria-hidden": "true" }, "#") : avatar(userById(one.with), "avatar tiny"),
      h("span", { class: "name" }, title.replace(/^#/, "")),
      one.unread > 0 && h("span", { class: "badge", "aria-hidden": "true" }, one.unread > 99 ? "99+" : one.unread)));
}

function conversationList(heading, kind) {
  const rows = data.slack.conversations.filter((one) => one.kind === kind);
  return rows.length > 0 && [h("h3", null, heading), h("ul", null, rows.map(conversationRow))];
}

function sidebar() {
  return h("nav", { key: "sidebar", class: "sidebar", "aria-label": "Conversations" },
    h("button", { type: "button", class: "home-row", "aria-current": ui.place === "home" ? "page" : undefined,
      onclick: openHome }, icon("home"), "Hark home"),
    conversationList("Channels", "channel"),
    conversationList("Direct messages", "dm"));
}

function homeView() {
  const view = data.slack.home;
  const surface = surfaceOf("home", { home: true }, view?.blocks);
  return h("section", { key: "home", class: "home-view", "aria-label": "Hark home", "data-testid": "home" },
    h("header", { class: "place-head" }, h("h2", null, "Hark")),
    h("div", { class: "home-body", tabindex: "0", role: "region", "aria-label": "Home of the Hark app" },
      view ? renderBlocks(view.blocks, surface) : h("p", { class: "empty" }, "Hark has not drawn this page yet.")));
}

function place() {
  return ui.place === "home" ? homeView() : channelView();
}

const unreadOf = (kind) => data.slack.conversations.filter((one) => !kind || one.kind === kind)
  .reduce((sum, one) => sum + one.unread, 0);

function phoneTabs() {
  const tab = (name, label, symbol, onclick, badge) =>
    h("button", { type: "button", "aria-current": ui.place === name ? "page" : undefined, onclick,
      "aria-label": badge ? `${label}, ${badge} unread` : label },
      h("span", { class: "tab-icon" }, icon(symbol), badge > 0 && h("span", { class: "badge", "aria-hidden": "true" }, badge)),
      h("span", { "aria-hidden": "true" }, label));
  return h("nav", { key: "tabs", class: "phone-tabs", "aria-label": "Phone navigation" },
    tab("list", "Home", "home", () => choose({ place: "list", thread: null }), unreadOf("channel")),
    tab("dms", "DMs", "chat", () => choose({ place: "dms", thread: null }), unreadOf("dm")),
    tab("home", "Hark", "hark", openHome),
    tab("you", "You", "person", () => choose({ place: "you", thread: null })));
}

function phoneScreen() {
  const thread = threadView();
  if (thread) return thread;
  const heading = (text) => h("header", { class: "place-head" }, h("h2", null, text));
  switch (ui.place) {
    case "list":
      return h("section", { key: "list", class: "phone-list", "aria-label": "Home" }, heading("Team"),
        conversationList("Channels", "channel"), conversationList("Direct messages", "dm"));
    case "dms":
      return h("section", { key: "dms", class: "phone-list", "aria-label": "Direct messages" },
        heading("Direct messages"), h("ul", null, data.slack.conversations.filter((one) => one.kind === "dm").map(conversationRow)));
    case "you":
      return h("section", { key: "you", class: "phone-list", "aria-label": "You" }, heading("You"),
        h("p", { class: "hint" }, "Whose phone is this?"), staffSwitch());
    default:
      return place();
  }
}

function workspace() {
  const isBlocked = data.slack.views.length > 0;
  const phone = isPhone();
  const inner = phone
    ? [h("div", { key: "screen", class: "screen" }, phoneScreen()), phoneTabs()]
    : [sidebar(), h("div", { key: "main", class: ui.thread && currentConversation() ? "main with-thread" : "main" },
        place(), ui.place === "channel" && threadView())];
  return h("div", { key: phone ? "phone" : "desktop", class: phone ? "phone-frame" : "workspace",
    "data-testid": phone ? "phone" : "workspace" },
    h("div", { class: "workspace-inner", inert: isBlocked }, inner),
    isBlocked && h("div", { key: "veil", class: "veil" }),
    modals(),
    pushes(openPush),
    notices());
}

function openPush(push) {
  if (push.conversation) openConversation(push.conversation);
}

function setPhone(on) {
  choose({ phone: on, place: !on && ["list", "you", "dms"].includes(ui.place) ? "channel" : ui.place });
}

export function slackPane() {
  return h("section", { class: "pane slack", id: "slack", "aria-labelledby": "slack-title", "data-testid": "slack-pane" },
    h("header", { class: "pane-head" },
      h("div", { class: "pane-title" }, h("h1", { id: "slack-title" }, "The team’s Slack"),
        h("p", null, "What your staff see")),
      data.slack && staffSwitch(),
      h("button", { type: "button", class: "btn ghost phone-switch", "aria-pressed": ui.phone, onclick: () => setPhone(!ui.phone) },
        icon("phone"), "Phone")),
    data.slack ? workspace() : h("p", { class: "empty" }, "Waiting for the sandbox…"));
}
