// Block Kit's layout blocks.

import { control, fieldId, picture } from "./controls.js";
import { h, icon } from "./dom.js";
import { textObject } from "./mrkdwn.js";
import { richText } from "./richtext.js";

/** All blocks of one surface (see controls.js). `errors` maps block_id to words, for input blocks. */
export function renderBlocks(blocks, surface, errors = {}) {
  return (blocks ?? []).map((block, index) => {
    const blockId = block.block_id ?? `block-${index}`;
    const make = BLOCKS[block.type];
    const content = make
      ? make(block, blockId, surface, errors[blockId])
      : h("p", { class: "unsupported" }, `(A ${block.type} block is not shown in the sandbox.)`);
    return h("div", { key: `${block.type}/${blockId}`, class: `block ${block.type}`, "data-block": blockId }, content);
  });
}

function section(block, blockId, surface) {
  return [
    h("div", { class: "section-main" },
      block.text && h("div", { class: "mrkdwn" }, textObject(block.text, surface.names)),
      block.fields && h("div", { class: "fields" },
        block.fields.map((field) => h("div", { class: "mrkdwn" }, textObject(field, surface.names))))),
    block.accessory && h("div", { class: "accessory" }, control(block.accessory, blockId, surface)),
  ];
}

function context(block, blockId, surface) {
  return block.elements.map((element) =>
    element.type === "image" ? picture(element, "picture tiny")
      : h("span", { class: "mrkdwn" }, textObject(element, surface.names)));
}

function image(block, blockId, surface) {
  return h("figure", null,
    block.title && h("figcaption", null, textObject(block.title, surface.names)),
    picture(block), h("small", null, block.alt_text));
}

const GROUPED = new Set(["checkboxes", "radio_buttons", "multi_static_select"]);

function input(block, blockId, surface, error) {
  const { element } = block;
  const id = fieldId(surface, blockId, element);
  const describedby = [error && `${id}-error`, block.hint && `${id}-hint`].filter(Boolean).join(" ") || undefined;
  const field = {
    input: true, labelled: true, describedby, invalid: Boolean(error), required: !block.optional,
    dispatch: Boolean(block.dispatch_action),
  };
  const label = [textObject(block.label, surface.names), block.optional && h("small", null, " (optional)")];
  const help = [
    error && h("p", { key: "error", id: `${id}-error`, class: "field-error" }, icon("alert"), error),
    block.hint && h("p", { key: "hint", id: `${id}-hint`, class: "hint" }, textObject(block.hint, surface.names)),
  ];
  if (GROUPED.has(element.type)) {
    return h("fieldset", { "aria-describedby": describedby, "aria-invalid": field.invalid || undefined },
      h("legend", null, label), control(element, blockId, surface, field), help);
  }
  return [h("label", { for: id }, label), control(element, blockId, surface, field), help];
}

const BLOCKS = {
  header: (block, _, surface) => h("h3", null, textObject(block.text, surface.names)),
  section,
  context,
  image,
  input,
  divider: () => h("hr"),
  actions: (block, blockId, surface) => block.elements.map((element) => control(element, blockId, surface)),
  rich_text: (block, _, surface) => richText(block, surface.names),
  alert: (block, _, surface) => h("p", { class: `alert ${block.level ?? "default"}` }, textObject(block.text, surface.names)),
};
