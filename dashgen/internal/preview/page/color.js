// Colours: Grafana's names, the palette of series, and schemes for values.

import { member } from './member.js';

const hues = {
  red: ['#FFA6B0', '#FF7383', '#F2495C', '#E02F44', '#C4162A'],
  orange: ['#FFCB7D', '#FFB357', '#FF9830', '#FF780A', '#FA6400'],
  yellow: ['#FFF899', '#FFEE52', '#FADE2A', '#F2CC0C', '#E0B400'],
  green: ['#C8F2C2', '#96D98D', '#73BF69', '#56A64B', '#37872D'],
  blue: ['#C0D8FF', '#8AB8FF', '#5794F2', '#3274D9', '#1F60C4'],
  purple: ['#DEB6F2', '#CA95E5', '#B877D9', '#A352CC', '#8F3BB8'],
};
const shades = ['super-light-', 'light-', '', 'semi-dark-', 'dark-'];
const named = Object.fromEntries(Object.entries(hues).flatMap(([hue, list]) => list.map((hex, i) => [shades[i] + hue, hex])));

// hex returns a colour for CSS and canvases. CSS lacks some of Grafana's names, and
// has other colours for the rest.
export function hex(color) {
  if (color === 'text') return own('--text');
  return member(named, color) ?? (CSS.supports('color', color) ? color : '#808080');
}

// own returns a CSS property of the page's theme.
export function own(property) {
  return getComputedStyle(document.documentElement).getPropertyValue(property).trim();
}

const series = [
  '#73BF69', '#E0B400', '#5794F2', '#FF780A', '#F2495C', '#A352CC', '#1FA2A8', '#CA95E5', '#8AB8FF', '#C4162A',
  '#37872D', '#B8860B', '#3F6CC4', '#FF7383', '#7A9A2E', '#C15C17', '#6D5BD0', '#0E8074', '#D683CE', '#967302',
];

export function byIndex(index) {
  return series[index % series.length];
}

// byName returns the colour of a name, by its FNV-1a hash: a name has the same
// colour on every dashboard.
export function byName(name) {
  let hash = 0x811c9dc5;
  for (const letter of name) hash = Math.imul(hash ^ letter.codePointAt(0), 0x01000193);
  return series[(hash >>> 0) % series.length];
}

const schemes = {
  oranges: ['#fff5eb', '#fdd0a2', '#fd8d3c', '#d94801', '#7f2704'],
  blues: ['#f7fbff', '#c6dbef', '#6baed6', '#2171b5', '#08306b'],
  greens: ['#f7fcf5', '#c7e9c0', '#74c476', '#238b45', '#00441b'],
  reds: ['#fff5f0', '#fcbba1', '#fb6a4a', '#cb181d', '#67000d'],
  purples: ['#fcfbfd', '#dadaeb', '#9e9ac8', '#6a51a3', '#3f007d'],
  spectral: ['#9e0142', '#f46d43', '#ffffbf', '#66c2a5', '#5e4fa2'],
  rdylgn: ['#a50026', '#f46d43', '#ffffbf', '#66bd63', '#006837'],
  turbo: ['#30123b', '#4686fb', '#1ae4b6', '#a2fc3c', '#faba39', '#e4460a', '#7a0403'],
  viridis: ['#440154', '#3b528b', '#21918c', '#5ec962', '#fde725'],
  'continuous-grylrd': ['#73BF69', '#FADE2A', '#F2495C'],
  'continuous-rdylgr': ['#F2495C', '#FADE2A', '#73BF69'],
  'continuous-blylrd': ['#5794F2', '#FADE2A', '#F2495C'],
  'continuous-blpu': ['#5794F2', '#B877D9'],
};

export function scheme(name) {
  const key = String(name ?? '').toLowerCase();
  return member(schemes, key) ?? member(schemes, key.replace(/^continuous-/, ''));
}

// mix returns the colour of a scheme at part, 0 to 1.
export function mix(stops, part) {
  const at = Math.min(1, Math.max(0, part)) * (stops.length - 1);
  const from = rgb(stops[Math.floor(at)]);
  const to = rgb(stops[Math.ceil(at)]);
  const channel = (i) => Math.round(from[i] + (to[i] - from[i]) * (at % 1));
  return `rgb(${channel(0)}, ${channel(1)}, ${channel(2)})`;
}

function rgb(color) {
  const [, long] = color.match(/^#([0-9a-f]{6})$/i) ?? [];
  if (long) return [0, 2, 4].map((i) => parseInt(long.slice(i, i + 2), 16));
  const context = new OffscreenCanvas(1, 1).getContext('2d');
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

export function fade(color, opacity) {
  return `rgba(${rgb(color).join(', ')}, ${opacity})`;
}

// on returns the text colour on a background: black or white. One of the two
// always has a contrast of at least 4.5 (WCAG 2.2, 1.4.3).
export function on(color) {
  const [r, g, b] = rgb(color).map((c) => {
    const part = c / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? '#000000' : '#ffffff';
}
