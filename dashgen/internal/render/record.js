// Runs in a page before the page's scripts. A canvas's context records its drawing
// operations as SVG, in canvas.recorded. Only the methods that the preview's charts
// use exist.
(() => {
  let clips = 0;
  const short = (n) => Number(n.toFixed(2));
  const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

  class Path {
    constructor(other) { this.d = other?.d ?? ''; }
    moveTo(x, y) { this.d += `M${short(x)} ${short(y)}`; }
    // On a canvas, a line without a start point is a move.
    lineTo(x, y) { this.d += `${this.d ? 'L' : 'M'}${short(x)} ${short(y)}`; }
    rect(x, y, w, h) { this.d += `M${short(x)} ${short(y)}h${short(w)}v${short(h)}h${short(-w)}z`; }
    bezierCurveTo(...points) { this.d += `C${points.map(short).join(' ')}`; }
    closePath() { this.d += 'z'; }
    // Charts only draw whole circles, as points.
    arc(x, y, r) {
      const half = (width) => `a${short(r)} ${short(r)} 0 1 0 ${short(width)} 0`;
      this.d += `M${short(x - r)} ${short(y)}${half(2 * r)}${half(-2 * r)}z`;
    }
  }

  const plain = () => ({
    fillStyle: '#000', strokeStyle: '#000', lineWidth: 1, lineJoin: 'miter', lineCap: 'butt', globalAlpha: 1, font: '10px sans-serif',
    textAlign: 'start', textBaseline: 'alphabetic', dash: [], matrix: new DOMMatrix(), clipId: null,
  });

  class Context {
    constructor(canvas) {
      this.canvas = canvas;
      this.real = new OffscreenCanvas(1, 1).getContext('2d');
      this.kept = [];
      this.path = new Path();
      Object.assign(this, plain());
    }

    save() { this.kept.push(Object.fromEntries(Object.keys(plain()).map((key) => [key, this[key]]))); }
    restore() { Object.assign(this, this.kept.pop()); }
    translate(x, y) { this.matrix = this.matrix.translate(x, y); }
    rotate(angle) { this.matrix = this.matrix.rotate((angle * 180) / Math.PI); }
    setLineDash(dash) { this.dash = dash; }
    beginPath() { this.path = new Path(); }
    moveTo(...at) { this.path.moveTo(...at); }
    lineTo(...at) { this.path.lineTo(...at); }
    rect(...box) { this.path.rect(...box); }
    measureText(text) { this.real.font = this.font; return this.real.measureText(text); }

    // Charts only clear the whole canvas.
    clearRect() { this.canvas.recorded = []; }

    put(tag, attributes, text) {
      const { a, b, c, d, e, f } = this.matrix;
      const all = {
        ...attributes,
        transform: this.matrix.isIdentity ? null : `matrix(${[a, b, c, d, e, f].map(short).join(' ')})`,
        opacity: this.globalAlpha === 1 ? null : this.globalAlpha,
      };
      const written = Object.entries(all).filter(([, v]) => v !== null).map(([key, v]) => ` ${key}="${escape(v)}"`).join('');
      const element = text === undefined ? `<${tag}${written}/>` : `<${tag}${written}>${escape(text)}</${tag}>`;
      (this.canvas.recorded ??= []).push(this.clipId ? `<g clip-path="url(#${this.clipId})">${element}</g>` : element);
    }

    clip(path = this.path) {
      const id = `clip${++clips}`;
      const outer = this.clipId ? ` clip-path="url(#${this.clipId})"` : '';
      (this.canvas.recorded ??= []).push(`<clipPath id="${id}"${outer}><path d="${path.d}"/></clipPath>`);
      this.clipId = id;
    }

    fill(path = this.path) { if (path.d) this.put('path', { d: path.d, fill: this.fillStyle }); }
    fillRect(...box) { const path = new Path(); path.rect(...box); this.fill(path); }

    stroke(path = this.path) {
      if (!path.d) return;
      this.put('path', {
        d: path.d, fill: 'none', stroke: this.strokeStyle, 'stroke-width': this.lineWidth, 'stroke-linejoin': this.lineJoin, 'stroke-linecap': this.lineCap,
        'stroke-dasharray': this.dash.length ? this.dash.join(' ') : null,
      });
    }

    // SVG viewers differ in baselines, so the text is moved to the alphabetic baseline.
    fillText(text, x, y) {
      const size = this.measureText(text);
      this.real.textBaseline = this.textBaseline;
      const moved = size.fontBoundingBoxAscent - this.real.measureText(text).fontBoundingBoxAscent;
      this.real.textBaseline = 'alphabetic';
      const [, weight, px, family] = this.font.match(/^(.*?)([\d.]+)px (.*)$/);
      this.put('text', {
        x: short(x), y: short(y + moved), 'font-size': px, 'font-family': family, 'font-weight': weight.trim() || null, fill: this.fillStyle,
        'text-anchor': { center: 'middle', right: 'end', end: 'end' }[this.textAlign] ?? null, textLength: short(size.width), lengthAdjust: 'spacingAndGlyphs',
      }, text);
    }
  }

  const contexts = new WeakMap();
  window.Path2D = Path;
  HTMLCanvasElement.prototype.getContext = function getContext() {
    if (!contexts.has(this)) contexts.set(this, new Context(this));
    return contexts.get(this);
  };
})();
