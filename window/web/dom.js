// How does text get onto the page? As text nodes, always: nothing here reads markup.

/** An element with attributes (``on…`` are listeners, null ones are left out) and children (texts or elements). */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  put(element, ...children);
  return element;
}

/** Put children at the end of an element; empty ones are left out. */
export function put(element, ...children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === "") continue;
    element.append(child);
  }
  return element;
}

/** Put children in place of all there was. */
export function fill(element, ...children) {
  element.replaceChildren();
  return put(element, ...children);
}

const SHAPES = {
  send: "M12 19V5M6 11l6-6 6 6",
  stop: "M7 7h10v10H7z",
  close: "M6 6l12 12M18 6L6 18",
  more: "M6 9l6 6 6-6",
  list: "M4 6h16M4 12h16M4 18h10",
  dots: "M5 12h.01M12 12h.01M19 12h.01",
  plus: "M12 5v14M5 12h14",
  sun: "M12 4V2M12 22v-2M4 12H2M22 12h-2M6 6L4.6 4.6M19.4 19.4L18 18M18 6l1.4-1.4M4.6 19.4L6 18M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8z",
};

/** A line drawing; decoration only, the button around it has a label. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", class: "wj-icon", "aria-hidden": "true" })) {
    svg.setAttribute(key, value);
  }
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

/** Text of a page in its pieces: marked, bold, and with the places where the layout tore it. */
export function pieces(list, tornLabel) {
  return list.map((piece) => {
    let node = piece.bold ? h("strong", { class: "wj-short" }, piece.text) : piece.text;
    if (piece.marked) node = h("mark", {}, node);
    return [piece.torn ? h("span", { class: "wj-torn", role: "img", title: tornLabel, "aria-label": tornLabel }) : null, node];
  });
}
