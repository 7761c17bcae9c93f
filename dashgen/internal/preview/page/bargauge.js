// Bar gauges, horizontal or vertical.

import { make } from './element.js';
import { part } from './field.js';
import { named } from './link.js';
import { list } from './value.js';

export function bars(place, scope) {
  const { options = {} } = scope.panel;
  const items = list(scope);
  const most = Math.max(...items.map((i) => i.value ?? 0), 0);
  const isUpright = options.orientation === 'vertical';
  place.append(make('ul', { class: isUpright ? 'bars upright' : 'bars' }, items.map((item) => bar(item, most, isUpright, options, scope))));
}

// bar draws one bar. If the panel sets no maximum, the greatest value has the
// longest bar.
function bar({ config, frame, name, value, text, color }, most, isUpright, options, scope) {
  const share = part(value, { min: config.min ?? 0, max: config.max ?? (most || 1) }) * 100 + '%';
  return make('li', {},
    make('span', { class: 'name' }, named(scope.page, config, frame, name, value)),
    make('span', { class: options.showUnfilled === false ? 'track bare' : 'track' },
      make('span', { class: 'fill', style: { 'background-color': color, [isUpright ? 'height' : 'width']: share } })),
    options.valueMode === 'hidden' ? null : make('b', { class: 'figure' }, text));
}
