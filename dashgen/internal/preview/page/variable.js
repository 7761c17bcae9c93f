// What a board lets its reader choose. resolve works the board's list through
// in its order, since a variable's values may depend on those before it.

import { labelNames, labelValues, instant } from './prometheus.js';
import { fill } from './template.js';

export const all = '$__all';

// A resolved variable is {name, label, type, hide, isMulti, options: [{text,
// value}], chosen: [...], error}; chosen may be [all].
export async function resolve(board, chosen, range, signal) {
  const resolved = [];
  for (const model of board.templating?.list ?? []) {
    const variable = describe(model);
    try {
      variable.options = await options(model, values(resolved), range, signal);
    } catch (error) {
      if (signal?.aborted) throw error;
      variable.error = error.message;
    }
    variable.chosen = choose(variable, model, chosen.get(model.name));
    resolved.push(variable);
  }
  return resolved;
}

function describe(model) {
  return {
    name: model.name,
    label: model.label || model.name,
    description: model.description,
    type: model.type,
    isHidden: model.hide === 2 || model.hide === 'hideVariable' || model.type === 'constant',
    isMulti: Boolean(model.multi),
    hasAll: Boolean(model.includeAll),
    allValue: model.allValue || undefined,
    options: [],
    chosen: [],
  };
}

async function options(model, known, range, signal) {
  switch (model.type) {
    case 'datasource': return [{ text: 'Prometheus', value: 'prometheus' }];
    case 'custom': return custom(text(model.query));
    case 'interval': return custom(text(model.query)).filter((o) => !o.value.startsWith('$__auto'));
    case 'constant': case 'textbox': return [{ text: fill(text(model.query), known), value: fill(text(model.query), known) }];
    case 'query': return sort(pick(await query(model, known, range, signal), model.regex), model.sort);
  }
  throw new Error(`variables of type ${model.type} are not offered here`);
}

function text(query) {
  return typeof query === 'string' ? query : query?.query ?? '';
}

function custom(list) {
  return list.split(/(?<!\\),/).map((part) => {
    const [, shown, value] = part.match(/^\s*(.+?)\s+:\s+(.+?)\s*$/) ?? [null, part.trim(), part.trim()];
    return { text: shown.replaceAll('\\,', ','), value: value.replaceAll('\\,', ',') };
  }).filter((o) => o.value !== '');
}

// query asks for the values of a query variable, in the words of Grafana's
// Prometheus data source.
async function query(model, known, range, signal) {
  const asked = fill(text(model.query), known).trim();
  const values = asked.match(/^label_values\((?:(.+),)?\s*([a-zA-Z_]\w*)\s*\)$/s);
  if (values) return labelValues(values[2], values[1]?.trim(), range, signal);
  if (/^label_names\(\s*\)$/.test(asked)) return labelNames(range, signal);
  const metrics = asked.match(/^metrics\((.*)\)$/s);
  if (metrics) return (await labelValues('__name__', undefined, range, signal)).filter((name) => new RegExp(metrics[1]).test(name));
  const result = asked.match(/^query_result\((.*)\)$/s);
  if (result) return series(await instant(result[1], range.to, signal));
  throw new Error(`a query of a form that is not known here: ${asked}`);
}

// series writes a query's result as query_result has it: metric, value, time.
function series(data) {
  return data.result.map(({ metric: { __name__: name = '', ...labels }, value }) => {
    const inner = Object.entries(labels).map(([k, v]) => `${k}="${v}"`).join(',');
    return `${name}{${inner}} ${value[1]} ${value[0] * 1000}`;
  });
}

function pick(values, regex) {
  if (!regex) return values.map((value) => ({ text: value, value }));
  const [, body, flags] = regex.match(/^\/(.*)\/([gimsuy]*)$/s) ?? [null, regex, ''];
  const pattern = new RegExp(body, flags.replace('g', ''));
  const found = new Map();
  for (const value of values) {
    const match = value.match(pattern);
    if (!match) continue;
    const taken = match.groups?.value ?? match[1] ?? match[0];
    found.set(taken, { text: match.groups?.text ?? taken, value: taken });
  }
  return [...found.values()];
}

// sort: 0 as they come, odd ascending, even descending; 1-2 by text, 3-4 by
// number, 5-6 by text without case, 7-8 by the numbers within.
function sort(options, order = 0) {
  const number = (o) => Number(o.text.match(/-?\d+(\.\d+)?/)?.[0] ?? NaN);
  const compare = {
    1: (a, b) => (a.text < b.text ? -1 : 1),
    3: (a, b) => number(a) - number(b),
    5: (a, b) => a.text.localeCompare(b.text, undefined, { sensitivity: 'base' }),
    7: (a, b) => a.text.localeCompare(b.text, undefined, { numeric: true }),
  }[order - 1 + (order % 2)];
  if (!compare) return options;
  const sorted = [...options].sort(compare);
  return order % 2 ? sorted : sorted.reverse();
}

// choose keeps what the address says, then what the board says, as far as it
// is on offer; else all, or the first.
function choose(variable, model, given) {
  const offered = (value) => variable.options.some((o) => o.value === value);
  if (variable.type === 'textbox' && given) return given;
  const sane = (list) => {
    const named = list.map((v) => (v === 'All' || v === all) && variable.hasAll ? all : v);
    return named.includes(all) ? [all] : named.filter(offered);
  };
  for (const list of [given, [model.current?.value].flat()]) {
    const kept = sane((list ?? []).filter((v) => typeof v === 'string'));
    if (kept.length > 0) return variable.isMulti ? kept : kept.slice(0, 1);
  }
  if (variable.hasAll) return [all];
  return variable.options.slice(0, 1).map((o) => o.value);
}

// values are the resolved variables as template.js takes them.
export function values(resolved) {
  return Object.fromEntries(resolved.map((v) => [v.name, value(v)]));
}

function value(variable) {
  const isAll = variable.chosen[0] === all;
  const values = isAll ? variable.options.map((o) => o.value) : variable.chosen;
  const shown = (v) => variable.options.find((o) => o.value === v)?.text ?? v;
  return {
    values: values.length > 0 ? values : [''],
    chosen: variable.chosen,
    raw: isAll ? variable.allValue : undefined,
    text: isAll ? 'All' : variable.chosen.map(shown).join(' + '),
    isList: variable.isMulti || variable.hasAll,
  };
}
