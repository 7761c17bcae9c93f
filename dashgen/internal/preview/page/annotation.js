// Annotations: queries of Prometheus, whose results every chart marks.

import * as prometheus from './prometheus.js';
import { hex } from './color.js';
import { intervals, least } from './interval.js';
import { member } from './member.js';
import { isPrometheus, typeOf } from './source.js';
import { fill } from './template.js';

// annotations returns {annotations: [{time, name, text, color}], problems: [text],
// notices: [text]} of the enabled annotation queries. A notice is about annotations
// that only Grafana has.
export async function annotations(board, scope) {
  const enabled = (board.annotations?.list ?? []).filter((a) => a.enable !== false && (a.expr || a.target?.expr));
  const isOwn = (a) => isPrometheus(typeOf(a.datasource, board));
  const queries = enabled.filter(isOwn);
  const parts = await Promise.allSettled(queries.map((a) => run(a, scope)));
  scope.signal.throwIfAborted();
  return {
    annotations: parts.flatMap((p) => p.value ?? []),
    problems: parts.flatMap((p, i) => (p.reason ? [`The annotations ${queries[i].name} could not be read: ${p.reason.message}`] : [])),
    notices: enabled.filter((a) => !isOwn(a)).map((a) =>
      `The annotations ${a.name} are left out: their data source has the type ${typeOf(a.datasource, board)}, and the preview only has Prometheus.`),
  };
}

async function run(annotation, { range, variables, scrapeInterval, signal }) {
  const scrape = least(annotation.step, scrapeInterval);
  const { step, values } = intervals(range, 1000, scrape, scrape);
  const expr = fill(annotation.expr || annotation.target.expr, { ...variables, ...values });
  const aligned = { from: Math.floor(range.from / step) * step, to: Math.floor(range.to / step) * step, step };
  const { result } = await prometheus.range(expr, aligned, signal);
  return result.flatMap((series) => starts(series, annotation, step, range));
}

// starts returns an annotation for each time at which a series begins, or becomes
// other than 0.
function starts({ metric, values }, annotation, step, { from, to }) {
  const there = annotation.useValueForTime === 'on' || annotation.useValueForTime === true
    ? values.map(([, value]) => Number(value) / 1000)
    : values.filter(([, value]) => Number(value) !== 0).map(([time]) => time);
  const labelled = (format) => String(format ?? '').replace(/\{\{\s*(.+?)\s*\}\}/g, (_, key) => member(metric, key) ?? '');
  return there.filter((time, i) => (i === 0 || time - there[i - 1] > step * 1.5) && time >= from && time <= to).map((time) => ({
    time, name: labelled(annotation.titleFormat) || annotation.name, text: labelled(annotation.textFormat), color: hex(annotation.iconColor ?? 'red'),
  }));
}
