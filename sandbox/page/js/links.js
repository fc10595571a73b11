// Links that lead to something of the sandbox are followed inside the page: messages of the team's Slack (whose
// addresses are those of a real workspace), and posts, private conversations and people of the square.

import { choose, data, ui } from "./store.js";

const MESSAGE = /^https:\/\/[\w-]+\.slack\.com\/archives\/(\w+)\/p(\d+)(\d{6})(?:\?thread_ts=([\d.]+))?/;
const POST = /^\/profile\/[^/]+\/post\/([\w-]+)$/;
const CHAT = /^\/messages\/([\w-]+)$/;
const PROFILE = /^\/profile\/[^/]+$/;
const FLASH = [{ outline: "3px solid transparent" }, { outline: "3px solid var(--focus)" }, { outline: "3px solid transparent" }];
const FLASH_MS = 1600;

/** Show what `url` leads to; false when that is not in this sandbox. */
export function follow(url) {
  const { origin, pathname } = new URL(url, location.href);
  return followMessage(url) || (origin === location.origin && Boolean(data.square) && followSquare(pathname));
}

function followMessage(url) {
  const [, conversation, seconds, fraction, thread] = MESSAGE.exec(url) ?? [];
  if (!data.slack?.conversations.some((one) => one.id === conversation)) return false;
  choose({ side: "slack", place: "channel", conversation, thread: thread ?? null });
  show(`.message[data-ts="${seconds}.${fraction}"]`);
  return true;
}

function followSquare(pathname) {
  const key = POST.exec(pathname)?.[1];
  const post = key && data.square.posts.find((one) => one.uri.endsWith(`/${key}`));
  if (post) {
    choose({ side: "square", squarePlace: "feed", chat: null });
    show(`.post[data-uri="${post.uri}"]`);
    return true;
  }
  const chat = data.square.chats.find((one) => one.id === CHAT.exec(pathname)?.[1]);
  if (chat) {
    const isBrand = (did) => data.square.people.some((person) => person.did === did && person.brand);
    const customer = chat.members.includes(ui.customer) ? ui.customer : chat.members.find((did) => !isBrand(did));
    choose({ side: "square", squarePlace: "messages", customer, chat: chat.members.find((did) => did !== customer) });
    return true;
  }
  if (!PROFILE.test(pathname)) return false;
  choose({ side: "square", squarePlace: "people", chat: null });
  return true;
}

/** Once it is drawn and every list has settled, bring the element into view and point at it. */
function show(selector) {
  requestAnimationFrame(() => requestAnimationFrame(() => {
    const element = document.querySelector(selector);
    element?.scrollIntoView({ block: "center" });
    element?.focus({ preventScroll: true });
    element?.animate(FLASH, FLASH_MS);
  }));
}

export function followClicks() {
  document.addEventListener("click", (event) => {
    const anchor = event.target.closest?.("a[target]");
    const isPlain = !event.defaultPrevented && event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey);
    if (anchor?.href && isPlain && follow(anchor.href)) event.preventDefault();
  });
}
