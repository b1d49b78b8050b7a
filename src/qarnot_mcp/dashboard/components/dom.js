// Elements drawn from descriptions. Text becomes text nodes and attributes, never HTML; an element that stays the
// same keeps its place, its focus and its scroll position from one drawing to the next.

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = ["svg", "path", "rect"];
const PROPERTIES = ["value", "disabled", "selected"];
const drawn = new WeakMap();

/** The attributes of what a screen reader leaves out. */
export const UNHEARD = { "aria-hidden": "true" };

/**
 * Describes an element: h("p.soft", {title: "..."}, ...children). `key` tells it from siblings of the same name,
 * functions are listeners, names that begin with "--" are CSS variables.
 */
export function h(name, ...children) {
  const [tag, ...classes] = name.split(".");
  const hasAttributes = children[0]?.constructor === Object && !children[0].tag;
  const attributes = hasAttributes ? { ...children.shift() } : {};
  if (classes.length) attributes.class = [...classes, attributes.class].filter(Boolean).join(" ");
  if (tag === "button") attributes.type ??= "button";
  return { name, tag, attributes, children: flat(children) };
}

/** Makes the children of an element what the descriptions say. */
export function render(parent, ...children) {
  const wanted = flat(children);
  const namer = () => {
    const counts = {};
    return ({ name, attributes }) => `${name} ${attributes?.key ?? (counts[name] = (counts[name] ?? 0) + 1)}`;
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
  if (name.startsWith("--")) node.style.setProperty(name, value);
  // A listener that answered false would keep the browser from doing what it does.
  else if (typeof value === "function") node[name] = (event) => void value(event);
  else if (PROPERTIES.includes(name)) {
    if (node[name] !== value) node[name] = value;
  } else if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else if (value !== before && name !== "key") node.setAttribute(name, value === true ? "" : value);
}
