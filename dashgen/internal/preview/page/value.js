// The value of each series, for stat panels, gauges and bar gauges.

import { reduce } from './frame.js';
import { settings, show, title } from './field.js';
import { Unknown } from './source.js';

// list returns {frame, config, name, value, text, color} for every series, or for
// every sample if the panel shows all values.
export function list({ panel, frames }) {
  const { calcs, values, limit } = panel.options?.reduceOptions ?? {};
  const calc = calcs?.[0] ?? 'lastNotNull';
  return frames.flatMap((frame, i) => {
    const config = settings(panel, frame);
    const numbers = values ? frame.values.slice(0, limit ?? 25) : [reduce(frame.values, calc)];
    if (numbers.includes(undefined)) throw new Unknown(`the preview does not know the calculation ${calc}`);
    return numbers.map((value) => ({ frame, config, name: title(config, frame), value, ...show(value, config, frame.name, i) }));
  });
}
