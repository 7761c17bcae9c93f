// Numbers with units, by the ids of Grafana's valueFormats. An unknown unit is
// written behind the number.

import { member } from './member.js';

const metric = ['', 'K', 'M', 'G', 'T', 'P', 'E'];
const counts = ['', ' K', ' Mil', ' Bil', ' Tri', ' Quadr'];
const times = [[1e-9, 'ns'], [1e-6, 'µs'], [1e-3, 'ms'], [1, 's'], [60, 'min'], [3600, 'hour'], [86400, 'day'], [604800, 'week'], [31536000, 'year']];

// format writes a number. By default it has three significant digits, without
// trailing zeros.
export function format(value, unit = 'none', decimals = null) {
  if (value === null || value === undefined || Number.isNaN(value)) return 'No value';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const known = member(units, unit);
  if (known) return known(value, decimals);
  const [, kind, rest] = unit.match(/^(suffix|prefix|time|si|count):(.*)$/s) ?? [];
  if (kind === 'prefix') return rest + digits(value, decimals);
  if (kind === 'si') return scaled(value, decimals, metric, 1000, ' ') + rest;
  return `${digits(value, decimals)} ${rest ?? unit}`;
}

// digits writes a plain number.
function digits(value, decimals = null) {
  if (decimals !== null) return value.toFixed(decimals);
  const size = Math.abs(value);
  if (size === 0) return '0';
  const places = Math.min(20, Math.max(0, 2 - Math.floor(Math.log10(size))));
  const text = value.toFixed(places);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function scaled(value, decimals, names, base, gap = '') {
  let step = 0;
  while (Math.abs(value) >= base && step < names.length - 1) {
    value /= base;
    step++;
  }
  return digits(value, decimals) + (names[step] && gap) + names[step];
}

function time(unit) {
  return (value, decimals) => {
    const seconds = value * unit;
    if (seconds === 0) return '0 s';
    const [size, name] = times.findLast(([least]) => Math.abs(seconds) >= least * 0.9999999) ?? times[0];
    const shown = digits(seconds / size, decimals);
    return `${shown} ${name}${size > 3600 - 1 && shown !== '1' ? 's' : ''}`;
  };
}

const counted = (suffix) => (value, decimals) => scaled(value, decimals, metric, 1000) + ' ' + suffix;
const sized = (suffix, names, base) => (value, decimals) => scaled(value, decimals, names.map((n) => n + suffix), base, ' ');
const words = (no, yes) => (value) => (value === 0 ? no : yes);

const binary = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'];
const decimal = ['', 'k', 'M', 'G', 'T', 'P'];

const units = {
  none: digits,
  string: digits,
  short: (value, decimals) => scaled(value, decimals, counts, 1000),
  sishort: (value, decimals) => scaled(value, decimals, metric, 1000),
  percent: (value, decimals) => digits(value, decimals) + '%',
  percentunit: (value, decimals) => digits(value * 100, decimals) + '%',
  s: time(1), ms: time(1e-3), µs: time(1e-6), ns: time(1e-9), m: time(60), h: time(3600), d: time(86400),
  dtdurations: time(1), dtdurationms: time(1e-3),
  bytes: sized('B', binary, 1024), decbytes: sized('B', decimal, 1000),
  bits: sized('b', binary, 1024), decbits: sized('b', decimal, 1000),
  binBps: sized('B/s', binary, 1024), Bps: sized('B/s', decimal, 1000), bps: sized('b/s', decimal, 1000),
  cps: counted('c/s'), ops: counted('ops/s'), reqps: counted('req/s'), rps: counted('rd/s'), wps: counted('wr/s'),
  iops: counted('io/s'), eps: counted('evt/s'), mps: counted('msg/s'), recps: counted('rec/s'), rowsps: counted('rows/s'),
  cpm: counted('c/min'), opm: counted('ops/min'), reqpm: counted('req/min'),
  hertz: sized('Hz', decimal, 1000),
  bool: words('False', 'True'), bool_yes_no: words('No', 'Yes'), bool_on_off: words('Off', 'On'),
  dateTimeAsIso: (value) => new Date(value).toISOString().replace('T', ' ').slice(0, 19),
  dateTimeFromNow: (value) => time(1)((Date.now() - value) / 1000, 0) + ' ago',
};
