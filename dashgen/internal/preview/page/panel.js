// A panel: its heading, its content or the reason why there is none, and its
// description.

import { frames } from './query.js';
import { bars } from './bargauge.js';
import { make } from './element.js';
import { fill } from './template.js';
import { gauges } from './gauge.js';
import { heatmap } from './heatmap.js';
import { icon } from './icon.js';
import { single } from './link.js';
import { markdown } from './markdown.js';
import { member } from './member.js';
import { prose } from './text.js';
import { Unknown } from './source.js';
import { stat } from './stat.js';
import { states } from './statetimeline.js';
import { table } from './table.js';
import { timeseries } from './timeseries.js';
import { values } from './variable.js';

const kinds = { timeseries, stat, heatmap, table, gauge: gauges, bargauge: bars, text: prose, 'state-timeline': states, 'status-history': states };

// panel returns the element of a panel and a load(signal), which runs its queries
// and draws it. load never fails: an error is shown in the panel. data-state is
// drawn, empty, unknown or failed.
export function panel(model, page, level) {
  const id = `panel-${model.id}`;
  const title = make('h' + level, { id: `${id}-title` });
  const body = make('div', { class: 'body' });
  const notes = make('div', {
    id: `${id}-notes`, class: 'notes prose', hidden: true, tabindex: 0, role: 'region', 'aria-label': `About ${model.title}`,
  });
  const element = make('section', { id, class: 'panel', 'aria-labelledby': `${id}-title`, 'data-type': model.type, 'data-state': 'loading' },
    make('header', {}, title, about(model, notes), larger(model, page)), notes, make('div', { class: 'frame' }, body));
  const state = { model, element, title, body, notes, page, memory: { hidden: new Set() }, result: null, drawing: null };
  new ResizeObserver(() => resize(state)).observe(body);
  return { element, load: (signal) => load(state, signal) };
}

async function load(state, signal) {
  const { model, page, element } = state;
  const known = values(page.variables);
  state.named = { ...model, title: fill(model.title, known, 'text') };
  state.title.textContent = (state.named.title || kindName(model)) + once(model);
  state.notes.replaceChildren(...markdown(fill(model.description, known, 'text')), ...(model.links ?? []).map((link) => make('p', {}, single(page, link))));
  if (!member(kinds, model.type)) return note(state, 'unknown', `The preview does not draw panels of type ${model.type}; Grafana does.`);
  element.setAttribute('aria-busy', 'true');
  try {
    state.result = model.type === 'text' ? { frames: [] } : await frames(model, {
      board: page.board, range: page.range, variables: known, scrapeInterval: page.about.scrapeInterval,
      points: Math.max(100, Math.round(state.body.clientWidth || 600)), signal,
    });
    redraw(state);
  } catch (error) {
    if (signal.aborted) return;
    state.result = null;
    refuse(state, error);
  }
  element.removeAttribute('aria-busy');
}

// once marks a panel that Grafana repeats for each value of a variable.
export const once = ({ repeat }) => (repeat ? ` (once, not for each ${repeat})` : '');

const kindName = (model) => model.type[0].toUpperCase() + model.type.slice(1);
const sentence = (text) => `This panel could not be drawn: ${text}${/[.?!]$/.test(text) ? '' : '.'}`;

function redraw(state) {
  const { result, body, named, page, memory } = state;
  const focused = body.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  clear(state);
  if (named.type !== 'text' && result.frames.every((f) => f.values.every((v) => v === null))) {
    note(state, 'empty', named.fieldConfig?.defaults?.noValue ?? 'No data');
  } else {
    state.drawing = kinds[named.type](body, {
      panel: named, frames: result.frames, range: result.range ?? page.range, step: result.step, page, memory, redraw: () => attempt(state),
    });
    mark(state, 'drawn');
  }
  if (focused) body.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

// attempt draws the last result again, and shows an error in the panel.
function attempt(state) {
  try {
    redraw(state);
  } catch (error) {
    refuse(state, error);
  }
}

function refuse(state, error) {
  note(state, error instanceof Unknown ? 'unknown' : 'failed', sentence(error.message));
}

function resize(state) {
  const size = `${state.body.clientWidth} ${state.body.clientHeight}`;
  if (size !== state.size && state.drawing) attempt(state);
  state.size = size;
}

function clear(state) {
  state.drawing?.destroy?.();
  state.drawing = null;
  state.body.classList.remove('charted');
  state.body.replaceChildren();
  state.size = `${state.body.clientWidth} ${state.body.clientHeight}`;
}

function note(state, kind, text) {
  clear(state);
  state.body.append(make('p', { class: 'note' }, text));
  mark(state, kind);
}

// mark sets the panel's data-state. A body that scrolls gets into the tab order, so
// that the keyboard can scroll it.
function mark({ element, body, title }, kind) {
  element.dataset.state = kind;
  const scrolls = body.scrollHeight > body.clientHeight + 1 || body.scrollWidth > body.clientWidth + 1;
  for (const [name, value] of [['tabindex', '0'], ['role', 'region'], ['aria-label', title.textContent]]) {
    if (scrolls) body.setAttribute(name, value);
    else body.removeAttribute(name);
  }
}

// about returns the button that shows the description.
function about(model, notes) {
  if (!model.description && !model.links?.length) return null;
  const press = (event) => {
    notes.hidden = !notes.hidden;
    event.currentTarget.setAttribute('aria-expanded', String(!notes.hidden));
  };
  return make('button', {
    type: 'button', class: 'icon', 'aria-expanded': 'false', 'aria-controls': notes.id, 'aria-label': `About ${model.title}`, onclick: press,
  }, icon('about'));
}

// larger returns the button that shows one panel alone, or all panels again.
function larger(model, page) {
  const isAlone = page.chosen.panel === String(model.id);
  return make('button', {
    type: 'button', class: 'icon larger', 'aria-label': isAlone ? 'All panels' : `${model.title ?? ''} alone`, 'data-key': 'larger',
    onclick: () => page.choose({ panel: isAlone ? null : String(model.id) }),
  }, icon(isAlone ? 'close' : 'larger'));
}
