// Variables in text: $name, ${name}, ${name:format} and [[name]], as in Grafana.

import { member } from './member.js';

const place = /\$(\w+)|\$\{(\w+(?:\.[\w.-]+|\["[^"]*"\])?)(?::(\w+))?\}|\[\[(\w+)(?::(\w+))?\]\]/g;

// fill replaces variables by their values. A value is {values: [...], text, raw,
// isList}. raw, the dashboard's own value for All, is used as it is. isList allows
// several values, so queries get a regular expression.
export function fill(text, variables, format = 'query') {
  return String(text ?? '').replace(place, (whole, a, b, formatB, c, formatC) => {
    const name = a ?? b ?? c;
    const found = member(variables, name);
    if (found === undefined) return whole;
    if (typeof found === 'string') return found;
    return write(found, formatB ?? formatC ?? format, name);
  });
}

// names returns the variables in a text.
export function names(text) {
  return [...String(text ?? '').matchAll(place)].map(([, a, b, , c]) => a ?? b ?? c);
}

const special = /[\\^$.*+?()[\]{}|]/g;

const formats = {
  // In a PromQL string, a backslash is written twice.
  query: (values, isList) => (isList ? any(values.map((v) => v.replace(special, '\\\\$&'))) : values.map((v) => v.replace(/["\\]/g, '\\$&')).join('|')),
  regex: (values) => any(values.map((v) => v.replace(special, '\\$&'))),
  raw: (values) => (values.length === 1 ? values[0] : `{${values.join(',')}}`),
  glob: (values) => (values.length === 1 ? values[0] : `{${values.join(',')}}`),
  csv: (values) => values.join(','),
  pipe: (values) => values.join('|'),
  text: (values) => values.join(' + '),
  json: (values) => JSON.stringify(values),
  percentencode: (values) => encodeURIComponent(values.join(',')),
  doublequote: (values) => values.map((v) => `"${v.replaceAll('"', '\\"')}"`).join(','),
  singlequote: (values) => values.map((v) => `'${v.replaceAll("'", "\\'")}'`).join(','),
};

function any(values) {
  return values.length === 1 ? values[0] : `(${values.join('|')})`;
}

function write(found, format, name) {
  if (format === 'queryparam') {
    return found.chosen.map((v) => `var-${name}=${encodeURIComponent(v)}`).join('&');
  }
  if (format === 'text') return found.text;
  if (found.raw !== undefined) return found.raw;
  return (member(formats, format) ?? formats.raw)(found.values, found.isList);
}
