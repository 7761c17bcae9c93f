// Gives the panels of dashboards to Grafana's own library of panel data, in each
// version of package.json, and prints what the library throws, and the colours that
// it gives to labels. The arguments are the files of dashboards.

'use strict';

const { readFileSync } = require('node:fs');
const { basename } = require('node:path');

// The library looks for a browser when it is loaded. anything is a document whose
// properties and results are all anything.
const anything = new Proxy(() => {}, { get: (_, key) => (key === Symbol.toPrimitive ? () => '' : anything), apply: () => anything });
globalThis.document = anything;
globalThis.history = { pushState() {}, replaceState() {} };
globalThis.addEventListener = () => {};
globalThis.navigator ??= { language: 'en-US', languages: ['en-US'] };
for (const level of ['debug', 'info', 'log', 'warn', 'error']) console[level] = () => {}; // of the library's own libraries
globalThis.window = globalThis;
globalThis.location = new URL('http://127.0.0.1/');
globalThis.localStorage = { getItem: () => null, setItem: () => {} };

const labels = { gateway: 'ns/gw', model: 'm', version: '1', namespace: 'ns', service: 's', outcome: 'counted', code_class: '2xx', kind: 'labels', result: 'ok', upstream: 'u', le: '0.5', source: 'dns', state: 'active' };
const names = ['joy', 'setosa', 'versicolor', 'virginica', 'positive', 'negative', '0', '1', 'other', '情绪'];

// cases returns results of a panel's queries: with values, and three ways of having none.
function cases({ toDataFrame, FieldType, MutableDataFrame }, panel) {
  const frame = (refId, label, values) => toDataFrame({ refId, fields: [
    { name: 'Time', type: FieldType.time, values: values.map((_, i) => i * 1000) },
    { name: 'Value', type: FieldType.number, values, labels: { ...labels, label }, config: { displayNameFromDS: legend(panel, label) } },
  ] });
  const refs = (panel.targets ?? []).map((t) => t.refId);
  return {
    'values': refs.flatMap((refId) => names.map((label) => frame(refId, label, [0, 0.5, 1]))),
    'no values': refs.map((refId) => frame(refId, 'joy', [null, null])),
    'no rows': refs.map((refId) => frame(refId, 'joy', [])),
    'frames without fields': refs.map((refId) => toDataFrame({ refId, fields: [] })),
    'no frames': [],
  };
}

const legend = (panel, label) => (panel.targets?.[0]?.legendFormat ?? '').replace(/\{\{(\w+)\}\}/g, (_, key) => ({ ...labels, label })[key] ?? '');

// registry has the settings that every panel has.
function registry(data) {
  const ids = { displayName: 'displayName', unit: 'unit', color: 'color', links: 'links', noValue: 'noValue', thresholds: 'thresholds', mappings: 'mappings', min: 'min', max: 'max', decimals: 'decimals' };
  return new data.Registry(() => Object.entries(ids).map(([id, path]) => ({
    id, path, name: id, description: '', settings: {}, editor: null, override: null, shouldApply: () => true, process: data.identityOverrideProcessor,
  })));
}

function check(data, panel, fault, color) {
  const theme = data.createTheme();
  const common = { fieldConfig: panel.fieldConfig, replaceVariables: (text) => text, theme, timeZone: 'utc' };
  for (const [name, frames] of Object.entries(cases(data, panel))) {
    const attempt = (what, run) => {
      try {
        return run();
      } catch (error) {
        fault(`${name}: ${what}: ${error.message.split('\n')[0]}`);
        return [];
      }
    };
    const applied = attempt('field overrides', () => data.applyFieldOverrides({ ...common, data: frames, fieldConfigRegistry: registry(data) }));
    for (const [i, field] of applied.flatMap((frame) => frame.fields.filter((f) => f.type === 'number')).entries()) {
      field.state = { ...field.state, seriesIndex: i };
      const display = attempt('display processor', () => data.getDisplayProcessor({ field, theme }));
      if (typeof display !== 'function') continue;
      attempt('display', () => [0, 1, null, NaN].map((v) => display(v)));
      if (name === 'values' && field.labels) color(field.labels.label, display(1).color);
    }
    if (panel.options?.reduceOptions) attempt('field display values', () => data.getFieldDisplayValues({ ...common, data: applied, reduceOptions: panel.options.reduceOptions }));
  }
}

const versions = Object.keys(require('./package.json').devDependencies).filter((name) => name.startsWith('data-'));
const report = { faults: [], colors: {}, panels: 0 };
for (const version of versions) {
  const data = require(version);
  for (const file of process.argv.slice(2)) {
    const board = JSON.parse(readFileSync(file, 'utf8'));
    for (const panel of board.panels.flatMap((p) => [p, ...(p.panels ?? [])]).filter((p) => p.type !== 'row')) {
      report.panels++;
      const legendOfLabel = panel.targets?.some((t) => t.legendFormat?.startsWith('{{label}}'));
      check(data, panel, (text) => report.faults.push(`${version}: ${basename(file)}: ${panel.title}: ${text}`), (label, color) => {
        if (legendOfLabel) ((report.colors[label] ??= {})[color] ??= []).push(`${version}: ${basename(file)}: ${panel.title}`);
      });
    }
  }
}
process.stdout.write(JSON.stringify(report));
