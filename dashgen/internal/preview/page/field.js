// Field settings: the defaults of a panel, with the overrides of a series.

import { byIndex, byName, hex, mix, scheme } from './color.js';
import { member, set } from './member.js';
import { format } from './unit.js';

// settings returns the settings of a series.
export function settings(panel, frame) {
  const config = structuredClone(panel.fieldConfig?.defaults ?? {});
  config.custom ??= {};
  for (const override of panel.fieldConfig?.overrides ?? []) {
    if (!matches(override.matcher, frame)) continue;
    for (const { id, value } of override.properties ?? []) set(config, id.split('.'), value);
  }
  return config;
}

function matches({ id, options }, frame) {
  switch (id) {
    case 'byName': return frame.name === options;
    case 'byRegexp': return expression(options).test(frame.name);
    case 'byFrameRefID': return frame.refId === options;
    case 'byNames': return (options?.names ?? []).includes(frame.name) !== (options?.mode === 'exclude');
    case 'byType': return options === (frame.type ?? 'number');
  }
  return false;
}

export function expression(text) {
  const [, body, flags] = String(text).match(/^\/(.*)\/([gimsuy]*)$/s) ?? [null, text, ''];
  return new RegExp(body, flags.replace('g', ''));
}

// title returns the displayed name of a series.
export function title(config, frame) {
  const given = config.displayName;
  if (!given) return frame.name;
  return given.replace(/\$\{__(?:series|field)\.(name|labels\.(\w+)|labels\["?([^"\]]+)"?\])\}/g,
    (_, property, a, b) => (property === 'name' ? frame.name : frame.labels[a ?? b] ?? ''));
}

// show returns the text and the colour of a value.
export function show(value, config, name, index) {
  const mapped = mapping(value, config.mappings ?? []);
  return {
    text: mapped?.text || plain(value, config),
    color: mapped?.color ? hex(mapped.color) : paint(value, config, name, index),
    isMapped: Boolean(mapped?.text),
  };
}

function plain(value, config) {
  if (value === null || value === undefined) return config.noValue ?? 'No value';
  return typeof value === 'number' ? format(value, config.unit, config.decimals ?? null) : String(value);
}

function mapping(value, list) {
  for (const { type, options } of list) {
    const found = member(mappers, type)?.(value, options ?? {});
    if (found) return found;
  }
  return null;
}

const mappers = {
  value: (value, options) => member(options, String(value)),
  range: (value, { from, to, result }) => value !== null && value >= (from ?? -Infinity) && value <= (to ?? Infinity) && result,
  regex: (value, { pattern, result }) => expression(pattern).test(String(value)) && result,
  special: (value, { match, result }) => member(specials, match)?.(value) && result,
};

const specials = {
  null: (v) => v === null, nan: (v) => v === null, 'null+nan': (v) => v === null,
  empty: (v) => v === '', true: (v) => v === true, false: (v) => v === false,
};

// paint returns the colour of a value, or of a series if value is undefined.
export function paint(value, config, name, index) {
  const mode = config.color?.mode ?? 'thresholds';
  if (mode === 'fixed' || mode === 'shades') return hex(config.color.fixedColor ?? 'text');
  if (mode === 'thresholds') return hex(step(value, config).color);
  if (mode === 'palette-classic-by-name') return byName(name);
  const stops = scheme(mode);
  return stops ? mix(stops, part(value, config)) : byIndex(index);
}

// step returns the highest threshold that a value reaches.
export function step(value, config) {
  const steps = config.thresholds?.steps ?? [];
  const scaled = config.thresholds?.mode === 'percentage' ? part(value, config) * 100 : value;
  return steps.findLast((s) => s.value === null || s.value === undefined || scaled >= s.value) ?? steps[0] ?? { color: 'green' };
}

// part returns the place of a value between minimum and maximum, 0 to 1.
export function part(value, config) {
  const least = config.min ?? 0;
  const most = config.max ?? 100;
  return Math.min(1, Math.max(0, ((value ?? least) - least) / (most - least || 1)));
}
