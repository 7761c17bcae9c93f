// Controls: time range, refresh, theme, and the dashboard's variables.

import { make } from './element.js';
import { icon } from './icon.js';
import { duration, parse, stamp } from './time.js';
import { ofBoard, toBoard } from './link.js';
import { all } from './variable.js';

const spans = [['5m', '5 minutes'], ['15m', '15 minutes'], ['30m', '30 minutes'], ['1h', 'hour'], ['3h', '3 hours'], ['6h', '6 hours'], ['12h', '12 hours'],
  ['24h', '24 hours'], ['2d', '2 days'], ['7d', '7 days'], ['30d', '30 days']];
const refreshes = ['', '5s', '10s', '30s', '1m', '5m', '15m'];

// boards returns the list of dashboards, with the current dashboard marked. It takes
// the place of the dashboard's own links to them.
export function boards(page) {
  const here = (b) => b.uid === page.chosen.uid;
  const links = page.about.boards.map((b) => make('li', {}, make('a', { href: toBoard(page, b), 'aria-current': here(b) ? 'page' : null }, b.title)));
  return make('nav', { 'aria-label': 'Dashboards' }, make('ul', {}, links));
}

export function links(page) {
  const list = ofBoard(page);
  return list.length === 0 ? '' : make('nav', { 'aria-label': 'Links' }, make('ul', {}, list.map((link) => make('li', {}, link))));
}

// time returns the controls of the time range, the refresh and the theme.
export function time(page) {
  return make('div', { class: 'time', role: 'group', 'aria-label': 'Time' },
    button('Earlier', 'earlier', () => shift(page, -0.5)),
    quick(page), custom(page),
    button('Later', 'later', () => shift(page, 0.5)),
    button('Twice the time', 'wider', () => widen(page)),
    button('Refresh now', 'refresh', () => page.reload()),
    refresh(page), theme(page));
}

function button(name, key, press) {
  return make('button', { type: 'button', class: 'icon', 'aria-label': name, title: name, 'data-key': key, onclick: press }, icon(key));
}

function select(name, key, options, chosen, change) {
  return make('select', { 'aria-label': name, 'data-key': key, onchange: (event) => change(event.target.value) },
    options.map(([value, text]) => make('option', { value, selected: value === chosen }, text)));
}

function quick(page) {
  const { from, to } = page.chosen;
  const span = to === 'now' ? from.replace(/^now-/, '') : '';
  const known = spans.some(([value]) => value === span);
  const options = spans.map(([value, text]) => [value, `Last ${text}`]);
  const given = known ? [] : [['', `${written(page, from)} to ${written(page, to)}`]];
  return select('Time range', 'range', [...given, ...options], known ? span : '', (value) => value && page.choose({ from: `now-${value}`, to: 'now' }));
}

const written = (page, text) => (text.startsWith('now') ? text : stamp(parse(text, page.now())));

// custom returns a form for any time range that Grafana accepts.
function custom(page) {
  const problem = make('p', { role: 'alert' });
  const field = (name, value) => make('label', {}, name, make('input', { name: name.toLowerCase(), value, autocomplete: 'off', spellcheck: 'false' }));
  const submit = (event) => {
    event.preventDefault();
    const [from, to] = ['from', 'to'].map((name) => event.target.elements[name].value.trim());
    if (parse(from, page.now()) < parse(to, page.now(), true)) page.choose({ from, to });
    else problem.textContent = 'From must be a time before to: now-6h, 2026-01-31 18:00, or milliseconds.';
  };
  return popup('Times', 'times', icon('more'), make('form', { onsubmit: submit },
    field('From', written(page, page.chosen.from)), field('To', written(page, page.chosen.to)), make('button', {}, 'Apply'), problem));
}

function shift(page, share) {
  const { from, to } = page.range;
  const by = (to - from) * share;
  page.choose({ from: milliseconds(from + by), to: milliseconds(to + by) });
}

function widen(page) {
  const { from, to } = page.range;
  const half = (to - from) / 2;
  page.choose({ from: milliseconds(from - half), to: milliseconds(to + half) });
}

const milliseconds = (seconds) => String(Math.round(seconds * 1000));

function refresh(page) {
  const chosen = page.chosen.refresh ?? '';
  const values = refreshes.includes(chosen) || !(duration(chosen) > 0) ? refreshes : [...refreshes, chosen];
  return select('Refresh', 'every', values.map((v) => [v, v ? `every ${v}` : 'no refresh']), chosen, (value) => page.choose({ refresh: value || 'off' }));
}

function theme(page) {
  const names = [['', 'theme: system'], ['light', 'light'], ['dark', 'dark']];
  return select('Theme', 'theme', names, page.chosen.theme ?? '', (value) => page.choose({ theme: value || null }));
}

// popup returns a button that opens a box. Escape closes the box.
function popup(name, key, shown, content) {
  const box = make('details', { class: 'popup', 'data-popup': key },
    make('summary', { 'aria-label': name, 'data-key': key }, shown), make('div', { class: 'box' }, content));
  box.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !box.open) return;
    box.open = false;
    box.querySelector('summary').focus();
  });
  box.addEventListener('focusout', (event) => {
    if (event.relatedTarget && !box.contains(event.relatedTarget)) box.open = false;
  });
  return box;
}

// variables returns a control for each visible variable.
export function variables(page) {
  const list = page.variables.filter((v) => !v.isHidden).map((v) => make('div', { class: 'variable' },
    control(v, page), v.error ? make('p', { class: 'note' }, `${v.label}: ${v.error}`) : null));
  return make('div', { class: 'variables', role: 'group', 'aria-label': 'Variables' }, list);
}

function control(variable, page) {
  const choose = (values) => page.choose({ variables: new Map([...page.chosen.variables, [variable.name, values]]) });
  if (variable.isMulti) return several(variable, choose);
  if (variable.type === 'textbox') return typed(variable, choose);
  const options = [...(variable.hasAll ? [[all, 'All']] : []), ...variable.options.map((o) => [o.value, o.text])];
  return make('label', {}, variable.label, select(variable.label, `var ${variable.name}`, options, variable.chosen[0], (value) => choose([value])));
}

function typed(variable, choose) {
  return make('label', {}, variable.label, make('input', {
    value: variable.chosen[0] ?? '', 'data-key': `var ${variable.name}`, autocomplete: 'off', spellcheck: 'false',
    onchange: (event) => choose([event.target.value]),
  }));
}

// several returns check boxes. If the variable has "All", clearing every box selects
// All.
function several(variable, choose) {
  const shown = variable.chosen[0] === all ? 'All' : variable.chosen.map((v) => variable.options.find((o) => o.value === v)?.text ?? v).join(', ');
  const toggle = (value, isOn) => {
    if (value === all) return choose([all]);
    const kept = variable.chosen.filter((v) => v !== all && v !== value);
    choose(isOn ? [...kept, value] : kept.length > 0 ? kept : variable.hasAll ? [all] : variable.chosen);
  };
  const box = ({ value, text }) => make('label', {}, make('input', {
    type: 'checkbox', checked: variable.chosen.includes(value), 'data-key': `var ${variable.name} ${value}`,
    onchange: (event) => toggle(value, event.target.checked),
  }), text);
  const options = [...(variable.hasAll ? [{ value: all, text: 'All' }] : []), ...variable.options];
  return popup(`${variable.label}: ${shown || 'none'}`, `var ${variable.name}`, `${variable.label}: ${shown || 'none'}`,
    make('fieldset', {}, make('legend', {}, variable.label), options.map(box)));
}
