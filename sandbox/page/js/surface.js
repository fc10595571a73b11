// Where blocks stand (a message, a modal, App Home) and how their actions reach the sandbox.

import { act, data, draw, ui } from "./store.js";
import { isStateful, Values } from "./values.js";

const memory = new Map(); // surface id -> {values, busy, later, running}
const PATIENCE_MS = 1000;

export const names = {
  user: (id) => data.slack?.users.find((user) => user.id === id)?.name,
  channel: (id) => data.slack?.conversations.find((one) => one.id === id)?.name,
};

export const userById = (id) => data.slack?.users.find((user) => user.id === id);

/** A surface for `blocks`; `target` says where a press comes from: {conversation, message_ts} | {view_id} | {home}. */
export function surfaceOf(id, target, blocks) {
  const key = `${ui.staff}/${id}`;
  if (!memory.has(key)) memory.set(key, { values: new Values(), busy: new Set(), later: new Map(), running: null });
  const known = memory.get(key);
  const { values, busy } = known;
  if (blocks) values.keepOnly(blocks);
  return {
    id,
    values,
    busy,
    names,
    get people() {
      return data.slack.users.filter((user) => !user.is_bot);
    },
    get channels() {
      return data.slack.conversations.filter((one) => one.kind === "channel");
    },
    redraw: draw,
    press: (blockId, element, part) => {
      known.running = press(target, known, blockId, element, part);
      return known.running;
    },
  };
}

/** Resolves when what was typed on a surface has been reported, or after a second. */
export function settled(id) {
  const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  return Promise.race([memory.get(`${ui.staff}/${id}`)?.running, patience]);
}

export function forgetSurface(id) {
  memory.delete(`${ui.staff}/${id}`);
}

/** While one press is on its way a second one is dropped; of what is typed meanwhile the last state follows it. */
async function press(target, known, blockId, element, part) {
  const { values, busy, later, running } = known;
  const mark = `${blockId}\n${element.action_id}`;
  if (busy.has(mark)) {
    if (isStateful(element)) later.set(mark, part);
    return running;
  }
  busy.add(mark);
  draw();
  const place = { conversation: null, message_ts: null, view_id: null, ...target };
  const body = { user: ui.staff, ...place, block_id: blockId, action_id: element.action_id };
  try {
    for (let news = part; news; news = later.get(mark)) {
      later.delete(mark);
      await act("/sandbox/slack/press", { ...body, ...news, state: values.toState() }, "slack");
    }
  } finally {
    busy.delete(mark);
    draw();
  }
}
