// The time range with which a dashboard opens: its own, or a shorter one if Prometheus
// only has data of a part of it, so that a new Prometheus fills the charts.

import { range } from './prometheus.js';
import { parse } from './time.js';

const spans = [['5m', 300], ['15m', 900], ['30m', 1800], ['1h', 3600], ['3h', 10800], ['6h', 21600], ['12h', 43200], ['24h', 86400], ['2d', 172800], ['7d', 604800]];
const samples = 60;

// fitting returns {from, to}, as Grafana writes times.
export async function fitting(board, now) {
  const own = { from: board.time?.from ?? 'now-6h', to: board.time?.to ?? 'now' };
  const [from, to] = [parse(own.from, now), parse(own.to, now, true)];
  if (own.to !== 'now' || !(from < to)) return own;
  const step = Math.max(1, Math.ceil((to - from) / samples));
  const { result: [series] } = await range(`count(${scraped(board)})`, { from, to, step });
  if (!series) return own;
  const age = now - series.values[0][0] + step;
  const [shorter, seconds] = spans.find(([, length]) => length >= age) ?? [];
  return seconds < to - from ? { from: `now-${shorter}`, to: 'now' } : own;
}

// scraped returns a selector of what the dashboard shows: that of its first variable,
// or else the state of all targets.
function scraped(board) {
  for (const { type, query } of board.templating?.list ?? []) {
    const [, selector] = String(query?.query ?? query ?? '').match(/^label_values\(\s*([^$]+),\s*\w+\s*\)$/s) ?? [];
    if (type === 'query' && selector) return selector.trim();
  }
  return 'up';
}
