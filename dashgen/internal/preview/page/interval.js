// Steps of queries, by the rules of Grafana's Prometheus data source, so that a
// query has the same result as in Grafana.

import { duration } from './time.js';

// Round numbers of seconds, as in Grafana's rangeutil.roundInterval.
const round = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 604800];

export function text(seconds) {
  if (seconds < 1) return `${Math.max(1, Math.round(seconds * 1000))}ms`;
  for (const [unit, size] of [['d', 86400], ['h', 3600], ['m', 60]]) {
    if (seconds % size === 0) return seconds / size + unit;
  }
  return Math.round(seconds) + 's';
}

// intervals returns the step of a panel with so many points, and the built-in
// variables for this step.
export function intervals(range, points, least, scrape) {
  const wanted = (range.to - range.from) / Math.max(1, points);
  const step = Math.max(least, round.find((s) => wanted <= s * 1.2) ?? 604800);
  const span = Math.max(1, Math.round(range.to - range.from));
  return {
    step,
    values: {
      __interval: text(step),
      __interval_ms: String(step * 1000),
      __rate_interval: text(Math.max(step + scrape, 4 * scrape)),
      __range: span + 's',
      __range_s: String(span),
      __range_ms: String(span * 1000),
      __from: String(Math.round(range.from * 1000)),
      __to: String(Math.round(range.to * 1000)),
    },
  };
}

// least returns the shortest step of a query. A panel or a query can set it ("1m",
// ">1m"); it then also replaces the scrape interval.
export function least(given, scrape) {
  const own = duration(String(given ?? '').replace(/^>/, ''));
  return own > 0 ? own : scrape;
}
