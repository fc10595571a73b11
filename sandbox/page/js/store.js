// What the page knows: the last state of each side, the clock, and what the viewer has chosen.

import { get, post } from "./api.js";
import { setSandboxTime } from "./time.js";

const query = new URLSearchParams(location.search);

export const data = { slack: null, square: null, clock: null, start: null, online: true };

const narrow = matchMedia("(max-width: 600px)");

/** Whether the Slack side is laid out as on a phone: by the switch, or because the window is one. */
export const isPhone = () => ui.phone || narrow.matches;

export const ui = {
  staff: query.get("staff") ?? "", // as asked for: a name or an id
  staffId: "", // the Slack user who acts
  customer: query.get("customer") ?? "",
  phone: query.get("view") === "phone",
  side: query.get("side") === "slack" ? "slack" : "square", // which one a narrow window shows
  place: "channel", // slack: channel | home; on the phone also: list | dms | you
  conversation: null,
  thread: null,
  squarePlace: "feed", // feed | messages | people
  chat: null,
  toast: null,
};

narrow.addEventListener("change", () => draw());

let renderer = () => {};
let queued = false;

export function onRender(render) {
  renderer = render;
}

/** Draw soon, once, however often it is asked for. */
export function draw() {
  if (queued) return;
  queued = true;
  queueMicrotask(() => {
    queued = false;
    renderer();
  });
}

/** Change what the viewer has chosen, keep it in the address, and draw. */
export function choose(changes) {
  Object.assign(ui, changes);
  const address = new URL(location.href);
  const keep = (name, value) => (value ? address.searchParams.set(name, value) : address.searchParams.delete(name));
  keep("staff", staffName(ui.staff));
  keep("customer", ui.customer && handleOf(ui.customer));
  keep("view", ui.phone ? "phone" : "");
  history.replaceState(null, "", address);
  draw();
}

const staffName = (id) => data.slack?.users.find((user) => user.id === id)?.name ?? id;
const handleOf = (did) => data.square?.people.find((person) => person.did === did)?.handle ?? did;

const loaders = {
  start: async () => accept("start", await get("/sandbox/start")),
  slack: async () => {
    if (!ui.staffId && !data.start) await refresh("start");
    const user = ui.staffId || data.start?.staff || "";
    return accept("slack", await get(`/sandbox/slack/state?user=${encodeURIComponent(user)}`));
  },
  square: async () => accept("square", await get("/sandbox/square/state")),
  clock: async () => {
    const answer = await get("/sandbox/clock");
    if (accept("clock", answer)) setSandboxTime(answer.now);
  },
};

function accept(what, answer) {
  if (!answer.ok) {
    say(answer.error, true);
    return false;
  }
  if (admits[what]?.(answer) === false) return false;
  data[what] = answer;
  listeners[what]?.(answer);
  draw();
  return true;
}

const admits = {};
const listeners = {};

/** When a fresh state of `what` arrives: `admit(state)` may return false to drop it; `listener(state)` hears of it
 * before it is drawn. */
export function onState(what, { admit, listener }) {
  admits[what] = admit;
  listeners[what] = listener;
}

const fetches = {}; // what -> {running, next}: promises

/** Fetch a state anew. Calls during a fetch are folded into one more fetch after it, which all of them wait for. */
export function refresh(what) {
  const fetching = (fetches[what] ??= {});
  if (!fetching.running && !fetching.next) return start(what);
  fetching.next ??= fetching.running.then(() => {
    fetching.next = null;
    return start(what);
  });
  return fetching.next;
}

function start(what) {
  fetches[what].running = loaders[what]().finally(() => {
    fetches[what].running = null;
  });
  return fetches[what].running;
}

export const refreshAll = () => Promise.all(["start", "clock", "slack", "square"].map(refresh));

/** Listen for change notices; the browser reconnects by itself, and everything is fetched anew then. */
export function listen() {
  const source = new EventSource("/sandbox/events");
  source.addEventListener("open", () => {
    const wasOffline = !data.online;
    data.online = true;
    if (wasOffline) say("Connected again.");
    refreshAll();
  });
  source.addEventListener("message", (event) => refresh(JSON.parse(event.data).what));
  source.addEventListener("error", () => {
    data.online = false;
    draw();
  });
}

let toastTimer = 0;

/** Show one short line at the foot of the page. */
export function say(text, isError = false) {
  clearTimeout(toastTimer);
  ui.toast = { text, isError };
  toastTimer = setTimeout(() => {
    ui.toast = null;
    draw();
  }, isError ? 8000 : 3500);
  draw();
}

/** Post, fetch `side` anew, and show the words of an error unless Slack itself shows them; returns the answer. */
export async function act(path, body, side) {
  const answer = await post(path, body);
  if (side) await refresh(side);
  const isShown = data.slack?.notices.some((notice) => notice.text === answer.error);
  if (!answer.ok && answer.error && !isShown) say(answer.error, true);
  return answer;
}
