// Elements drawn from descriptions. Only `h` makes a description: whatever else comes as a child, and every text,
// becomes a text node, never HTML. An element that stays the same keeps its focus and its scroll position.

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = ["svg", "path", "rect"];
const PROPERTIES = ["value", "disabled", "selected"];
const descriptions = new WeakMap();

/** Attributes that hide an element from screen readers. */
export const ARIA_HIDDEN = { "aria-hidden": "true" };

class Description {
  constructor(name, tag, attributes, children) {
    Object.assign(this, { name, tag, attributes, children });
  }
}

/**
 * Describe an element: h("p.soft", {title: "..."}, ...children). `key` tells it from siblings of the same name,
 * functions are listeners, names that begin with "--" are CSS variables.
 */
export function h(name, ...children) {
  const [tag, ...classes] = name.split(".");
  const hasAttributes = children[0]?.constructor === Object;
  const attributes = hasAttributes ? { ...children.shift() } : {};
  if (classes.length) attributes.class = [...classes, attributes.class].filter(Boolean).join(" ");
  if (tag === "button") attributes.type ??= "button";
  return new Description(name, tag, attributes, flat(children));
}

/** Make the children of an element what the descriptions say. */
export function render(parent, ...children) {
  const wanted = flat(children);
  const namer = () => {
    const counts = {};
    return (description) => {
      const { name, attributes } = description instanceof Description ? description : {};
      return `${name} ${attributes?.key ?? (counts[name] = (counts[name] ?? 0) + 1)}`;
    };
  };
  const nameOld = namer();
  const nameNew = namer();
  const old = new Map([...parent.childNodes].map((node) => [nameOld(descriptions.get(node)), node]));
  let next = parent.firstChild;
  for (const description of wanted) {
    const name = nameNew(description);
    const node = old.get(name) ?? createNode(description);
    old.delete(name);
    if (node === next) next = next.nextSibling;
    else parent.insertBefore(node, next);
    update(node, description);
  }
  for (const node of old.values()) node.remove();
}

/** Nothing is drawn for null, undefined, false and "". */
const flat = (children) => children.flat(Infinity).filter((child) => child || child === 0);

function createNode(description) {
  if (!(description instanceof Description)) return document.createTextNode("");
  const { tag } = description;
  return SVG_TAGS.includes(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
}

function update(node, description) {
  const { tag, attributes, children } = description;
  if (!(description instanceof Description)) {
    if (node.nodeValue !== String(description)) node.nodeValue = String(description);
    return;
  }
  const before = descriptions.get(node)?.attributes ?? {};
  descriptions.set(node, description);
  render(node, children);
  for (const name of Object.keys({ ...before, ...attributes }))
    setAttribute(node, name, attributes[name], before[name]);
}

function setAttribute(node, name, value, before) {
  if (name.startsWith("--")) node.style.setProperty(name, value);
  // A listener is a function of this code, never a text. Returning false would stop the browser's own action.
  else if (name.startsWith("on")) node[name] = typeof value === "function" ? (event) => void value(event) : null;
  else if (PROPERTIES.includes(name)) {
    if (node[name] !== value) node[name] = value;
  } else if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else if (value !== before && name !== "key") node.setAttribute(name, value === true ? "" : value);
}
