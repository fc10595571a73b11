// Start: draw what is known, listen for changes, and keep the words for times fresh.

import { bar, guide, sideTabs, toast } from "./bar.js";
import { markRead } from "./conversation.js";
import { h, patch } from "./dom.js";
import { followClicks } from "./links.js";
import { noteViews, returnFocus } from "./modal.js";
import { noteArrivals } from "./notices.js";
import { settleStaff, slackPane } from "./slack.js";
import { settleCustomer, squarePane } from "./square.js";
import { data, draw, isPhone, listen, onRender, onState, refresh, refreshAll, ui } from "./store.js";

const root = document.getElementById("app");
const TICK_MS = 5000;

function page() {
  return [
    bar(),
    guide(),
    sideTabs(),
    h("main", { class: isPhone() ? "sides phone-mode" : "sides", "data-side": ui.side }, squarePane(), slackPane()),
    toast(),
  ];
}

/** The nearest thing that can take the focus when the focused element is about to go. */
const anchorOf = (element) => element?.closest?.(".message, .post, .modal, section");

function render() {
  const focused = document.activeElement;
  const anchor = anchorOf(focused);
  patch(root, page());
  if (focused && focused !== document.body && !focused.isConnected && anchor?.isConnected) {
    anchor.focus({ preventScroll: true });
  }
  returnFocus();
  const unread = (data.slack?.conversations ?? []).reduce((sum, one) => sum + one.unread, 0);
  document.title = unread ? `(${unread}) Hark sandbox` : "Hark sandbox";
  markRead();
}

onState("slack", {
  admit(state) {
    const isMine = settleStaff(state);
    if (!isMine) refresh("slack"); // the names were unknown until now: ask again, for the right person
    return isMine;
  },
  listener(state) {
    noteViews();
    noteArrivals(state);
  },
});
onState("square", { listener: settleCustomer });

onRender(render);
followClicks();
draw();
refreshAll();
listen();
setInterval(draw, TICK_MS);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) draw();
});
