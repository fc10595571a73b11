// A small menu by a button and a confirm question: both made by hand, outside the keyed renderer.

const GAP_PX = 4;
let open = null;

function element(tag, props, ...children) {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
}

function closeMenu(focusAnchor = false) {
  if (!open) return;
  const { menu, anchor, stop } = open;
  open = null;
  stop.abort();
  menu.remove();
  anchor.setAttribute("aria-expanded", "false");
  if (focusAnchor) anchor.focus();
}

/** Open a menu under `anchor`. Items: {label, detail?, danger?, pick()}. Arrow keys move, Esc closes. */
export function openMenu(anchor, label, items) {
  const isSame = open?.anchor === anchor;
  closeMenu();
  if (isSame) return;
  const menu = element("div", { className: "menu" });
  menu.setAttribute("role", "menu");
  menu.setAttribute("aria-label", label);
  for (const item of items) {
    const row = element("button", { type: "button", className: item.danger ? "danger" : "" });
    row.setAttribute("role", "menuitem");
    row.append(element("span", { textContent: item.label }));
    if (item.detail) row.append(element("small", { textContent: item.detail }));
    row.addEventListener("click", () => {
      closeMenu(true);
      item.pick();
    });
    menu.append(row);
  }
  document.body.append(menu);
  place(menu, anchor);
  anchor.setAttribute("aria-expanded", "true");
  const stop = new AbortController();
  open = { menu, anchor, stop };
  const { signal } = stop;
  menu.addEventListener("keydown", moveFocus, { signal });
  document.addEventListener("pointerdown", (event) => {
    if (!menu.contains(event.target) && !anchor.contains(event.target)) closeMenu();
  }, { signal });
  addEventListener("scroll", () => closeMenu(), { signal, capture: true });
  addEventListener("resize", () => closeMenu(), { signal });
  menu.firstElementChild?.focus({ preventScroll: true });
}

function place(menu, anchor) {
  const at = anchor.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const below = at.bottom + GAP_PX;
  const top = below + height > innerHeight ? Math.max(GAP_PX, at.top - height - GAP_PX) : below;
  menu.style.top = `${top}px`;
  menu.style.left = `${Math.max(GAP_PX, Math.min(at.left, innerWidth - width - GAP_PX))}px`;
}

function moveFocus(event) {
  const rows = [...event.currentTarget.children];
  const index = rows.indexOf(document.activeElement);
  const target = {
    ArrowDown: rows[(index + 1) % rows.length],
    ArrowUp: rows[(index - 1 + rows.length) % rows.length],
    Home: rows[0],
    End: rows.at(-1),
  }[event.key];
  if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    event.stopPropagation();
    closeMenu(true);
  } else if (target) {
    event.preventDefault();
    target.focus();
  }
}

let questions = 0;

/** Ask before acting; resolves to true or false. `texts`: {title, text, confirm, deny, danger}. */
export function ask(texts) {
  questions += 1;
  const id = `question-${questions}`;
  const yes = element("button", { value: "yes", className: `btn ${texts.danger ? "danger" : "primary"}`,
    textContent: texts.confirm });
  const no = element("button", { value: "no", className: "btn", textContent: texts.deny });
  const form = element("form", { method: "dialog" },
    element("h2", { id, textContent: texts.title }), element("p", { textContent: texts.text }),
    element("div", { className: "modal-foot" }, no, yes));
  const dialog = element("dialog", { className: "question" }, form);
  dialog.setAttribute("aria-labelledby", id);
  document.body.append(dialog);
  dialog.showModal();
  no.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}
