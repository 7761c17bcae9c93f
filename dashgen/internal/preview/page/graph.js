// Panels of the type graph as time series.

import { member } from './member.js';

// graph returns a panel as a time series, if its axis is the time.
export function graph(panel) {
  const { mode = 'time' } = panel.xaxis ?? {};
  if (mode !== 'time') return { ...panel, type: `graph by ${mode}` };
  const { steps, style } = limits(panel.thresholds ?? []);
  return {
    ...panel,
    type: 'timeseries',
    fieldConfig: {
      defaults: {
        ...ofAxis(panel.yaxes?.[0]),
        decimals: panel.decimals ?? panel.yaxes?.[0]?.decimals ?? undefined,
        color: { mode: 'palette-classic' },
        thresholds: { mode: 'absolute', steps },
        custom: { ...custom(panel), thresholdsStyle: { mode: style } },
      },
      overrides: overrides(panel),
    },
    options: { legend: legend(panel.legend ?? {}), tooltip: { mode: 'multi', sort: ['none', 'asc', 'desc'][panel.tooltip?.sort ?? 0] } },
  };
}

function ofAxis({ format, min, max } = {}) {
  const number = (text) => (text === null || text === undefined || text === '' || Number.isNaN(Number(text)) ? undefined : Number(text));
  return { unit: format, min: number(min), max: number(max) };
}

function custom(panel) {
  const { lines = true, bars = false, points = false, yaxes: [axis = {}] = [] } = panel;
  return {
    drawStyle: bars ? 'bars' : lines ? 'line' : 'points',
    lineWidth: panel.linewidth ?? 1,
    lineInterpolation: panel.steppedLine ? 'stepAfter' : 'linear',
    fillOpacity: bars ? 80 : lines ? (panel.fill ?? 1) * 10 : 0,
    showPoints: points ? 'always' : 'never',
    spanNulls: panel.nullPointMode === 'connected',
    stacking: { mode: !panel.stack ? 'none' : panel.percentage ? 'percent' : 'normal', group: 'A' },
    axisLabel: axis.label || undefined,
    axisPlacement: axis.show === false ? 'hidden' : 'auto',
    scaleDistribution: axis.logBase > 1 ? { type: 'log', log: axis.logBase } : undefined,
  };
}

const colors = { critical: 'red', warning: 'orange', ok: 'green' };

// limits returns the thresholds as steps. A limit with the operator lt colours what is
// below it.
function limits(thresholds) {
  const steps = [{ value: null, color: 'transparent' }];
  for (const { value, op, colorMode, lineColor, fillColor } of [...thresholds].sort((a, b) => a.value - b.value)) {
    const color = member(colors, colorMode) ?? lineColor ?? fillColor ?? 'red';
    if (op === 'lt') {
      steps.at(-1).color = color;
      steps.push({ value, color: 'transparent' });
    } else steps.push({ value, color });
  }
  const style = [thresholds.some((t) => t.line) && 'line', thresholds.some((t) => t.fill) && 'area'].filter(Boolean);
  return { steps, style: style.join('+') || 'off' };
}

const calculations = { min: 'min', max: 'max', avg: 'mean', current: 'lastNotNull', total: 'sum' };

function legend({ show = true, rightSide, values, ...calcs }) {
  const chosen = Object.keys(calculations).filter((name) => values && calcs[name]);
  return { showLegend: show, placement: rightSide ? 'right' : 'bottom', calcs: chosen.map((name) => calculations[name]) };
}

function overrides(panel) {
  const painted = Object.entries(panel.aliasColors ?? {}).map(([name, color]) => ({ alias: name, color }));
  return [...painted, ...(panel.seriesOverrides ?? [])].filter(({ alias }) => typeof alias === 'string').map((given) => ({
    matcher: { id: given.alias.startsWith('/') ? 'byRegexp' : 'byName', options: given.alias },
    properties: Object.entries(given).flatMap(([name, value]) => member(properties, name)?.(value, panel, given) ?? []),
  }));
}

const property = (id, value) => [{ id, value }];

// properties returns the settings of a series for a setting of an old override.
const properties = {
  color: (color) => property('color', { mode: 'fixed', fixedColor: color }),
  fill: (n) => property('custom.fillOpacity', n * 10),
  fillBelowTo: (name) => property('custom.fillBelowTo', name),
  linewidth: (n) => property('custom.lineWidth', n),
  lines: (isOn) => (isOn ? property('custom.drawStyle', 'line') : property('custom.lineWidth', 0)),
  bars: (isOn) => (isOn ? property('custom.drawStyle', 'bars') : []),
  points: (isOn) => property('custom.showPoints', isOn ? 'always' : 'never'),
  steppedLine: (isOn) => property('custom.lineInterpolation', isOn ? 'stepAfter' : 'linear'),
  nullPointMode: (mode) => property('custom.spanNulls', mode === 'connected'),
  transform: (name) => property('custom.transform', name),
  dashes: (isOn, panel, { dashLength = 10, spaceLength = 10 }) => (isOn ? property('custom.lineStyle', { fill: 'dash', dash: [dashLength, spaceLength] }) : []),
  legend: (isOn) => property('custom.hideFrom.legend', !isOn),
  hiddenSeries: (isOn) => property('custom.hideFrom.viz', isOn),
  stack: (group, panel) => property('custom.stacking', { mode: !group ? 'none' : panel.percentage ? 'percent' : 'normal', group: group === true ? 'A' : group }),
  yaxis: (number, panel) => (number === 2 ? [...property('custom.axisPlacement', 'right'), ...ofRight(panel.yaxes?.[1])] : []),
};

function ofRight(axis) {
  return Object.entries(ofAxis(axis)).map(([id, value]) => ({ id, value }));
}
