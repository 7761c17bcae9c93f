// Runs the queries of a panel, and returns the results as frames.

import * as prometheus from './prometheus.js';
import { fromMatrix, fromVector, grid } from './frame.js';
import { intervals, least } from './interval.js';
import { isPrometheus, typeOf, Unknown } from './source.js';
import { duration } from './time.js';
import { fill } from './template.js';

// frames runs a panel's queries. scope is {board, range, variables,
// scrapeInterval, points, signal}. It returns {frames, range, step}.
export async function frames(panel, scope) {
  const range = ownRange(panel, scope.range);
  const targets = (panel.targets ?? []).filter((target) => !target.hide);
  const parts = await Promise.all(targets.map((target) => run(panel, target, { ...scope, range })));
  const { step } = intervals(range, points(panel, scope), least(panel.interval, scope.scrapeInterval), scope.scrapeInterval);
  return { frames: parts.flat(), range, step };
}

function points(panel, scope) {
  return panel.maxDataPoints || scope.points;
}

// ownRange applies the panel's "relative time" and "time shift".
function ownRange(panel, { from, to }) {
  const span = duration(panel.timeFrom?.replace(/^now-/, ''));
  const shift = duration(panel.timeShift?.replace(/^now-/, '')) || 0;
  return { from: (span > 0 ? to - span : from) - shift, to: to - shift };
}

async function run(panel, target, scope) {
  const source = typeOf(target.datasource, scope.board) ?? typeOf(panel.datasource, scope.board);
  if (!isPrometheus(source)) throw new Unknown(`the data source has the type ${source}, and the preview only has Prometheus`);
  if (panel.datasource?.uid === '-- Dashboard --') throw new Unknown('it shows the result of another panel');
  if (!target.expr) return [];
  const scrape = least(target.interval || panel.interval, scope.scrapeInterval);
  const { step, values } = intervals(scope.range, points(panel, scope), scrape, scrape);
  const expr = fill(target.expr, { ...scope.variables, ...values });
  const named = { ...target, expr, legendFormat: fill(target.legendFormat, scope.variables, 'text') };
  if (target.instant && !target.range) {
    return ordered(expr, fromVector(vector(await prometheus.instant(expr, scope.range.to, scope.signal)), named));
  }
  // Grafana aligns the range to whole steps, so that a refresh moves no point.
  const aligned = { from: Math.floor(scope.range.from / step) * step, to: Math.floor(scope.range.to / step) * step, step };
  return fromMatrix(await prometheus.range(expr, aligned, scope.signal), named, grid(aligned));
}

function vector(data) {
  if (data.resultType === 'vector' || data.resultType === 'scalar') return data;
  throw new Error(`a panel draws vectors, and the result is a ${data.resultType}`);
}

// ordered sorts a vector by name, because Prometheus returns it in no fixed order,
// unless the query sorts it.
function ordered(expr, frames) {
  if (/\b(sort|sort_desc|sort_by_label|sort_by_label_desc|topk|bottomk)\b/.test(expr)) return frames;
  return frames.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
