// A small keyed renderer: a view is described by plain objects, and only what differs touches the document.
//
// Three rules keep typing and focus safe during a refresh:
//  - `value`, `checked` and `selected` are set when an element is made and never again; `.value` is set each time;
//  - an element with a `key` is found again wherever it moves among its siblings;
//  - elements that stay in the same order are never taken out of the document.

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "use"]);
const ONCE = new Set(["value", "checked", "selected"]);
const described = new WeakMap(); // DOM node -> the description it was last made from

let mounts = [];

/** Describe an element. Props: attributes, `on<event>` handlers, `.prop` for properties, `vars` for CSS variables,
 * `key`, and `onmount(element)`, called once after the element stands in the document. */
export function h(tag, props, ...children) {
  return { tag, props: props ?? {}, key: props?.key, children: children.flat(Infinity).filter(isShown) };
}

/** An element that is described again only when one of the values in the list `memo` differs from the last time. */
export function lazy(key, memo, build) {
  return { lazy: true, key, memo, build };
}

export function icon(name, className = "icon") {
  return h("svg", { class: className, "aria-hidden": "true" }, h("use", { href: `/static/icons.svg#${name}` }));
}

/** Make the children of `container` equal to `children` (descriptions or strings). */
export function patch(container, children) {
  const outer = mounts;
  mounts = [];
  reconcile(container, [children].flat(Infinity).filter(isShown));
  const mounted = mounts;
  mounts = outer;
  for (const run of mounted) run();
}

const isShown = (child) => child !== null && child !== undefined && child !== false && child !== "";

function reconcile(parent, children) {
  const keyed = new Map();
  const free = [];
  for (const node of parent.childNodes) {
    const old = described.get(node);
    if (!old) continue; // not ours: put there by hand
    if (old.key !== undefined) keyed.set(old.key, node);
    else free.push(node);
  }
  const matched = children.map((child) => {
    const node = child.key === undefined ? takeFree(free, child) : keyed.get(child.key);
    return node && fits(node, child) ? node : undefined;
  });
  const kept = new Set(matched);
  for (const node of [...parent.childNodes]) {
    if (described.has(node) && !kept.has(node)) node.remove();
  }
  let cursor = parent.firstChild;
  children.forEach((child, index) => {
    while (cursor && !described.has(cursor)) cursor = cursor.nextSibling;
    const node = matched[index] ? update(matched[index], child) : create(child);
    if (node === cursor) cursor = cursor.nextSibling;
    else parent.insertBefore(node, cursor);
  });
}

function takeFree(free, child) {
  const index = free.findIndex((node) => fits(node, child));
  return index < 0 ? undefined : free.splice(index, 1)[0];
}

function fits(node, child) {
  const old = described.get(node);
  if (typeof child !== "object") return node.nodeType === Node.TEXT_NODE;
  if (child.lazy) return Boolean(old.lazy);
  return old.tag === child.tag && !old.lazy;
}

function create(child) {
  if (typeof child !== "object") {
    const text = document.createTextNode(String(child));
    described.set(text, {});
    return text;
  }
  if (child.lazy) {
    const built = child.build();
    const node = create(built);
    described.set(node, { ...built, lazy: true, key: child.key, memo: child.memo });
    return node;
  }
  const node = SVG_TAGS.has(child.tag) ? document.createElementNS(SVG, child.tag) : document.createElement(child.tag);
  described.set(node, child);
  reconcile(node, child.children);
  for (const [name, value] of Object.entries(child.props)) setProp(node, name, value, undefined);
  if (child.props.onmount) mounts.push(() => child.props.onmount(node));
  return node;
}

function update(node, child) {
  if (typeof child !== "object") {
    if (node.data !== String(child)) node.data = String(child);
    return node;
  }
  const old = described.get(node);
  if (child.lazy) {
    if (isSame(old.memo, child.memo)) return node;
    const built = child.build();
    apply(node, old, built);
    described.set(node, { ...built, lazy: true, key: child.key, memo: child.memo });
    return node;
  }
  apply(node, old, child);
  described.set(node, child);
  return node;
}

const isSame = (before, after) =>
  before.length === after.length && before.every((value, index) => value === after[index]);

function apply(node, old, next) {
  for (const name of Object.keys(old.props)) {
    if (!(name in next.props)) setProp(node, name, undefined, old.props[name]);
  }
  for (const [name, value] of Object.entries(next.props)) {
    if (value !== old.props[name] && !ONCE.has(name)) setProp(node, name, value, old.props[name]);
    else if (name.startsWith(".")) setProp(node, name, value, undefined);
  }
  reconcile(node, next.children);
}

function setProp(node, name, value, before) {
  if (name === "key" || name === "onmount") return;
  if (name.startsWith("on")) {
    if (value && !before) node.addEventListener(name.slice(2), dispatch);
    else if (!value && before) node.removeEventListener(name.slice(2), dispatch);
    return;
  }
  if (name === "vars") {
    for (const [variable, text] of Object.entries(value ?? {})) node.style.setProperty(variable, text);
    return;
  }
  if (name.startsWith(".") || ONCE.has(name)) {
    const property = name.replace(".", "");
    if (node[property] !== value) node[property] = value ?? "";
    return;
  }
  const isState = name.startsWith("aria-") && typeof value === "boolean";
  if (isState) node.setAttribute(name, String(value));
  else if (value === undefined || value === null || value === false) node.removeAttribute(name);
  else node.setAttribute(name, value === true ? "" : String(value));
}

function dispatch(event) {
  described.get(this)?.props[`on${event.type}`]?.call(this, event);
}
