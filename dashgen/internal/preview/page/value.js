// Each series of a panel as one value: what stat, gauge and bar gauge show.

import { reduce } from './frame.js';
import { settings, show, title } from './field.js';

// list gives {frame, config, name, value, text, color} for every series; a
// panel that shows all values has each sample instead.
export function list({ panel, frames }) {
  const { calcs, values, limit } = panel.options?.reduceOptions ?? {};
  const calc = calcs?.[0] ?? 'lastNotNull';
  return frames.flatMap((frame, i) => {
    const config = settings(panel, frame);
    const numbers = values ? frame.values.slice(0, limit ?? 25) : [reduce(frame.values, calc)];
    if (numbers.includes(undefined)) throw new Error(`the calculation ${calc} is not known here`);
    return numbers.map((value) => ({ frame, config, name: title(config, frame), value, ...show(value, config, frame.name, i) }));
  });
}
