// Heatmaps: the counts of buckets over time, as colours.

import { annotationsAt, chart, valueAxis } from './chart.js';
import { fade, hex, mix, own, scheme } from './color.js';
import { make } from './element.js';
import { Unknown } from './source.js';
import { format } from './unit.js';

export function heatmap(place, scope) {
  const { options = {} } = scope.panel;
  if (options.calculate) throw new Unknown('the preview only draws heatmaps of series with the label le, not heatmaps that calculate buckets');
  const { bounds, rows, times } = buckets(scope.frames);
  if (rows.length === 0) throw new Unknown('a heatmap needs series with the label le');
  const unit = options.yAxis?.unit ?? scope.panel.fieldConfig?.defaults?.unit;
  const most = Math.max(...rows.flat().filter((v) => v !== null), Number.MIN_VALUE);
  const area = make('div', { class: 'chart', tabindex: 0, role: 'group', 'aria-roledescription': 'heatmap', 'data-key': 'chart',
    'aria-label': `${scope.panel.title}: ${rows.length} buckets over time, up to ${format(most, 'none')}. Arrow keys read the values.` });
  place.classList.add('charted');
  place.append(area);
  return chart(area, scope, {
    data: [times, times.map(() => null)],
    series: [{ scale: 'y', points: { show: false } }],
    scales: { y: { range: () => [0, rows.length] } },
    axes: [valueAxis({ scale: 'y', splits: () => marks(rows.length), values: (u, at) => at.map((i) => edge(bounds, i, unit)) })],
    draw: (u) => cells(u, rows, times, scope.step, shade(options.color, most)),
    tooltip: (index) => [...annotationsAt(scope, times, index), ...tooltipRows(bounds, rows, index, unit, shade(options.color, most))],
  });
}

// buckets turns cumulative buckets into the counts of single buckets.
function buckets(frames) {
  const sums = new Map();
  for (const { labels, values } of frames) {
    if (labels.le === undefined) continue;
    const le = labels.le === '+Inf' ? Infinity : Number(labels.le);
    const sum = sums.get(le);
    sums.set(le, sum ? sum.map((v, i) => (v === null ? values[i] : v + (values[i] ?? 0))) : values);
  }
  const bounds = [...sums.keys()].sort((a, b) => a - b);
  const rows = bounds.map((le, i) => sums.get(le).map((v, t) => {
    const below = i > 0 ? sums.get(bounds[i - 1])[t] : 0;
    return v === null ? null : Math.max(0, v - (below ?? 0));
  }));
  return { bounds, rows, times: frames[0].times };
}

// marks returns the labelled edges between buckets, at most about ten.
function marks(count) {
  const every = Math.ceil(count / 10);
  return [...Array(count + 1).keys()].filter((i) => i % every === 0);
}

function edge(bounds, i, unit) {
  return i === 0 ? '' : format(bounds[i - 1], unit);
}

function shade(color = {}, most) {
  if (color.mode === 'opacity') return (value) => fade(hex(color.fill ?? 'dark-orange'), 0.1 + 0.9 * strength(value, most, color.exponent));
  const stops = scheme(color.scheme) ?? scheme('oranges');
  const turned = color.reverse || isDark() ? [...stops].reverse() : stops;
  return (value) => mix(turned, strength(value, most, color.exponent));
}

// On a dark page, small counts are dark and large counts are light.
const isDark = () => own('--scheme') === 'dark';

const strength = (value, most, exponent = 0.5) => (value / most) ** (exponent || 1);

function cells(u, rows, times, step, color) {
  const { ctx } = u;
  const x = (time) => Math.round(u.valToPos(time, 'x', true));
  const y = (row) => Math.round(u.valToPos(row, 'y', true));
  ctx.save();
  ctx.beginPath();
  ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
  ctx.clip();
  rows.forEach((row, r) => row.forEach((value, t) => {
    if (!value) return;
    const left = x(times[t] - step);
    ctx.fillStyle = color(value);
    ctx.fillRect(left, y(r + 1), Math.max(1, x(times[t]) - left - devicePixelRatio), Math.max(1, y(r) - y(r + 1) - devicePixelRatio));
  }));
  ctx.restore();
}

function tooltipRows(bounds, rows, index, unit, color) {
  const name = (i) => `${i ? format(bounds[i - 1], unit) : '-Inf'} to ${format(bounds[i], unit)}`;
  return rows.map((row, i) => ({ name: name(i), value: row[index] })).filter(({ value }) => value)
    .map(({ name: label, value }) => ({ name: label, color: color(value), text: format(value, 'none') })).reverse();
}
