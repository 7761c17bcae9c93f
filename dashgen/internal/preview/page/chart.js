// A chart over time: uPlot in the page's style, with a tooltip, a cursor for mouse
// and keyboard, and a drag that zooms.

import { own } from './color.js';
import { make } from './element.js';
import { clock, stamp } from './time.js';

const { uPlot } = globalThis;
const font = '12px system-ui, sans-serif';

// chart draws options.data into place. options is {data, series, scales, axes,
// bands, draw, tooltip}: draw(u) paints on top, and tooltip(index) lists the rows
// {color, name, text} of the tooltip. It returns {destroy}.
export function chart(place, scope, options) {
  const tip = make('div', { class: 'tip', hidden: true });
  const spoken = make('p', { class: 'spoken', 'aria-live': 'polite' });
  const u = new uPlot({
    width: place.clientWidth,
    height: place.clientHeight,
    padding: [8, 20, 0, 4],
    legend: { show: false },
    cursor: cursor(scope),
    select: { show: true },
    series: [{}, ...options.series],
    bands: options.bands ?? [],
    scales: { x: { time: true, range: () => [scope.range.from, scope.range.to] }, ...options.scales },
    axes: [timeAxis(), ...options.axes],
    hooks: {
      draw: [(self) => options.draw?.(self), (self) => annotate(self, scope)],
      setCursor: [(self) => point(self, place, tip, options.tooltip)],
      setSelect: [(self) => zoom(self, scope)],
    },
  }, options.data, (self, init) => {
    place.append(self.root);
    self.batch(init); // draws at once, so that an error reaches the panel
  });
  place.append(tip, spoken);
  listen(place, u, spoken, options.tooltip);
  return { destroy: () => u.destroy() };
}

function cursor(scope) {
  return {
    drag: { x: true, y: false, setScale: false },
    y: false,
    points: { size: 7 },
    sync: scope.page.board.graphTooltip > 0 ? { key: 'board', setSeries: false } : undefined,
  };
}

function lines() {
  return { stroke: own('--text'), font, grid: { stroke: own('--line'), width: 1 }, ticks: { stroke: own('--line'), width: 1, size: 4 } };
}

// steps are the possible distances of the axis marks, in seconds.
const steps = [0.1, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800, 2592000, 7776000, 31536000];

function timeAxis() {
  return { ...lines(), incrs: steps, space: 56, size: 28, values: (u, splits, axis, space, step) => splits.map((t) => clock(t, step)) };
}

// valueAxis returns an axis as wide as its longest mark.
export function valueAxis(more) {
  return {
    ...lines(),
    space: 32,
    size: (u, marks) => {
      u.ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
      return 16 + Math.ceil(Math.max(0, ...(marks ?? []).map((mark) => u.ctx.measureText(mark).width)) / devicePixelRatio);
    },
    ...more,
  };
}

// point shows the tooltip in the chart under the mouse, or with the focus.
function point(u, place, tip, tooltip) {
  const { idx, left } = u.cursor;
  tip.hidden = idx === null || idx === undefined || left < 0 || !place.matches(':hover, :focus');
  if (tip.hidden) return;
  tip.replaceChildren(make('p', {}, stamp(u.data[0][idx])), ...tooltip(idx).map(({ color, name, text }) =>
    make('p', {}, make('span', { class: 'swatch', style: { '--color': color } }), ` ${name} `, make('b', {}, text))));
  const right = left > u.over.clientWidth / 2;
  tip.style.left = right ? 'auto' : `${u.over.offsetLeft + left + 12}px`;
  tip.style.right = right ? `${place.clientWidth - u.over.offsetLeft - left + 12}px` : 'auto';
}

function zoom(u, scope) {
  const { left, width } = u.select;
  if (width < 4) return;
  u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  scope.page.choose({ from: at(u, left), to: at(u, left + width) });
}

const at = (u, left) => String(Math.round(u.posToVal(left, 'x') * 1000));

const moves = {
  ArrowLeft: (i) => i - 1,
  ArrowRight: (i) => i + 1,
  PageUp: (i) => i - 10,
  PageDown: (i) => i + 10,
  Home: () => 0,
  End: (i, last) => last,
};

// listen moves the cursor by keys, and announces its values to screen readers.
function listen(place, u, spoken, tooltip) {
  const leave = () => u.setCursor({ left: -10, top: -10 });
  place.addEventListener('blur', leave);
  place.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') leave();
    const move = moves[event.key];
    if (!move || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const last = u.data[0].length - 1;
    const index = Math.min(last, Math.max(0, move(u.cursor.idx ?? last + 1, last)));
    u.setCursor({ left: u.valToPos(u.data[0][index], 'x'), top: 0 });
    spoken.textContent = [stamp(u.data[0][index]), ...tooltip(index).map(({ name, text }) => `${name} ${text}`)].join('; ');
  });
}

// annotate draws a line for each annotation.
function annotate(u, scope) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const annotation of scope.page.annotations) {
    const x = Math.round(u.valToPos(annotation.time, 'x', true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = annotation.color;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

// annotationsAt returns the tooltip rows of the annotations at the cursor.
export function annotationsAt(scope, times, index) {
  const half = ((times[1] ?? times[0] + 60) - times[0]) / 2;
  return scope.page.annotations.filter((e) => Math.abs(e.time - times[index]) <= half)
    .map((e) => ({ color: e.color, name: e.name, text: e.text }));
}
