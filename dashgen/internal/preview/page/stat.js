// Stat panels. The colour of a value is beside the text or behind it, but never the
// text's own, because yellow text on white is hard to read.

import { on } from './color.js';
import { draw, make } from './element.js';
import { named } from './link.js';
import { list } from './value.js';

export function stat(place, scope) {
  const { options = {} } = scope.panel;
  const items = list(scope);
  const { textMode = 'auto' } = options;
  const isNamed = textMode === 'value_and_name' || textMode === 'name' || textMode === 'auto' && items.length > 1;
  place.append(make('ul', { class: 'stats' }, items.map((item) => tile(item, options, isNamed, scope))));
}

function tile(item, options, isNamed, scope) {
  const isFilled = (options.colorMode ?? 'value').startsWith('background');
  const style = { '--color': item.color, ...(isFilled ? { 'background-color': item.color, color: on(item.color) } : {}) };
  const name = isNamed ? make('span', { class: 'name' }, named(scope.page, item.config, item.frame, item.name, item.value)) : null;
  const value = options.textMode === 'name' || options.textMode === 'none' ? null : make('b', { class: 'figure' }, item.text);
  return make('li', { class: options.colorMode === 'none' || isFilled ? '' : 'barred', style }, name, value,
    options.graphMode === 'area' ? spark(item.frame.values, isFilled ? 'currentColor' : item.color) : null);
}

// spark returns the series as a line without axes. It needs two samples.
function spark(values, color) {
  const some = values.filter((v) => v !== null && Number.isFinite(v));
  if (some.length < 2) return null;
  const [low, high] = [Math.min(...some), Math.max(...some)];
  const points = values.map((v, i) => (v === null ? null : `${(i / (values.length - 1)) * 100},${28 - ((v - low) / (high - low || 1)) * 26}`));
  return draw('svg', { class: 'spark', viewBox: '0 0 100 30', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    draw('polyline', { points: points.filter(Boolean).join(' '), fill: 'none', stroke: color, 'stroke-width': 1.5, 'vector-effect': 'non-scaling-stroke' }));
}
