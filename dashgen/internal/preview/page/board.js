// The page: one board, at the address it was opened under.

import { read, write } from './address.js';
import * as controls from './controls.js';
import { make } from './element.js';
import { events } from './event.js';
import { duration, parse } from './moment.js';
import { rows } from './rows.js';
import { resolve, values } from './variable.js';

const root = document.documentElement;
const place = (id) => document.getElementById(id);

async function json(path) {
  const reply = await fetch(path);
  if (!reply.ok) throw new Error(`${path}: ${reply.status}`);
  return reply.json();
}

// Everything that draws gets this one object.
const page = {
  about: null, board: null, chosen: null, variables: [], range: null, events: [], rows: [],
  signal: null, choose, reload, track, now: () => Date.now() / 1000,
};

let stop = new AbortController();
let timer = 0;
let shownAlone = null;

async function open() {
  page.chosen = read(location);
  page.about = await json('/about.json');
  page.board = await json(`/boards/${page.chosen.uid}`);
  addEventListener('popstate', () => {
    page.chosen = read(location);
    show();
  });
  await show();
}

// choose changes what is chosen, keeps it in the address, and shows it.
async function choose(change) {
  const before = page.chosen;
  page.chosen = { ...before, ...change };
  history.pushState(null, '', write(page.chosen));
  await show();
  if ('panel' in change) document.querySelector(`#panel-${change.panel ?? before.panel} .larger`)?.focus();
}

// show builds the page for what is chosen, and loads it.
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

// complete fills in what the address left open, from the board.
function complete() {
  const { chosen, board } = page;
  chosen.from ||= board.time?.from ?? 'now-6h';
  chosen.to ||= board.time?.to ?? 'now';
  chosen.refresh ||= board.refresh || 'off';
}

// reload asks everything again, as of now.
async function reload() {
  clearTimeout(timer);
  stop.abort();
  stop = new AbortController();
  const signal = (page.signal = stop.signal);
  root.dataset.state = 'loading';
  const now = page.now();
  page.range = { from: parse(page.chosen.from, now), to: parse(page.chosen.to, now, true) };
  try {
    await prepare(signal);
    await track(page.rows.flatMap((row) => row.load(signal)));
  } catch (error) {
    if (signal.aborted) return;
    problem(error.message);
    root.dataset.state = 'failed';
  }
  again(signal);
}

async function prepare(signal) {
  if (!(page.range.from < page.range.to)) throw new Error(`The time from ${page.chosen.from} to ${page.chosen.to} is none.`);
  page.variables = await resolve(page.board, page.chosen.variables, page.range, signal);
  const scope = { range: page.range, variables: values(page.variables), scrapeInterval: page.about.scrapeInterval, signal };
  const found = await events(page.board, scope);
  page.events = found.events;
  problem(found.problems.join(' '));
  build('controls', controls.links(page), controls.variables(page), controls.time(page));
  if (page.rows.length > 0) return;
  page.rows = rows(page);
  place('panels').replaceChildren(...page.rows.map((row) => row.element));
  if (page.rows.length === 0) problem(page.chosen.panel ? `This board has no panel ${page.chosen.panel}.` : 'This board has no panels.');
}

// track says in data-state of the whole page when panels are loaded.
async function track(loading) {
  const { signal } = page;
  root.dataset.state = 'loading';
  await Promise.all(loading);
  if (!signal.aborted) root.dataset.state = 'drawn';
}

// again comes back after the time that was chosen, while the page is looked at.
function again(signal) {
  const every = duration(page.chosen.refresh);
  if (signal.aborted || !(every > 0)) return;
  timer = setTimeout(() => (document.hidden ? again(signal) : reload()), every * 1000);
}

// build replaces a part of the page; what was open stays open, and the focus
// where it was.
function build(id, ...children) {
  const part = place(id);
  const isWithin = part.contains(document.activeElement);
  const focused = isWithin ? document.activeElement.dataset.key : null;
  const opened = [...part.querySelectorAll('details[open]')].map((d) => d.dataset.popup);
  part.replaceChildren(...children);
  for (const details of part.querySelectorAll('details')) details.open = opened.includes(details.dataset.popup);
  if (focused) part.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

function problem(text) {
  place('problem').replaceChildren(...(text ? [make('p', {}, text)] : []));
}

open().catch((error) => {
  problem(`The board could not be opened: ${error.message}`);
  root.dataset.state = 'failed';
});
