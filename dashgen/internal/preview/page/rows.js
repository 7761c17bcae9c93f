// The panels of a dashboard in rows. Each row is a section with its own grid, so
// that a closed row leaves no gap.

import { make } from './element.js';
import { once, panel } from './panel.js';
import { fill } from './template.js';
import { values } from './variable.js';

// rows returns the element of each row, and a load(signal) that loads its panels
// if the row is open.
export function rows(page) {
  return groups(page.board.panels ?? [], page.chosen.panel, page.chosen.kiosk).map((group) => row(group, page));
}

// groups returns the panels of each row. In the list, the panels of an open row
// follow it, and those of a closed row are inside it. A panel that is shown alone
// is a group.
function groups(list, alone, isKiosk) {
  const found = [{ panels: [] }];
  for (const model of inReadingOrder(list)) {
    if (model.type === 'row') found.push({ model, panels: [...(model.panels ?? [])] });
    else found.at(-1).panels.push(model);
  }
  if (!alone) return found.filter((g) => g.model || g.panels.length > 0);
  const one = found.flatMap((g) => g.panels).find((p) => String(p.id) === alone);
  return one ? [{ panels: [{ ...one, gridPos: { x: 0, y: 0, w: 24, h: isKiosk ? one.gridPos?.h ?? 8 : 18 } }] }] : [];
}

function inReadingOrder(list) {
  const at = ({ gridPos = {} }) => (gridPos.y ?? 0) * 100 + (gridPos.x ?? 0);
  return [...list].sort((a, b) => at(a) - at(b));
}

function row({ model, panels }, page) {
  const made = panels.map((p) => ({ ...panel(p, page, model ? 3 : 2), place: p.gridPos ?? {} }));
  const top = Math.min(...made.map(({ place }) => place.y ?? 0));
  const grid = make('div', { class: 'grid' }, made.map(({ element, place }) => placed(element, place, top)));
  const isClosed = () => grid.hidden;
  const load = (signal) => (isClosed() ? [] : made.map((p) => p.load(signal)));
  if (!model) return { element: make('section', { 'aria-label': 'Panels' }, grid), load };
  grid.hidden = Boolean(model.collapsed);
  return { element: make('section', { class: 'row' }, heading(model, grid, page, load), grid), load };
}

function placed(element, { x = 0, y = 0, w = 12, h = 8 }, top) {
  for (const [name, value] of Object.entries({ x: x + 1, y: y - top + 1, w, h })) element.style.setProperty(`--${name}`, value);
  return element;
}

function heading(model, grid, page, load) {
  const press = (event) => {
    grid.hidden = !grid.hidden;
    event.currentTarget.setAttribute('aria-expanded', String(!grid.hidden));
    page.track(load(page.signal));
  };
  return make('h2', {}, make('button', { type: 'button', 'aria-expanded': String(!grid.hidden), onclick: press },
    (fill(model.title, values(page.variables), 'text') || 'Row') + once(model)));
}
