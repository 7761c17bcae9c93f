// The page: the dashboard at the page's address.

import { read, write } from './address.js';
import * as controls from './controls.js';
import { make } from './element.js';
import { annotations } from './annotation.js';
import { modern } from './legacy.js';
import { Away, instant } from './prometheus.js';
import { rows } from './rows.js';
import { fitting } from './span.js';
import { duration, parse } from './time.js';
import { resolve, values } from './variable.js';

const root = document.documentElement;
const place = (id) => document.getElementById(id);

async function json(path) {
  const reply = await fetch(path);
  if (!reply.ok) throw new Error(`${path}: ${reply.status}`);
  return reply.json();
}

// page is the state that all modules share.
const page = {
  about: null, board: null, chosen: null, variables: [], range: null, annotations: [], rows: [],
  signal: null, choose, reload, track, now: () => Date.now() / 1000,
};

let stop = new AbortController();
let timer = 0;
let shownAlone = null;
let isOpening = false;

async function open() {
  page.chosen = read(location);
  page.about = await json('/about.json');
  page.board = modern(await json(`/boards/${page.chosen.uid}`));
  addEventListener('popstate', () => {
    page.chosen = read(location);
    show();
  });
  await show();
}

// retry is how many seconds the page waits for a Prometheus that is away.
const retry = 5;

// choose changes the selection, writes it into the address, and shows it.
async function choose(change) {
  const before = page.chosen;
  page.chosen = { ...before, ...change };
  history.pushState(null, '', write(page.chosen));
  await show();
  if ('panel' in change) document.querySelector(`#panel-${change.panel ?? before.panel} .larger`)?.focus();
}

// show builds the page for the selection, and loads it.
async function show() {
  complete();
  root.dataset.theme = page.chosen.theme ?? 'system';
  document.body.classList.toggle('kiosk', page.chosen.kiosk);
  document.title = `${page.board.title ?? page.chosen.uid} · preview`;
  place('title').textContent = page.board.title ?? page.chosen.uid;
  build('boards', controls.boards(page));
  if (shownAlone !== page.chosen.panel) page.rows = [];
  shownAlone = page.chosen.panel;
  await reload();
}

// complete fills the selection with the defaults of the dashboard. reload replaces the
// time range of a page that opens without one.
function complete() {
  const { chosen, board } = page;
  isOpening = !chosen.from && !chosen.to && !chosen.kiosk;
  chosen.from ||= board.time?.from ?? 'now-6h';
  chosen.to ||= board.time?.to ?? 'now';
  chosen.refresh ||= board.refresh || 'off';
}

// reload runs all queries again, as of now.
async function reload() {
  clearTimeout(timer);
  stop.abort();
  stop = new AbortController();
  const signal = (page.signal = stop.signal);
  root.dataset.state = 'loading';
  let every = duration(page.chosen.refresh);
  try {
    const now = page.now();
    await instant('1', now, signal); // one message, and not one in each panel
    if (isOpening) Object.assign(page.chosen, await fitting(page.board, now));
    isOpening = false;
    page.range = { from: parse(page.chosen.from, now), to: parse(page.chosen.to, now, true) };
    await prepare(signal);
    await track(page.rows.flatMap((row) => row.load(signal)));
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof Away) every = retry;
    problem(capital(error.message));
    root.dataset.state = 'failed';
  }
  scheduleReload(signal, every);
}

const capital = (text) => text[0].toUpperCase() + text.slice(1);

async function prepare(signal) {
  if (!(page.range.from < page.range.to)) throw new Error(`The time range from ${page.chosen.from} to ${page.chosen.to} is not valid.`);
  page.variables = await resolve(page.board, page.chosen.variables, page.range, signal);
  const scope = { range: page.range, variables: values(page.variables), scrapeInterval: page.about.scrapeInterval, signal };
  const found = await annotations(page.board, scope);
  page.annotations = found.annotations;
  problem([...refused(), ...found.problems].join(' '), found.notices.join(' '));
  build('boards', controls.boards(page));
  build('controls', controls.links(page), controls.variables(page), controls.time(page));
  if (page.rows.length > 0) return;
  page.rows = rows(page);
  place('panels').replaceChildren(...page.rows.map((row) => row.element));
  if (page.rows.length === 0) problem(page.chosen.panel ? `This dashboard has no panel ${page.chosen.panel}.` : 'This dashboard has no panels.');
}

// refused returns a sentence for each variable that has not the value in the address.
function refused() {
  return page.variables.filter((v) => v.refused.length > 0 && !v.error && v.type !== 'datasource').map((v) =>
    `${v.label} has no value ${v.refused.join(', ')}: the dashboard shows ${v.chosen.join(', ').replace('$__all', 'All') || 'nothing'}.`);
}

// track sets the data-state of the whole page while panels load.
async function track(loading) {
  const { signal } = page;
  root.dataset.state = 'loading';
  await Promise.all(loading);
  if (!signal.aborted) root.dataset.state = 'drawn';
}

// scheduleReload reloads after so many seconds, if the page is visible.
function scheduleReload(signal, every) {
  if (signal.aborted || !(every > 0)) return;
  timer = setTimeout(() => (document.hidden ? scheduleReload(signal, every) : reload()), every * 1000);
}

// build replaces a part of the page, and restores open popups and the focus.
function build(id, ...children) {
  const part = place(id);
  const isWithin = part.contains(document.activeElement);
  const focused = isWithin ? document.activeElement.dataset.key : null;
  const opened = [...part.querySelectorAll('details[open]')].map((d) => d.dataset.popup);
  part.replaceChildren(...children);
  for (const details of part.querySelectorAll('details')) details.open = opened.includes(details.dataset.popup);
  if (focused) part.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

// problem shows what went wrong, and a notice of what only Grafana has.
function problem(text, notice) {
  place('problem').replaceChildren(...(text ? [make('p', {}, text)] : []), ...(notice ? [make('p', { class: 'notice' }, notice)] : []));
}

open().catch((error) => {
  problem(`The dashboard could not be opened: ${error.message}`);
  root.dataset.state = 'failed';
});
