// Gauges: each value between its minimum and its maximum.

import { hex, own } from './color.js';
import { draw, make } from './element.js';
import { part } from './field.js';
import { named } from './link.js';
import { list } from './value.js';

export function gauges(place, scope) {
  const { options = {} } = scope.panel;
  const items = list(scope);
  place.append(make('ul', { class: 'gauges' }, items.map((item) => make('li', {}, dial(item, options),
    make('b', { class: 'figure' }, item.text),
    items.length > 1 ? make('span', { class: 'name' }, named(scope.page, item.config, item.frame, item.name, item.value)) : null))));
}

function dial({ value, config, color }, options) {
  const steps = config.thresholds?.steps ?? [];
  const marks = options.showThresholdMarkers === false ? [] : steps.map((step, i) =>
    arc(place(step, config), place(steps[i + 1], config, 1), 47, 3, hex(step.color)));
  return draw('svg', { viewBox: '0 0 100 62', 'aria-hidden': 'true' },
    marks, arc(0, 1, 39, 9, own('--track')), arc(0, part(value, config), 39, 9, color));
}

// place returns the start of a threshold on the dial.
function place(step, config, none = 0) {
  if (step?.value === null || step?.value === undefined) return none;
  return config.thresholds.mode === 'percentage' ? step.value / 100 : part(step.value, config);
}

// arc returns a part of the half circle. from and to are 0 to 1.
function arc(from, to, radius, width, color) {
  const at = (share) => `${50 - radius * Math.cos(share * Math.PI)} ${54 - radius * Math.sin(share * Math.PI)}`;
  if (to <= from) return null;
  return draw('path', { d: `M ${at(from)} A ${radius} ${radius} 0 0 1 ${at(to)}`, fill: 'none', stroke: color, 'stroke-width': width });
}
