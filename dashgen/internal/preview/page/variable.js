// The variables of a dashboard. resolve reads them in order, because the values of
// a variable can depend on earlier variables.

import { labelNames, labelValues, instant } from './prometheus.js';
import { isPrometheus, typeOf } from './source.js';
import { fill } from './template.js';

export const all = '$__all';

// resolve returns variables {name, label, type, hide, isMulti, options: [{text,
// value}], chosen: [...], refused: [...], error}. chosen can be [all]. refused has the
// values in the address that the variable does not offer.
export async function resolve(board, chosen, range, signal) {
  const resolved = [];
  for (const model of board.templating?.list ?? []) {
    const variable = describe(model);
    try {
      variable.options = await options(model, board, values(resolved), range, signal);
    } catch (error) {
      if (signal?.aborted) throw error;
      variable.error = error.message;
    }
    variable.chosen = choose(variable, model, chosen.get(model.name));
    variable.refused = (chosen.get(model.name) ?? []).filter((v) => v !== all && !variable.chosen.includes(v));
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
    refused: [],
  };
}

async function options(model, board, known, range, signal) {
  switch (model.type) {
    case 'datasource': return [{ text: 'Prometheus', value: 'prometheus' }];
    case 'custom': return custom(text(model.query));
    case 'interval': return custom(text(model.query)).filter((o) => !o.value.startsWith('$__auto'));
    case 'constant': case 'textbox': return [{ text: fill(text(model.query), known), value: fill(text(model.query), known) }];
    case 'query': return sort(pick(await query(model, board, known, range, signal), model.regex), model.sort);
  }
  throw new Error(`the preview does not know variables of type ${model.type}`);
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

// query returns the values of a query variable, in the forms of Grafana's Prometheus
// data source.
async function query(model, board, known, range, signal) {
  const source = typeOf(model.datasource, board);
  if (!isPrometheus(source)) throw new Error(`the data source has the type ${source}, and the preview only has Prometheus`);
  const filled = fill(text(model.query), known).trim();
  const values = filled.match(/^label_values\((?:(.+),)?\s*([a-zA-Z_]\w*)\s*\)$/s);
  if (values) return labelValues(values[2], values[1]?.trim(), range, signal);
  if (/^label_names\(\s*\)$/.test(filled)) return labelNames(range, signal);
  const metrics = filled.match(/^metrics\((.*)\)$/s);
  if (metrics) return (await labelValues('__name__', undefined, range, signal)).filter((name) => new RegExp(metrics[1]).test(name));
  const result = filled.match(/^query_result\((.*)\)$/s);
  if (result) return series(await instant(result[1], range.to, signal));
  throw new Error(`the preview does not know this form of a query: ${filled}`);
}

// series formats a result as query_result does: metric, value, time.
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

// sort orders options by Grafana's number: 0 not at all, odd ascending, even
// descending; 1-2 by text, 3-4 by number, 5-6 by text without case, 7-8 by natural
// order.
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

// choose returns the values in the address, or else those in the dashboard, as far
// as the variable offers them. Otherwise it returns All, or the first value.
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

// values returns resolved variables in the form of template.js.
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
