// Tables: a row for each series, with its labels and values as columns.

import { fade, on } from './color.js';
import { make } from './element.js';
import { part, settings, show, title } from './field.js';
import { member } from './member.js';
import { stamp } from './time.js';
import { anchor, ofValue, written } from './link.js';
import { apply, compare, table as tabulate } from './transform.js';

export function table(place, scope) {
  const tables = apply(tabulate(scope.frames), scope.panel.transformations);
  for (const data of tables) place.append(drawn(data, scope));
}

function drawn(data, scope) {
  const columns = data.columns.map((c) => ({ ...c, config: settings(scope.panel, c) })).filter((c) => !c.config.custom.hidden);
  const order = ordered(columns, data.rows, scope);
  return make('table', {},
    make('caption', { class: 'spoken' }, scope.panel.title),
    scope.panel.options?.showHeader === false ? null : make('thead', {}, make('tr', {}, columns.map((c) => heading(c, scope)))),
    make('tbody', {}, order.map((row) => make('tr', {}, columns.map((c) => cell(c, row, columns, scope))))));
}

// ordered returns the rows in the order of the user, or of the dashboard.
function ordered(columns, rows, scope) {
  const [given] = scope.panel.options?.sortBy ?? [];
  const by = scope.memory.sort ?? (given && { name: given.displayName, isDown: given.desc });
  const column = columns.find((c) => title(c.config, c) === by?.name);
  const all = [...Array(rows).keys()];
  if (!column) return all;
  const sorted = all.sort((a, b) => compare(column.values[a], column.values[b]));
  return by.isDown ? sorted.reverse() : sorted;
}

function heading(column, scope) {
  const name = title(column.config, column);
  const { sort } = scope.memory;
  const isBy = sort?.name === name;
  const press = () => {
    scope.memory.sort = { name, isDown: isBy && !sort.isDown };
    scope.redraw();
  };
  const state = !isBy ? null : sort.isDown ? 'descending' : 'ascending';
  return make('th', { scope: 'col', 'aria-sort': state, class: column.type === 'number' ? 'number' : '' },
    make('button', { type: 'button', 'data-key': `sort ${name}`, onclick: press }, name, isBy ? (sort.isDown ? ' ↓' : ' ↑') : ''));
}

function cell(column, row, columns, scope) {
  const value = column.values[row];
  const { config } = column;
  const { text, color, isMapped } = shownCell(column, value);
  const type = config.custom.cellOptions?.type ?? config.custom.displayMode ?? 'auto';
  const link = config.links?.[0];
  const shown = link ? anchor(written(link.url, scope.page, scoped(column, row, columns)), text, link.targetBlank) : text;
  const style = color && member(dress, type)?.(color, part(value, config));
  return make('td', { class: column.type === 'number' && !isMapped ? 'number' : '', style: style ?? {} }, shown);
}

function shownCell({ type, config, name }, value) {
  if (type === 'time') return { text: stamp(value / 1000) };
  return type === 'string' ? worded(value, config) : show(value, config, name, 0);
}

function worded(value, config) {
  const mapped = show(value, { ...config, unit: 'string', decimals: null, noValue: '' }, '', 0);
  return mapped.isMapped ? mapped : { text: String(value ?? '') };
}

// Coloured text would be hard to read, so the cell gets a coloured edge.
const dress = {
  'color-background': (color) => ({ 'background-color': color, color: on(color) }),
  'color-text': (color) => ({ 'box-shadow': `inset 4px 0 ${color}` }),
  gauge: (color, share) => ({ 'background-image': `linear-gradient(90deg, ${fade(color, 0.35)} ${share * 100}%, transparent ${share * 100}%)` }),
};

function scoped(column, row, columns) {
  const labels = Object.fromEntries(columns.map((c) => [c.name, String(c.values[row] ?? '')]));
  const fields = Object.entries(labels).flatMap(([name, v]) =>
    [`__data.fields.${name}`, `__data.fields["${name}"]`].map((key) => [key, encodeURIComponent(v)]));
  return { ...ofValue({ name: column.name, labels }, column.values[row]), ...Object.fromEntries(fields) };
}
