// Time series: lines, areas, bars and points.

import { annotationsAt, chart, valueAxis } from './chart.js';
import { fade, hex } from './color.js';
import { make } from './element.js';
import { paint, settings, show, title } from './field.js';
import { align } from './frame.js';
import { legend } from './legend.js';
import { member } from './member.js';
import { percents, stack } from './stack.js';
import { format } from './unit.js';

const { uPlot } = globalThis;

export function timeseries(place, scope) {
  const frames = align(scope.frames);
  const all = styled(scope.panel, frames);
  const shown = all.filter((s) => !scope.memory.hidden.has(s.name));
  const area = make('div', { class: 'chart', tabindex: 0, role: 'group', 'aria-roledescription': 'chart', 'data-key': 'chart',
    'aria-label': `${scope.panel.title}: ${all.length} series over time. Arrow keys read the values.` });
  place.classList.add('charted');
  const named = all.filter((s) => !s.config.custom.hideFrom?.legend);
  place.append(area, legend(named, scope.panel.options?.legend, scope.memory, scope.redraw) ?? '');
  const { times } = frames[0];
  const scales = axes(shown);
  const { values, bands } = stack(shown);
  return chart(area, scope, {
    data: [times, ...values.map((v, i) => spanned(v, times, shown[i].config.custom.spanNulls))],
    series: shown.map(line),
    bands: fillings(shown, bands),
    scales: Object.fromEntries(scales.map((a) => [a.scale, a.range])),
    axes: scales.map((a) => a.axis),
    draw: (u) => limits(u, shown[0]),
    tooltip: (index) => [...annotationsAt(scope, times, index), ...tooltipRows(shown, index, scope.panel.options?.tooltip)],
  });
}

// styled returns each series with its settings, name and colour.
function styled(panel, frames) {
  return frames.map((frame, i) => {
    const config = settings(panel, frame);
    const last = frame.values.findLast((v) => typeof v === 'number') ?? null;
    const color = paint(last, config, frame.name, i);
    const side = config.custom.axisPlacement === 'right' ? ' right' : '';
    return { config, name: frame.name, label: title(config, frame), color, values: frame.values, scale: (config.unit ?? 'none') + side };
  }).filter((s) => !s.config.custom.hideFrom?.viz);
}

// fillings fills the area between a stacked series and the series below it, and below
// a series that names another one in fillBelowTo.
function fillings(series, bands) {
  const named = series.flatMap((s, i) => {
    const lower = series.findIndex((other) => other.name === s.config.custom.fillBelowTo);
    return lower < 0 ? [] : [{ upper: i, lower, isDown: false }];
  });
  return [...bands, ...named].map(({ upper, lower, isDown }) =>
    ({ series: [upper + 1, lower + 1], fill: filling(series[upper]), dir: isDown ? 1 : -1 }));
}

function filling({ color, config }) {
  return fade(color, (config.custom.fillOpacity ?? 0) / 100);
}

// spanned joins the gaps of at most so many milliseconds: uPlot draws a line over
// undefined values.
function spanned(values, times, most) {
  if (typeof most !== 'number') return values;
  let last = -1;
  const joined = [...values];
  values.forEach((v, i) => {
    if (typeof v !== 'number') return;
    if (last >= 0 && (times[i] - times[last]) * 1000 <= most) joined.fill(undefined, last + 1, i);
    last = i;
  });
  return joined;
}

const paths = {
  smooth: () => uPlot.paths.spline(),
  stepBefore: () => uPlot.paths.stepped({ align: -1 }),
  stepAfter: () => uPlot.paths.stepped({ align: 1 }),
};

function line(s) {
  const { custom } = s.config;
  const width = custom.lineWidth ?? 1;
  const style = custom.drawStyle ?? 'line';
  return {
    scale: s.scale,
    stroke: s.color,
    width,
    fill: filling(s),
    dash: custom.lineStyle?.fill === 'dash' ? custom.lineStyle.dash ?? [10, 10] : undefined,
    spanGaps: custom.spanNulls === true,
    paths: style === 'bars' ? uPlot.paths.bars({ size: [0.8, 60] }) : style === 'points' ? () => null : member(paths, custom.lineInterpolation ?? '')?.(),
    points: points(custom, style, s.values),
  };
}

// points shows values between two gaps as points, because they have no line.
function points(custom, style, values) {
  const size = custom.pointSize ?? 5;
  if (style === 'points' || custom.showPoints === 'always') return { show: true, size };
  const isAlone = (i) => typeof values[i] === 'number' && !beside(values, i, -1) && !beside(values, i, 1);
  const alone = style === 'line' ? values.map((_, i) => i).filter(isAlone) : [];
  return { show: alone.length > 0, size, filter: () => alone };
}

// beside reports whether the next value, at the times of this series, exists.
function beside(values, i, way) {
  do i += way; while (values[i] === undefined && i >= 0 && i < values.length);
  return typeof values[i] === 'number';
}

// axes returns an axis for each unit and side. The first axis is on the left.
function axes(series) {
  const units = [...new Set(series.map((s) => s.scale))];
  return units.map((scale, i) => {
    const { config } = series.find((s) => s.scale === scale);
    const { custom } = config;
    const isRight = i > 0 || custom.axisPlacement === 'right';
    const isPercent = custom.stacking?.mode === 'percent';
    return {
      scale,
      range: { range: isPercent ? (u, low, high) => percents(low, high) : (u, low, high) => span(config, low, high), ...distribution(custom) },
      axis: valueAxis({
        scale,
        side: isRight ? 1 : 3,
        show: custom.axisPlacement !== 'hidden',
        grid: i > 0 ? { show: false } : undefined,
        label: custom.axisLabel || undefined,
        values: (u, marks) => marks.map((v) => (v === null ? '' : format(v, isPercent ? 'percentunit' : config.unit))),
      }),
    };
  });
}

// distribution returns uPlot's options of a logarithmic axis.
function distribution({ scaleDistribution }) {
  return scaleDistribution?.type === 'log' ? { distr: 3, log: scaleDistribution.log === 2 ? 2 : 10 } : {};
}

function span(config, low, high) {
  const { axisSoftMin, axisSoftMax, scaleDistribution } = config.custom;
  if (scaleDistribution?.type === 'log') return uPlot.rangeLog(low ?? 1, high ?? 10, 10, true);
  const [least, most] = low === null || low === high && low === 0 ? [0, 1] : uPlot.rangeNum(low, high, 0.1, true);
  const from = config.min ?? Math.min(least, axisSoftMin ?? least);
  const to = config.max ?? Math.max(most, axisSoftMax ?? most);
  return to > from ? [from, to] : [from, from + 1];
}

// limits draws the thresholds in the style of the panel.
function limits(u, series) {
  const style = series?.config.custom.thresholdsStyle?.mode ?? 'off';
  if (style === 'off') return;
  const { ctx, bbox } = u;
  const steps = series.config.thresholds?.steps ?? [];
  const y = (value) => Math.min(bbox.top + bbox.height, Math.max(bbox.top, u.valToPos(value ?? -Infinity, series.scale, true) || 0));
  ctx.save();
  steps.forEach(({ value, color }, i) => {
    const from = value === null || value === undefined ? bbox.top + bbox.height : y(value);
    if (style.includes('area') && color !== 'transparent') {
      const to = i + 1 < steps.length ? y(steps[i + 1].value) : bbox.top;
      ctx.fillStyle = fade(hex(color), 0.12);
      ctx.fillRect(bbox.left, to, bbox.width, from - to);
    }
    const isWithin = from > bbox.top && from < bbox.top + bbox.height;
    const edge = color === 'transparent' ? steps[i - 1]?.color : color;
    if (i > 0 && style !== 'area' && isWithin) rule(ctx, bbox, from, hex(edge), style.includes('dashed'));
  });
  ctx.restore();
}

function rule(ctx, bbox, y, color, isDashed) {
  ctx.strokeStyle = color;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash(isDashed ? [8 * devicePixelRatio, 6 * devicePixelRatio] : []);
  ctx.beginPath();
  ctx.moveTo(bbox.left, Math.round(y));
  ctx.lineTo(bbox.left + bbox.width, Math.round(y));
  ctx.stroke();
}

function tooltipRows(series, index, options) {
  const rows = series.map((s) => ({ color: s.color, name: s.label, value: s.values[index], text: show(s.values[index], s.config, s.name, 0).text }))
    .filter((row) => typeof row.value === 'number');
  const order = { asc: 1, desc: -1 }[options?.sort] ?? 0;
  return order ? rows.sort((a, b) => order * (a.value - b.value)) : rows;
}
