// What a person has entered in the inputs of one surface (a modal, a message, App Home), in Slack's state shape.

const STARTS = {
  plain_text_input: (e) => ({ value: e.initial_value || null }),
  email_text_input: (e) => ({ value: e.initial_value || null }),
  url_text_input: (e) => ({ value: e.initial_value || null }),
  number_input: (e) => ({ value: e.initial_value ?? null }),
  static_select: (e) => ({ selected_option: e.initial_option ?? null }),
  radio_buttons: (e) => ({ selected_option: e.initial_option ?? null }),
  checkboxes: (e) => ({ selected_options: e.initial_options ?? [] }),
  multi_static_select: (e) => ({ selected_options: e.initial_options ?? [] }),
  users_select: (e) => ({ selected_user: e.initial_user ?? null }),
  conversations_select: (e) => ({ selected_conversation: e.initial_conversation ?? null }),
  channels_select: (e) => ({ selected_channel: e.initial_channel ?? null }),
  datepicker: (e) => ({ selected_date: e.initial_date ?? null }),
  timepicker: (e) => ({ selected_time: e.initial_time ?? null }),
  datetimepicker: (e) => ({ selected_date_time: e.initial_date_time ?? null }),
};

export const isStateful = (element) => element.type in STARTS;

export class Values {
  #entries = new Map();
  #kept = null;

  get isEmpty() {
    return this.#entries.size === 0;
  }

  /** The present value of an element; made from its initial value when it is new here. */
  of(blockId, element) {
    const key = `${blockId}\n${element.action_id}`;
    const known = this.#entries.get(key);
    if (known?.type === element.type) return known;
    const start = { type: element.type, ...STARTS[element.type](element) };
    this.#entries.set(key, start);
    return start;
  }

  set(blockId, element, part) {
    Object.assign(this.of(blockId, element), part);
  }

  /** Forget what is no longer shown: Slack keeps an input only while block_id and action_id stay. */
  keepOnly(blocks) {
    if (blocks === this.#kept) return;
    this.#kept = blocks;
    const shown = new Set();
    for (const { block_id: blockId, element, accessory, elements } of blocks) {
      for (const one of [element, accessory, ...(elements ?? [])]) {
        if (one?.action_id && isStateful(one)) {
          shown.add(`${blockId}\n${one.action_id}`);
          this.of(blockId, one);
        }
      }
    }
    for (const key of this.#entries.keys()) if (!shown.has(key)) this.#entries.delete(key);
  }

  toState() {
    const state = {};
    for (const [key, value] of this.#entries) {
      const [blockId, actionId] = key.split("\n");
      (state[blockId] ??= {})[actionId] = value;
    }
    return state;
  }
}
