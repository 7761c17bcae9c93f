// Grafana's transformations that are usual in tables. A table is {columns: [{name,
// type, values, refId, labels}], rows: number}.

import { expression } from './field.js';
import { member } from './member.js';
import { Unknown } from './source.js';

// table returns a table for each query, with a column for every label, and a column
// for the value. The value of a range query is its last value.
export function table(frames) {
  const queries = [...new Set(frames.map((f) => f.refId))];
  return queries.map((refId) => single(frames.filter((f) => f.refId === refId), queries.length > 1 ? `Value #${refId}` : 'Value', refId));
}

function single(frames, valueName, refId) {
  const labels = [...new Set(frames.flatMap((f) => Object.keys(f.labels)))];
  const column = (name, type, values) => ({ name, type, values, refId, labels: {} });
  return {
    columns: [
      column('Time', 'time', frames.map((f) => f.times.at(-1) * 1000)),
      ...labels.map((label) => column(label, 'string', frames.map((f) => member(f.labels, label) ?? ''))),
      column(valueName, 'number', frames.map((f) => f.values.findLast((v) => v !== null) ?? null)),
    ],
    rows: frames.length,
  };
}

// apply runs a panel's transformations over its tables.
export function apply(tables, transformations = []) {
  for (const { id, options = {}, disabled } of transformations) {
    if (disabled) continue;
    const step = member(steps, id);
    if (!step) throw new Unknown(`the preview does not know the transformation ${id}`);
    tables = step(tables, options);
  }
  return tables;
}

const each = (change) => (tables, options) => tables.map((t) => change(t, options));

const steps = {
  merge: (tables) => [join(tables)],
  joinByField: (tables, { byField }) => [join(tables, byField)],
  seriesToColumns: (tables, { byField }) => [join(tables, byField)],
  labelsToFields: (tables) => tables,
  organize: each(organize),
  sortBy: each(sortBy),
  limit: each((t, { limitField = 10 }) => take(t, rowNumbers(t).slice(0, Number(limitField)))),
  renameByRegex: each((t, { regex, renamePattern }) => rename(t, (name) => name.replace(expression(regex), renamePattern))),
  filterFieldsByName: each(filterFields),
};

const rowNumbers = (t) => [...Array(t.rows).keys()];

function take(t, rows) {
  return { rows: rows.length, columns: t.columns.map((c) => ({ ...c, values: rows.map((row) => c.values[row]) })) };
}

function rename(t, change) {
  return { ...t, columns: t.columns.map((c) => ({ ...c, name: change(c.name) })) };
}

function organize(t, { excludeByName = {}, indexByName = {}, renameByName = {} }) {
  const kept = t.columns.filter((c) => !member(excludeByName, c.name));
  const place = (c) => member(indexByName, c.name) ?? kept.length;
  const sorted = [...kept].sort((a, b) => place(a) - place(b));
  return rename({ ...t, columns: sorted }, (name) => member(renameByName, name) || name);
}

function sortBy(t, { sort = [] }) {
  const [by] = sort;
  const column = t.columns.find((c) => c.name === by?.field);
  if (!column) return t;
  const rows = rowNumbers(t).sort((a, b) => compare(column.values[a], column.values[b]));
  return take(t, by.desc ? rows.reverse() : rows);
}

export function compare(a, b) {
  if (a === null || b === null) return (a !== null) - (b !== null);
  return a < b ? -1 : a > b ? 1 : 0;
}

function filterFields(t, { include, exclude }) {
  const fits = (given, name) => given.names?.includes(name) || (given.pattern && expression(given.pattern).test(name));
  return { ...t, columns: t.columns.filter((c) => (!include || fits(include, c.name)) && !(exclude && fits(exclude, c.name))) };
}

// join merges tables. Rows with equal values in the shared columns, or in the given
// field, become one row.
function join(tables, field) {
  if (tables.length < 2) return tables[0] ?? { columns: [], rows: 0 };
  const shared = (name) => tables.every((t) => t.columns.some((c) => c.name === name && c.type !== 'number'));
  const keys = field ? [field] : tables[0].columns.map((c) => c.name).filter((name) => shared(name) && name !== 'Time');
  const rows = new Map();
  const columns = new Map();
  for (const t of tables) {
    for (const c of t.columns) if (!columns.has(c.name)) columns.set(c.name, c);
    for (const row of rowNumbers(t)) {
      const cells = Object.fromEntries(t.columns.map((c) => [c.name, c.values[row]]));
      const key = JSON.stringify(keys.map((name) => cells[name]));
      rows.set(key, { ...cells, ...rows.get(key) });
    }
  }
  const all = [...rows.values()];
  return { rows: all.length, columns: [...columns.values()].map((c) => ({ ...c, values: all.map((cells) => member(cells, c.name) ?? null) })) };
}
