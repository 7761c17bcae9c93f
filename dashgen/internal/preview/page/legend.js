// A chart's legend: each series has a button that hides and shows it.

import { make } from './element.js';
import { reduce } from './frame.js';
import { member } from './member.js';
import { format } from './unit.js';

// legend lists series [{name, label, color, config, values}]. memory.hidden is the
// set of hidden names. toggle is called after a change.
export function legend(series, options, memory, toggle) {
  if (options?.showLegend === false || options?.displayMode === 'hidden') return null;
  const side = options?.placement === 'right' ? 'right' : 'bottom';
  return make('ul', { class: `legend ${side}`, 'aria-label': 'Series' }, series.map((s) => {
    const isHidden = memory.hidden.has(s.name);
    const press = () => {
      if (isHidden) memory.hidden.delete(s.name);
      else memory.hidden.add(s.name);
      toggle();
    };
    const attributes = { type: 'button', 'aria-pressed': String(!isHidden), 'data-key': `series ${s.name}`, onclick: press };
    return make('li', {}, make('button', attributes,
      make('span', { class: 'swatch', style: { '--color': s.color } }), ' ', s.label || '(no name)', figures(s, options?.calcs)));
  }));
}

function figures({ values, config }, calcs = []) {
  return calcs.map((calc) => {
    const value = reduce(values.filter((v) => v !== undefined), calc);
    if (value === undefined) return null;
    return make('span', { class: 'figure' }, ` ${member(names, calc) ?? calc} `, make('b', {}, format(value, config.unit, config.decimals ?? null)));
  });
}

const names = { lastNotNull: 'last', firstNotNull: 'first' };
