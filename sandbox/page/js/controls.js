// Block Kit's interactive elements. `surface` is where they stand: {id, values, press(blockId, element, part), busy,
// names, people, channels, redraw}.

import { h, icon } from "./dom.js";
import { follow } from "./links.js";
import { ask, openMenu } from "./menu.js";
import { textObject } from "./mrkdwn.js";

const sameOption = (a, b) => Boolean(a && b) && a.value === b.value;

export function fieldId(surface, blockId, element) {
  return `${surface.id}-${blockId}-${element.action_id}`.replaceAll(/[^\w-]/g, "_");
}

/** Any element; `field` carries {labelledby, describedby, invalid} when it stands in an input block. */
export function control(element, blockId, surface, field = {}) {
  const make = CONTROLS[element.type];
  if (!make) return h("span", { class: "unsupported" }, `(${element.type} is not shown in the sandbox)`);
  return make(element, blockId, surface, field);
}

async function confirmed(element) {
  const question = element.confirm;
  if (!question) return true;
  return ask({
    title: question.title?.text ?? "Are you sure?",
    text: question.text?.text ?? "",
    confirm: question.confirm?.text ?? "Yes",
    deny: question.deny?.text ?? "Cancel",
    danger: question.style === "danger",
  });
}

async function press(element, blockId, surface, part) {
  if (await confirmed(element)) await surface.press(blockId, element, part);
}

function button(element, blockId, surface) {
  const busy = surface.busy.has(`${blockId}\n${element.action_id}`);
  const shared = {
    key: element.action_id,
    class: `btn ${element.style ?? ""}`,
    "aria-label": element.accessibility_label,
    "data-action": element.action_id,
    onclick: () => busy || press(element, blockId, surface, { value: element.value }),
  };
  const label = h("span", { class: "label" }, textObject(element.text, surface.names));
  if (element.url) {
    const safe = /^(https?|mailto|tel):/i.test(element.url) ? element.url : undefined;
    return h("a", { ...shared, href: safe, target: "_blank", rel: "noopener noreferrer" }, label, icon("out"));
  }
  return h("button", { ...shared, type: "button", "aria-busy": busy || undefined }, label);
}

function overflow(element, blockId, surface) {
  const items = element.options.map((option) => ({
    label: option.text.text,
    detail: option.description?.text,
    pick: () => {
      if (option.url && /^https?:/i.test(option.url) && !follow(option.url)) window.open(option.url, "_blank", "noopener");
      press(element, blockId, surface, { selected_option: option });
    },
  }));
  return h("button", {
    key: element.action_id,
    type: "button",
    class: "btn overflow",
    "aria-label": "More actions",
    "aria-haspopup": "menu",
    "aria-expanded": "false",
    "data-action": element.action_id,
    onclick: (event) => openMenu(event.currentTarget, "More actions", items),
  }, icon("more"));
}

/** Props that tie a control to its label and error, and report what was entered. */
function fieldProps(element, blockId, surface, field, extra) {
  return {
    key: `${blockId}/${element.action_id}`,
    id: fieldId(surface, blockId, element),
    "aria-label": field.labelled ? undefined : (element.placeholder?.text ?? element.action_id),
    "aria-describedby": field.describedby,
    "aria-invalid": field.invalid || undefined,
    "aria-required": field.required || undefined,
    autofocus: element.focus_on_load || undefined,
    "data-action": element.action_id,
    ...extra,
  };
}

function changed(element, blockId, surface, field, part) {
  surface.values.set(blockId, element, part);
  if (!field.input || field.dispatch) press(element, blockId, surface, part);
}

function select(element, blockId, surface, field, choices, present, toPart) {
  const groups = choices.some((one) => one.group);
  const option = ({ label, id }) => h("option", { key: id, value: id, selected: id === present }, label);
  const onchange = (event) => {
    const picked = choices.flatMap((one) => one.options ?? [one]).find((one) => one.id === event.currentTarget.value);
    changed(element, blockId, surface, field, toPart(picked));
  };
  return h("select", fieldProps(element, blockId, surface, field, { class: "select", onchange }),
    h("option", { key: "", value: "", selected: !present }, element.placeholder?.text ?? "Choose"),
    groups
      ? choices.map((one) => h("optgroup", { key: one.group, label: one.group }, one.options.map(option)))
      : choices.map(option));
}

function staticSelect(element, blockId, surface, field) {
  const toChoice = (option) => ({ id: option.value, label: option.text.text, option });
  const choices = element.option_groups
    ? element.option_groups.map((one) => ({ group: one.label.text, options: one.options.map(toChoice) }))
    : element.options.map(toChoice);
  const present = surface.values.of(blockId, element).selected_option?.value;
  return select(element, blockId, surface, field, choices, present, (picked) => ({
    selected_option: picked?.option ?? null,
  }));
}

function peopleSelect(element, blockId, surface, field) {
  const choices = surface.people.map((user) => ({ id: user.id, label: user.real_name || user.name }));
  const present = surface.values.of(blockId, element).selected_user;
  return select(element, blockId, surface, field, choices, present, (picked) => ({ selected_user: picked?.id ?? null }));
}

function conversationSelect(part) {
  return (element, blockId, surface, field) => {
    const choices = surface.channels.map((one) => ({ id: one.id, label: `#${one.name}` }));
    const present = surface.values.of(blockId, element)[part];
    return select(element, blockId, surface, field, choices, present, (picked) => ({ [part]: picked?.id ?? null }));
  };
}

function choices(type) {
  const many = type === "checkbox";
  return (element, blockId, surface, field) => {
    const id = fieldId(surface, blockId, element);
    const present = surface.values.of(blockId, element);
    const isOn = (option) =>
      many ? present.selected_options.some((one) => sameOption(one, option)) : sameOption(present.selected_option, option);
    const read = (root) => {
      const on = element.options.filter((_, index) => root.querySelectorAll("input")[index].checked);
      return many ? { selected_options: on } : { selected_option: on[0] ?? null };
    };
    const onchange = (event) => changed(element, blockId, surface, field, read(event.currentTarget));
    const rows = element.options.map((option, index) =>
      h("label", { key: option.value, class: "choice" },
        h("input", { type, name: id, id: `${id}-${index}`, checked: isOn(option), "aria-invalid": field.invalid || undefined }),
        h("span", null, textObject(option.text, surface.names),
          option.description && h("small", null, textObject(option.description, surface.names)))));
    return h("div", { key: `${blockId}/${element.action_id}`, class: "choices", onchange }, rows);
  };
}

const lengthOf = (text) => [...text].length;

function textInput(type) {
  return (element, blockId, surface, field) => {
    const present = surface.values.of(blockId, element).value ?? "";
    const id = fieldId(surface, blockId, element);
    const counter = element.max_length && `${id}-count`;
    const on = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
    const send = () => field.dispatch && surface.press(blockId, element, { value: surface.values.of(blockId, element).value });
    const oninput = (event) => {
      const { value } = event.currentTarget;
      surface.values.set(blockId, element, { value: value || null });
      if (counter) surface.redraw();
      if (on.includes("on_character_entered")) send();
    };
    const onkeydown = (event) => {
      if (event.key !== "Enter" || event.isComposing || element.multiline) return;
      if (field.dispatch && on.includes("on_enter_pressed")) {
        event.preventDefault();
        send();
      }
    };
    const describedby = [field.describedby, counter].filter(Boolean).join(" ") || undefined;
    const props = fieldProps(element, blockId, surface, { ...field, describedby }, {
      class: "text-input", value: present, placeholder: element.placeholder?.text, oninput, onkeydown, autocomplete: "off",
    });
    const left = element.max_length - lengthOf(present);
    return h("div", { key: props.key, class: "text-field" },
      element.multiline ? h("textarea", { ...props, rows: 5 }) : h("input", { ...props, type }),
      counter && h("span", { id: counter, class: left < 0 ? "counter over" : "counter" },
        left < 0 ? `${-left} too many` : `${left} left`));
  };
}

function dateInput(type, part, read = (text) => text || null, write = (value) => value ?? "") {
  return (element, blockId, surface, field) => {
    const onchange = (event) => changed(element, blockId, surface, field, { [part]: read(event.currentTarget.value) });
    const value = write(surface.values.of(blockId, element)[part]);
    return h("input", fieldProps(element, blockId, surface, field, { class: "text-input date", type, value, onchange }));
  };
}

const toUnix = (text) => (text ? Math.floor(new Date(text).getTime() / 1000) : null);
const fromUnix = (seconds) => {
  if (!seconds) return "";
  const date = new Date(seconds * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};

const CONTROLS = {
  button,
  overflow,
  image: (element) => picture(element),
  static_select: staticSelect,
  users_select: peopleSelect,
  conversations_select: conversationSelect("selected_conversation"),
  channels_select: conversationSelect("selected_channel"),
  radio_buttons: choices("radio"),
  checkboxes: choices("checkbox"),
  multi_static_select: choices("checkbox"),
  plain_text_input: textInput("text"),
  email_text_input: textInput("email"),
  url_text_input: textInput("url"),
  number_input: textInput("number"),
  datepicker: dateInput("date", "selected_date"),
  timepicker: dateInput("time", "selected_time"),
  datetimepicker: dateInput("datetime-local", "selected_date_time", toUnix, fromUnix),
};

/** An image of our own origin; a foreign one is described instead of fetched, because the page calls nobody. */
export function picture(element, className = "picture") {
  const url = new URL(element.image_url ?? "", location.href);
  if (element.image_url && url.origin === location.origin) {
    return h("img", { class: className, src: url.href, alt: element.alt_text });
  }
  return h("span", { class: `${className} absent`, role: "img", "aria-label": element.alt_text, title: element.alt_text },
    icon("image"));
}
