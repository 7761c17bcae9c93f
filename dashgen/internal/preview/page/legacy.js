// Dashboards of older Grafanas in today's form: panels in rows with spans (before
// Grafana 5), and the panel types graph and singlestat (before Grafana 11).

import { graph } from './graph.js';
import { member } from './member.js';
import { singlestat } from './singlestat.js';

const columns = 24;
const cell = 38; // pixels: a cell, and the gap below it

// modern returns a dashboard whose panels are in the grid, and of today's types.
export function modern(board) {
  const panels = board.panels?.length ? board.panels : placed(board.rows ?? []);
  return { ...board, panels: panels.map(renewed) };
}

const types = { graph, singlestat, 'grafana-singlestat-panel': singlestat };

function renewed(panel) {
  if (panel.panels?.length) panel = { ...panel, panels: panel.panels.map(renewed) };
  return member(types, panel.type)?.(panel) ?? panel;
}

// placed puts the panels of rows into the grid. If any row shows its title, every row
// becomes a row of the grid.
function placed(rows) {
  const isTitled = rows.some((row) => row.showTitle || row.collapse || row.repeat);
  const state = { y: 0, id: 100000 };
  return rows.flatMap((row) => {
    const head = { type: 'row', title: row.title, repeat: row.repeat, collapsed: Boolean(row.collapse), panels: [], gridPos: { x: 0, y: state.y, w: columns, h: 1 } };
    if (isTitled) state.y += 1;
    const panels = line(row, state);
    if (!isTitled) return panels;
    return head.collapsed ? [{ ...head, panels }] : [head, ...panels];
  });
}

// line places the panels of a row from left to right, and below each other where they
// do not fit.
function line(row, state) {
  let x = 0;
  let height = 0;
  const panels = (row.panels ?? []).map((panel) => {
    const w = Math.min(columns, Math.max(1, Math.floor((panel.span || 4) * 2)));
    const h = cells(panel.height ?? row.height);
    if (x + w > columns) {
      state.y += height;
      [x, height] = [0, 0];
    }
    const gridPos = { x, y: state.y, w, h };
    x += w;
    height = Math.max(height, h);
    return { ...panel, id: panel.id ?? state.id++, gridPos };
  });
  state.y += height;
  return panels;
}

function cells(height) {
  const pixels = parseInt(height, 10) || 250;
  return Math.max(3, Math.ceil(pixels / cell));
}
