// Panels of the type singlestat as stat panels or gauges.

import { member } from './member.js';

const calculations = { avg: 'mean', current: 'lastNotNull', total: 'sum', min: 'min', max: 'max', first: 'firstNotNull', delta: 'delta', diff: 'diff', range: 'range' };

export function singlestat(panel) {
  const { valueName = 'avg', colorBackground, colorValue, gauge = {}, sparkline = {} } = panel;
  return {
    ...panel,
    type: gauge.show ? 'gauge' : 'stat',
    fieldConfig: { defaults: defaults(panel), overrides: [] },
    options: {
      reduceOptions: { calcs: [member(calculations, valueName) ?? 'lastNotNull'] },
      textMode: valueName === 'name' ? 'name' : 'value',
      colorMode: colorBackground ? 'background' : colorValue ? 'value' : 'none',
      graphMode: sparkline.show ? 'area' : 'none',
      showThresholdMarkers: gauge.thresholdMarkers !== false,
    },
  };
}

function defaults(panel) {
  const { gauge = {} } = panel;
  return {
    unit: unit(panel),
    decimals: panel.decimals ?? undefined,
    noValue: panel.nullText || undefined,
    min: gauge.show ? gauge.minValue ?? 0 : undefined,
    max: gauge.show ? gauge.maxValue ?? 100 : undefined,
    color: { mode: 'thresholds' },
    thresholds: { mode: 'absolute', steps: steps(panel) },
    mappings: [...(panel.valueMaps ?? []).map(ofValue), ...(panel.rangeMaps ?? []).map(ofRange)],
  };
}

// unit returns the format, or the text beside a plain number.
function unit({ format = 'none', prefix, postfix }) {
  if (format !== 'none') return format;
  return postfix ? `suffix:${postfix.trim()}` : prefix ? `prefix:${prefix}` : format;
}

// steps reads thresholds as "50,80", which separate three colours.
function steps({ thresholds = '', colors = [] }) {
  const limits = String(thresholds).split(',').map((t) => t.trim()).filter((t) => t !== '').map(Number).filter(Number.isFinite);
  return [null, ...limits].map((value, i) => ({ value, color: colors[i] ?? 'green' }));
}

function ofValue({ value, text }) {
  if (value === 'null') return { type: 'special', options: { match: 'null', result: { text } } };
  return { type: 'value', options: { [value]: { text } } };
}

function ofRange({ from, to, text }) {
  if (from === 'null') return { type: 'special', options: { match: 'null', result: { text } } };
  return { type: 'range', options: { from: Number(from), to: Number(to), result: { text } } };
}
