// Icons of buttons, as SVG, because not every font has them.

import { draw } from './element.js';

const shapes = {
  earlier: 'M10 3 5 8l5 5',
  later: 'M6 3l5 5-5 5',
  wider: 'M4 8h8',
  refresh: 'M13 8a5 5 0 1 1-1.5-3.5M13 2v3h-3',
  about: 'M8 7v5M8 4v1',
  larger: 'M9 7l4-4m0 3V3h-3M7 9l-4 4m0-3v3h3',
  close: 'M4 4l8 8m0-8l-8 8',
  more: 'M3.5 8h1m3 0h1m3 0h1',
};

export function icon(name) {
  return draw('svg', { viewBox: '0 0 16 16', width: 16, height: 16, 'aria-hidden': 'true' },
    draw('path', { d: shapes[name], fill: 'none', stroke: 'currentColor', 'stroke-width': 1.5, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' }));
}
