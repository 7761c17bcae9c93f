// State timelines: the states of each series over time. Each series has a lane, and
// equal neighbours are one block.

import { annotationsAt, chart, valueAxis } from './chart.js';
import { fade, on } from './color.js';
import { make } from './element.js';
import { settings, show, title } from './field.js';
import { align } from './frame.js';

export function states(place, scope) {
  const frames = align(scope.frames);
  const lanes = frames.map((frame, i) => lane(frame, i, scope.panel));
  const { times } = frames[0];
  const area = make('div', { class: 'chart', tabindex: 0, role: 'group', 'aria-roledescription': 'state timeline', 'data-key': 'chart',
    'aria-label': `${scope.panel.title}: states of ${lanes.length} series over time. Arrow keys read them.` });
  place.classList.add('charted');
  place.append(area);
  const middle = lanes.map((_, i) => lanes.length - i - 0.5);
  return chart(area, scope, {
    data: [times, times.map(() => null)],
    series: [{ scale: 'y', points: { show: false } }],
    scales: { y: { range: () => [0, lanes.length] } },
    axes: [valueAxis({ scale: 'y', splits: () => [...middle].reverse(), values: () => lanes.map((l) => l.label).reverse(), grid: { show: false } })],
    draw: (u) => lanes.forEach((l, i) => blocks(u, l, lanes.length - i - 1, scope)),
    tooltip: (index) => [...annotationsAt(scope, times, index), ...lanes.map((l) => ({ name: l.label, ...l.shown[index] })).filter((s) => s.color)],
  });
}

function lane(frame, index, panel) {
  const config = settings(panel, frame);
  const shown = frame.values.map((v) => (typeof v !== 'number' ? { text: 'No value' } : show(v, config, frame.name, index)));
  const runs = [];
  shown.forEach((state, t) => {
    const last = runs.at(-1);
    if (last && last.state.text === state.text && last.state.color === state.color) last.to = t;
    else runs.push({ state, from: t, to: t });
  });
  return { label: title(config, frame), times: frame.times, shown, runs: runs.filter((r) => r.state.color), opacity: (config.custom.fillOpacity ?? 70) / 100 };
}

function blocks(u, { runs, times, opacity }, row, scope) {
  const { ctx, bbox } = u;
  const height = (scope.panel.options?.rowHeight ?? 0.9) / 2;
  const [top, bottom] = [row + 0.5 + height, row + 0.5 - height].map((y) => Math.round(u.valToPos(y, 'y', true)));
  const x = (time) => Math.min(bbox.left + bbox.width, Math.max(bbox.left, Math.round(u.valToPos(time, 'x', true))));
  for (const { state, from, to } of runs) {
    const [left, right] = [x(times[from]), x(times[to] + scope.step)];
    ctx.fillStyle = fade(state.color, opacity);
    ctx.fillRect(left, top, Math.max(1, right - left - devicePixelRatio), bottom - top);
    if (scope.panel.options?.showValue !== 'never') write(ctx, state, left, right, (top + bottom) / 2, opacity);
  }
}

// write draws the text of a state on its block, if it fits.
function write(ctx, { text, color }, left, right, y, opacity) {
  ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
  if (ctx.measureText(text).width + 8 * devicePixelRatio > right - left) return;
  ctx.fillStyle = opacity > 0.9 ? on(color) : getComputedStyle(document.documentElement).color;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  ctx.fillText(text, left + 4 * devicePixelRatio, y);
}
