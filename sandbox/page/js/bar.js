// The bar on top: the sandbox's clock, the guide, and the switch between the two sides in a narrow window.

import { h, icon } from "./dom.js";
import { act, choose, data, refresh, say, ui } from "./store.js";
import { clockTime, now, secondsToMorning, weekdayDate } from "./time.js";

const MINUTE_S = 60;
const SKIPS = [
  ["+5 min", 5 * MINUTE_S, "5 minutes"],
  ["+15 min", 15 * MINUTE_S, "15 minutes"],
  ["+1 h", 60 * MINUTE_S, "1 hour"],
  ["+2 h", 120 * MINUTE_S, "2 hours"],
];
const GUIDE_KEY = "hark-sandbox-guide";

let skipping = false;

async function skip(seconds) {
  if (skipping) return;
  skipping = true;
  const answer = await act("/sandbox/clock", { skip_s: seconds }, "clock");
  skipping = false;
  if (answer.ok) say(`It is now ${clockTime(now())}, ${weekdayDate(now())}.`);
}

function clock() {
  const current = now();
  return h("div", { class: "clock" },
    h("p", { class: "clock-face" },
      h("span", { class: "sr" }, "Sandbox time: "),
      h("time", { datetime: current.toISOString(), "data-testid": "sandbox-time" },
        h("b", null, clockTime(current)), " ", h("span", null, weekdayDate(current)))),
    h("div", { class: "skips", role: "group", "aria-label": "Move the sandbox’s clock forward" },
      SKIPS.map(([label, seconds, spoken]) =>
        h("button", { type: "button", class: "btn", "aria-label": `Forward ${spoken}`, onclick: () => skip(seconds) }, label)),
      h("button", { type: "button", class: "btn", "aria-label": "Forward to the next morning, 09:00",
        onclick: () => skip(secondsToMorning()) }, "next morning")));
}

export function bar() {
  return h("header", { class: "bar" },
    h("p", { class: "brand" }, icon("hark", "icon mark"), h("b", null, "Hark"), h("span", null, "sandbox")),
    data.clock && clock(),
    !data.online && h("p", { class: "offline", role: "status" }, icon("alert"), "Connection lost, trying again…"));
}

const STEPS = [
  ["Complain", "On the square, be a customer and write to the brand. A card appears in the team’s channel."],
  ["Claim", ["On the card, press Claim. ", h("a", { href: "?staff=ben", target: "_blank" }, "Open a second tab as Ben"), " and race for it."]],
  ["Reply", "Press Reply, sign it, send it. Undo is there for a few seconds; then it stands on the square."],
  ["Go private", "Press Take private: one direct message, one public line. Look under Messages."],
  ["Let time pass", "Skip the clock without answering: the card warns, then a phone buzzes."],
  ["On the phone", "Press Phone to see what staff see on the train."],
];

function remember(event) {
  if (event.currentTarget.open) refresh("start");
  try {
    localStorage.setItem(GUIDE_KEY, event.currentTarget.open ? "open" : "closed");
  } catch {
    // A browser without storage opens the guide each time.
  }
}

function wasClosed() {
  try {
    return localStorage.getItem(GUIDE_KEY) === "closed";
  } catch {
    return false;
  }
}

let guideStart = null;

export function guide() {
  guideStart ??= !wasClosed() && !ui.phone && innerWidth > 1200;
  return h("details", { class: "guide", open: guideStart, ontoggle: remember },
    h("summary", null, "What to try"),
    h("ol", null, STEPS.map(([title, text]) => h("li", null, h("b", null, title), h("span", null, text)))),
    webhookSentence());
}

/** The door for every other network: where a signed post becomes a card like any other. */
function webhookSentence() {
  const { url, secret } = data.start?.webhooks ?? {};
  return url && h("p", { class: "guide-more" }, h("b", null, "From your own system: "),
    "send a signed webhook to ", h("code", null, url), " with the secret ", h("code", null, secret), ".");
}

export function sideTabs() {
  const tab = (side, label) =>
    h("button", { type: "button", "aria-pressed": ui.side === side, onclick: () => choose({ side }) }, label);
  return h("nav", { class: "side-tabs", "aria-label": "Side" }, tab("square", "Square"), tab("slack", "Team’s Slack"));
}

export function toast() {
  return h("div", { class: "toast-place", role: "status" },
    ui.toast && h("p", { key: ui.toast.text, class: ui.toast.isError ? "toast error" : "toast" }, ui.toast.text));
}
