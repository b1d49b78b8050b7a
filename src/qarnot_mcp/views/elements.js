// Elements drawn from descriptions. Text becomes text nodes and attributes, never HTML; an element that stays the
// same keeps its place, its focus and its scroll position from one drawing to the next.

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = ["svg", "path", "circle", "rect"];
const PROPERTIES = ["value", "disabled", "selected"];
const drawn = new WeakMap();

/**
 * Describes an element: h("p.soft", {title: "..."}, ...children). `key` tells it from its siblings, functions are
 * listeners, `vars` are CSS variables.
 */
export function h(name, ...children) {
  const [tag, ...classes] = name.split(".");
  const hasAttributes = children[0]?.constructor === Object && !children[0].tag;
  const attributes = hasAttributes ? { ...children.shift() } : {};
  if (classes.length) attributes.class = [...classes, attributes.class].filter(Boolean).join(" ");
  if (tag === "button") attributes.type ??= "button";
  return { tag, attributes, children: flat(children) };
}

/** Makes the children of an element what the descriptions say. */
export function render(parent, ...children) {
  const wanted = flat(children);
  const namer = () => {
    const counts = {};
    return ({ tag = "#", attributes = {} }) => `${tag} ${attributes.key ?? (counts[tag] = (counts[tag] ?? 0) + 1)}`;
  };
  const nameOld = namer();
  const nameNew = namer();
  const old = new Map([...parent.childNodes].map((node) => [nameOld(drawn.get(node) ?? {}), node]));
  let place = parent.firstChild;
  for (const description of wanted) {
    const name = nameNew(description);
    const node = old.get(name) ?? made(description);
    old.delete(name);
    if (node === place) place = place.nextSibling;
    else parent.insertBefore(node, place);
    draw(node, description);
  }
  for (const node of old.values()) node.remove();
}

/** Nothing is drawn for null, undefined, false and "". */
const flat = (children) => children.flat(Infinity).filter((child) => child || child === 0);

function made({ tag }) {
  if (!tag) return document.createTextNode("");
  return SVG_TAGS.includes(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
}

function draw(node, description) {
  const { tag, attributes, children } = description;
  if (!tag) {
    if (node.nodeValue !== String(description)) node.nodeValue = description;
    return;
  }
  const before = drawn.get(node)?.attributes ?? {};
  drawn.set(node, description);
  render(node, children);
  for (const name of Object.keys({ ...before, ...attributes })) set(node, name, attributes[name], before[name]);
}

function set(node, name, value, before) {
  if (name === "vars") {
    for (const [variable, content] of Object.entries(value)) node.style.setProperty(variable, content);
  } else if (PROPERTIES.includes(name) || typeof value === "function") {
    if (node[name] !== value) node[name] = value;
  } else if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else if (value !== before && name !== "key") node.setAttribute(name, value === true ? "" : value);
}
