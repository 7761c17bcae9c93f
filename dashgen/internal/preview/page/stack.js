// Stacks of a time series panel, by Grafana's rules: series are stacked if they have
// the same mode, group, unit and style, and lead to the same side of zero.

import { member } from './member.js';
import { Unknown } from './source.js';

const mode = (s) => s.config.custom.stacking?.mode ?? 'none';
const isStacked = (s) => mode(s) === 'normal' || mode(s) === 'percent';

// stack returns the values to draw for series {name, config, scale, values}, and the
// bands between them: {upper, lower, isDown}, by the series' places.
export function stack(series) {
  const values = series.map((s) => transformed(s.values, s.config.custom.transform));
  const bands = [];
  for (const places of groups(series, values)) {
    const isPercent = mode(series[places[0]]) === 'percent';
    const isDown = leadsDown(values[places[0]]);
    const wholes = isPercent ? totals(places.map((i) => values[i])) : null;
    const sums = Array(values[places[0]].length).fill(0);
    places.forEach((place, n) => {
      values[place] = values[place].map((v, i) => (typeof v === 'number' ? (sums[i] += wholes ? v / (wholes[i] || 1) : v) : v));
      if (n > 0) bands.push({ upper: place, lower: places[n - 1], isDown });
    });
  }
  return { values, bands };
}

// groups returns the places of the series of each stack.
function groups(series, values) {
  const found = new Map();
  series.forEach((s, i) => {
    if (!isStacked(s)) return;
    const { stacking, drawStyle = 'line', lineInterpolation = 'linear' } = s.config.custom;
    const style = drawStyle === 'bars' ? drawStyle : lineInterpolation;
    const key = [mode(s), stacking.group, s.scale, style, leadsDown(values[i])].join('|');
    found.set(key, [...(found.get(key) ?? []), i]);
  });
  return found.values();
}

const leadsDown = (values) => values.some((v) => v < 0);

function totals(all) {
  return all[0].map((_, i) => all.reduce((sum, values) => sum + Math.abs(values[i] ?? 0), 0));
}

const transforms = {
  'negative-Y': (values) => values.map((v) => (typeof v === 'number' ? -v : v)),
  constant: (values) => values.map(() => values.find((v) => typeof v === 'number') ?? null),
};

function transformed(values, name) {
  if (!name) return values;
  const transform = member(transforms, name);
  if (!transform) throw new Unknown(`the preview does not know the transform ${name}`);
  return transform(values);
}

// percents returns the range of an axis of stacks in percent.
export function percents(low, high) {
  return [low < 0 ? -1 : 0, high > 0 || !(low < 0) ? 1 : 0];
}
