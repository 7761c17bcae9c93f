// Creates HTML and SVG elements. Text never becomes markup.

export function make(tag, attributes = {}, ...children) {
  return fit(document.createElement(tag), attributes, children);
}

export function draw(tag, attributes = {}, ...children) {
  return fit(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

// fit sets attributes: on* are listeners, and style is an object, because the
// page's policy forbids style attributes.
function fit(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (key === 'style') for (const [name, text] of Object.entries(value)) element.style.setProperty(name, text);
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== false));
  return element;
}
