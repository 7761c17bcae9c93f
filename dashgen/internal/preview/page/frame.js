// Prometheus's results as frames: {name, labels, refId, times, values}. Times are
// in seconds, and a missing value is null. All frames of a range query share one
// grid of times.

import { member } from './member.js';

export function fromMatrix(data, target, grid) {
  const legend = legends(data.result.map((s) => s.metric), target);
  return data.result.map((series, i) => {
    const at = new Map(series.values.map(([time, value]) => [Math.round(time * 1000), number(value)]));
    return frame(target, series.metric, legend[i], grid, grid.map((time) => at.get(Math.round(time * 1000)) ?? null));
  });
}

export function fromVector(data, target) {
  const result = data.resultType === 'scalar' ? [{ metric: {}, value: data.result }] : data.result;
  const legend = legends(result.map((s) => s.metric), target);
  return result.map((sample, i) => frame(target, sample.metric, legend[i], [sample.value[0]], [number(sample.value[1])]));
}

function frame(target, labels, name, times, values) {
  return { name, labels, refId: target.refId, times, values };
}

function number(text) {
  const value = text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);
  return Number.isNaN(value) ? null : value;
}

// grid returns the times of the samples of a range query.
export function grid({ from, to, step }) {
  const times = [];
  for (let i = 0; from + i * step <= to + step / 1e6; i++) times.push(Number((from + i * step).toFixed(3)));
  return times;
}

// align puts frames of different steps on one grid. Where a frame has no time, its
// value is undefined, which is not drawn as a gap.
export function align(frames) {
  const times = [...new Set(frames.flatMap((f) => f.times))].sort((a, b) => a - b);
  if (frames.every((f) => f.times.length === times.length)) return frames;
  return frames.map((f) => {
    const at = new Map(f.times.map((time, i) => [time, f.values[i]]));
    return { ...f, times, values: times.map((time) => at.get(time)) };
  });
}

// legends returns the names of series by the format of the target. Without a
// format, a name has all labels; with "auto", only the label that differs, if
// exactly one does.
function legends(all, target) {
  const format = target.legendFormat;
  if (format && format !== '__auto') {
    return all.map((labels) => format.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, key) => member(labels, key) ?? ''));
  }
  const keys = [...new Set(all.flatMap(Object.keys))].filter((key) => new Set(all.map((l) => member(l, key))).size > 1);
  if (format === '__auto' && keys.length === 1) return all.map((labels) => member(labels, keys[0]) ?? '');
  return all.map((labels) => full(labels) || target.expr);
}

export function full({ __name__: name = '', ...labels }) {
  const inner = Object.entries(labels).map(([key, value]) => `${key}="${value}"`).join(', ');
  return inner ? `${name}{${inner}}` : name;
}

const sum = (list) => list.reduce((a, b) => a + b, 0);

const calculations = {
  last: (all) => all.at(-1) ?? null,
  lastNotNull: (_, some) => some.at(-1) ?? null,
  first: (all) => all[0] ?? null,
  firstNotNull: (_, some) => some[0] ?? null,
  min: (_, some) => (some.length ? Math.min(...some) : null),
  max: (_, some) => (some.length ? Math.max(...some) : null),
  sum: (_, some) => (some.length ? sum(some) : null),
  mean: (_, some) => (some.length ? sum(some) / some.length : null),
  count: (all) => all.length,
  range: (_, some) => (some.length ? Math.max(...some) - Math.min(...some) : null),
  delta: (_, some) => (some.length ? sum(some.slice(1).map((v, i) => (v >= some[i] ? v - some[i] : v))) : null),
  diff: (_, some) => (some.length ? some.at(-1) - some[0] : null),
  diffperc: (_, some) => (some.length ? (some.at(-1) - some[0]) / some[0] : null),
  allIsNull: (_, some) => (some.length ? 0 : 1),
};

// reduce returns the result of a calculation over a frame's values; undefined for
// an unknown calculation.
export function reduce(values, name = 'lastNotNull') {
  return member(calculations, name)?.(values, values.filter((v) => v !== null));
}
