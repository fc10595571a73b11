// Where blocks stand (a message, a modal, App Home) and how their actions reach the sandbox.

import { act, data, draw, ui } from "./store.js";
import { Values } from "./values.js";

const memory = new Map(); // surface id -> {values, busy}

export const names = {
  user: (id) => data.slack?.users.find((user) => user.id === id)?.name,
  channel: (id) => data.slack?.conversations.find((one) => one.id === id)?.name,
};

export const userById = (id) => data.slack?.users.find((user) => user.id === id);

/** A surface for `blocks`; `target` says where a press comes from: {conversation, message_ts} | {view_id} | {home}. */
export function surfaceOf(id, target, blocks) {
  const key = `${ui.staff}/${id}`;
  if (!memory.has(key)) memory.set(key, { values: new Values(), busy: new Set() });
  const { values, busy } = memory.get(key);
  if (blocks) values.keepOnly(blocks);
  return {
    id,
    values,
    busy,
    names,
    me: ui.staff,
    get people() {
      return data.slack.users.filter((user) => !user.is_bot);
    },
    get channels() {
      return data.slack.conversations.filter((one) => one.kind === "channel");
    },
    redraw: draw,
    press: (blockId, element, part) => press({ target, values, busy }, blockId, element, part),
  };
}

export function forgetSurface(id) {
  memory.delete(`${ui.staff}/${id}`);
}

async function press({ target, values, busy }, blockId, element, part) {
  const mark = `${blockId}\n${element.action_id}`;
  if (busy.has(mark)) return;
  busy.add(mark);
  draw();
  const place = { conversation: null, message_ts: null, view_id: null, ...target };
  const body = { user: ui.staff, ...place, block_id: blockId, action_id: element.action_id, ...part };
  try {
    await act("/sandbox/slack/press", { ...body, state: values.toState() }, "slack");
  } finally {
    busy.delete(mark);
    draw();
  }
}
