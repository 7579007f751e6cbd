// A map of points in three dimensions, drawn on a plain canvas and turned by its reader.

const SHADES = 48; // levels of depth shading
const RAMP = 128; // colours of a scale of values
const FOCAL = 3.2; // distance of the eye, in radii of the cloud
const START = { yaw: 0.6, pitch: 0.42, zoom: 1 };

class PointMap {
  constructor(figure) {
    this.figure = figure;
    this.canvas = figure.querySelector(".stage > canvas");
    this.context = this.canvas.getContext("2d");
    this.layer = document.createElement("canvas");
    this.tip = figure.querySelector(".tip");
    this.data = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
    this.view = { ...START };
    this.pending = false;
    this.turning = false;
    this.unpack();
    figure.querySelector(".stage").hidden = false;
    figure.querySelector(".controls").hidden = false;
    this.connect();
    new ResizeObserver(() => this.resize()).observe(this.canvas);
    this.recolour();
  }

  /** Coordinates around the middle of the frame, in units of the frame's half diagonal. */
  unpack() {
    const { data } = this;
    const n = (this.count = data.count);
    const middle = data.box.map(([low, high]) => (low + high) / 2);
    const reach = Math.hypot(...data.box.map(([low, high]) => (high - low) / 2)) || 1;
    const placed = (packed) => numbers(packed, true).map((step, i) =>
      (data.centre[i % 3] + (step * data.scale) / 32767 - middle[i % 3]) / reach);
    this.points = placed(data.points);
    this.curves = data.curves.map((group) => ({ ...group, points: placed(group.points), shown: true }));
    this.middle = middle;
    this.reach = reach;
    this.frame = data.box.map(([low, high], axis) =>
      [low, high].map((value) => (value - middle[axis]) / reach));
    this.labels = data.labels ? numbers(data.labels, false) : null;
    this.values = data.values ? numbers(data.values, false) : null;
    this.shown = data.names.map(() => true);
    this.x = new Float32Array(n);
    this.y = new Float32Array(n);
    this.size = new Float32Array(n);
    this.depth = new Float32Array(n);
    this.order = new Uint32Array(n);
    if (data.thumbnails) {
      this.sheet = new Image();
      this.sheet.src = data.thumbnails.address;
    }
  }

  // what is drawn
  recolour() {
    this.paper = resolveColour(this.figure, "var(--paper)");
    this.line = resolveColour(this.figure, "var(--rule)");
    this.ink = resolveColour(this.figure, "var(--quiet)");
    let colours = [this.ink];
    if (this.values) {
      const stops = this.data.valueColours.map((colour) => resolveColour(this.figure, colour));
      colours = ramp(stops, RAMP);
    } else if (this.labels) {
      colours = this.data.colours.map((colour) => resolveColour(this.figure, colour));
    }
    const fog = isDark() ? 0.5 : 0.62;
    for (const group of this.curves) {
      const colour = resolveColour(this.figure, group.colour);
      group.shades = Array.from({ length: SHADES }, (_, s) => `rgb(${mix(colour, this.paper, (fog * s) / (SHADES - 1))})`);
    }
    // One row of shades for each colour: near points pure, far points towards the paper.
    this.shades = new Uint8Array(colours.length * SHADES * 3);
    colours.forEach((colour, c) => {
      for (let s = 0; s < SHADES; s++)
        this.shades.set(mix(colour, this.paper, (fog * s) / (SHADES - 1)), (c * SHADES + s) * 3);
    });
    this.draw();
  }

  resize() {
    const ratio = Math.min(devicePixelRatio || 1, 2);
    const box = this.canvas.getBoundingClientRect();
    const width = Math.round(box.width * ratio);
    const height = Math.round(box.height * ratio);
    if (!width || !height) return;
    if (width === this.canvas.width && height === this.canvas.height) return;
    this.ratio = ratio;
    for (const canvas of [this.canvas, this.layer]) {
      canvas.width = width;
      canvas.height = height;
    }
    this.pixels = null;
    this.draw();
  }

  draw() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.paint();
    });
  }

  paint() {
    if (!this.ratio) return;
    const { width, height } = this.canvas;
    this.prepareView(width, height);
    this.project();
    this.context.clearRect(0, 0, width, height);
    this.paintFrame();
    this.paintPoints(width, height);
    for (const group of this.curves) if (group.shown) this.paintCurves(group);
  }

  prepareView(width, height) {
    const shortest = Math.min(width, height) / this.ratio;
    this.dot = Math.min(4.2, Math.max(1.5, 150 / Math.sqrt(this.count))) * Math.min(1, Math.max(0.7, shortest / 560));
    const { yaw, pitch, zoom } = this.view;
    this.turn = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
    this.radius = Math.min(width * 0.5, height * 0.51) * zoom;
    this.centre = [width / 2, height * 0.455];
  }

  /** Place of one point on the canvas: [x, y, depth, magnification]. */
  place(x, y, z) {
    const [cosYaw, sinYaw, cosPitch, sinPitch] = this.turn;
    const across = x * cosYaw - y * sinYaw;
    const away = x * sinYaw + y * cosYaw;
    const depth = away * cosPitch - z * sinPitch;
    const up = away * sinPitch + z * cosPitch;
    const scale = FOCAL / Math.max(FOCAL + depth, 0.2);
    const unit = this.radius * scale;
    return [this.centre[0] + across * unit, this.centre[1] - up * unit, depth, scale];
  }

  /** Project all points and sort them, the farthest first, by counting. */
  project() {
    const { points, count, x, y, size, depth, order } = this;
    const BUCKETS = 512;
    const starts = new Uint32Array(BUCKETS + 1);
    const bucket = (d) => Math.min(BUCKETS - 1, Math.max(0, Math.floor((1.2 - d) * (BUCKETS / 2.4))));
    for (let i = 0; i < count; i++) {
      const placed = this.place(points[3 * i], points[3 * i + 1], points[3 * i + 2]);
      [x[i], y[i], depth[i], size[i]] = placed;
      starts[bucket(depth[i]) + 1]++;
    }
    for (let b = 0; b < BUCKETS; b++) starts[b + 1] += starts[b];
    for (let i = 0; i < count; i++) order[starts[bucket(depth[i])]++] = i;
  }

  paintFrame() {
    const { context, frame, data, ratio } = this;
    const corner = (i, j, k) => this.place(frame[0][i], frame[1][j], frame[2][k]);
    context.lineWidth = ratio;
    context.strokeStyle = `rgb(${this.line})`;
    context.beginPath();
    const ends = [0, 1];
    for (const a of ends) for (const b of ends)
      for (const edge of [[corner(0, a, b), corner(1, a, b)], [corner(a, 0, b), corner(a, 1, b)],
        [corner(a, b, 0), corner(a, b, 1)]]) {
        context.moveTo(edge[0][0], edge[0][1]);
        context.lineTo(edge[1][0], edge[1][1]);
      }
    context.stroke();
    context.fillStyle = `rgb(${this.ink})`;
    context.font = `${11.5 * ratio}px ${getComputedStyle(this.tip).fontFamily}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    this.written = []; // where: no text is put on another
    for (const axis of [0, 1, 2]) this.paintAxis(axis, data.box[axis], data.axes[axis]);
  }

  /** Write an axis's name and ends beside the edge whose middle lies farthest out and below. */
  paintAxis(axis, [low, high], name) {
    const others = [0, 1, 2].filter((other) => other !== axis);
    let best = null;
    for (const a of [0, 1]) for (const b of [0, 1]) {
      const at = (value) => {
        const point = [0, 0, 0];
        point[axis] = value;
        point[others[0]] = this.frame[others[0]][a];
        point[others[1]] = this.frame[others[1]][b];
        return this.place(...point);
      };
      const start = at(this.frame[axis][0]);
      const end = at(this.frame[axis][1]);
      const x = (start[0] + end[0]) / 2 - this.centre[0];
      const y = (start[1] + end[1]) / 2 - this.centre[1];
      const merit = axis === 2 ? -x : y + 0.05 * Math.abs(x);
      if (!best || merit > best.merit) best = { merit, start, end, x, y };
    }
    const length = Math.hypot(best.end[0] - best.start[0], best.end[1] - best.start[1]);
    if (length < 60 * this.ratio) return;
    let normal = [-(best.end[1] - best.start[1]) / length, (best.end[0] - best.start[0]) / length];
    if (normal[0] * best.x + normal[1] * best.y < 0) normal = normal.map((value) => -value);
    const write = (text, t, gap) => {
      const x = best.start[0] + (best.end[0] - best.start[0]) * t + normal[0] * gap * this.ratio;
      const y = best.start[1] + (best.end[1] - best.start[1]) * t + normal[1] * gap * this.ratio;
      const near = ([a, b]) => Math.abs(a - x) < 36 * this.ratio && Math.abs(b - y) < 13 * this.ratio;
      if (this.written.some(near)) return;
      this.written.push([x, y]);
      this.context.fillText(text, x, y);
    };
    this.context.font = this.context.font.replace(/^[\d.]+/, String(14 * this.ratio));
    write(name, 0.5, 17);
    this.context.font = this.context.font.replace(/^[\d.]+/, String(11.5 * this.ratio));
    write(written(low), 0.06, 15);
    write(written(high), 0.94, 15);
  }

  /** Draw the points as soft-edged discs into one buffer of pixels, far ones first. */
  paintPoints(width, height) {
    const layer = this.layer.getContext("2d");
    this.pixels ??= layer.createImageData(width, height);
    const buffer = this.pixels.data;
    buffer.fill(0);
    for (const i of this.order) {
      const label = this.labels ? this.labels[i] : 0;
      if (this.labels && !this.shown[label]) continue;
      const colour = this.values ? Math.floor((this.values[i] / 65536) * RAMP) : label;
      const fog = Math.min(1, Math.max(0, (this.depth[i] + 0.75) / 1.5));
      const shade = (colour * SHADES + Math.round(fog * (SHADES - 1))) * 3;
      const radius = this.dot * this.ratio * this.size[i] * Math.sqrt(this.view.zoom);
      disc(buffer, width, height, this.x[i], this.y[i], radius, this.shades, shade);
    }
    layer.putImageData(this.pixels, 0, 0);
    this.context.drawImage(this.layer, 0, 0);
  }

  /** Draw the lines of a group over the points: each piece shaded by its depth, on a seam of paper. */
  paintCurves({ points, counts, shades, dashed }) {
    const { context, ratio } = this;
    const stroke = (from, to) => {
      context.beginPath();
      context.moveTo(from[0], from[1]);
      context.lineTo(to[0], to[1]);
      context.stroke();
    };
    context.lineCap = dashed ? "butt" : "round";
    let first = 0;
    for (const count of counts) {
      const line = Array.from({ length: count }, (_, i) => this.place(...points.subarray(3 * (first + i), 3 * (first + i) + 3)));
      first += count;
      context.globalAlpha = dashed ? 0.6 : 0.8;
      context.strokeStyle = `rgb(${this.paper})`;
      context.lineWidth = (dashed ? 4 : 5.4) * ratio;
      context.beginPath();
      for (const [x, y] of line) context.lineTo(x, y);
      context.stroke();
      context.globalAlpha = 1;
      context.lineWidth = (dashed ? 1.5 : 2.5) * ratio;
      if (dashed) context.setLineDash([5 * ratio, 3.5 * ratio]);
      let passed = 0;
      for (let i = 1; i < count; i++) {
        const [from, to] = [line[i - 1], line[i]];
        const fog = Math.min(1, Math.max(0, (to[2] + 0.75) / 1.5));
        context.strokeStyle = shades[Math.round(0.6 * fog * (SHADES - 1))]; // lines fade less than points
        context.lineDashOffset = passed;
        stroke(from, to);
        passed += Math.hypot(to[0] - from[0], to[1] - from[1]);
      }
      context.setLineDash([]);
    }
    context.lineCap = "butt";
  }

  // what the reader does
  connect() {
    const { canvas, figure } = this;
    const held = new Map();
    let spread = 0;
    const distance = () => {
      const [a, b] = [...held.values()];
      return Math.hypot(a.x - b.x, a.y - b.y);
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      try { canvas.setPointerCapture(event.pointerId); } catch { /* a pointer already gone */ }
      held.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (held.size === 2) spread = distance();
      this.setTurning(false);
      this.point(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      const last = held.get(event.pointerId);
      if (!last) return this.point(event);
      const step = { x: event.clientX - last.x, y: event.clientY - last.y };
      held.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (step.x || step.y) this.tip.hidden = true;
      if (held.size === 2) {
        const now = distance();
        this.zoomBy(now / (spread || now));
        spread = now;
      }
      this.turnBy((step.x * 0.0085) / held.size, (step.y * 0.0085) / held.size);
    });
    const release = (event) => held.delete(event.pointerId);
    canvas.addEventListener("pointerup", release);
    canvas.addEventListener("pointercancel", release);
    canvas.addEventListener("pointerleave", () => (this.tip.hidden = true));
    canvas.addEventListener("wheel", (event) => {
      // The page scrolls on until the map has been clicked or tabbed to.
      if (document.activeElement !== canvas && !event.ctrlKey) return;
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 16 : 1;
      this.zoomBy(Math.exp(-event.deltaY * lines * 0.0015));
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => this.key(event));
    for (const button of figure.querySelectorAll("[data-class]"))
      button.addEventListener("click", () => this.toggle(button));
    for (const button of figure.querySelectorAll("[data-curves]"))
      button.addEventListener("click", () => this.toggleCurves(button));
    this.turnButton = figure.querySelector('[data-action="turn"]');
    this.turnButton.hidden = stillness.matches;
    this.turnButton.addEventListener("click", () => this.setTurning(!this.turning));
    figure.querySelector('[data-action="reset"]').addEventListener("click", () => this.reset());
    if (this.values) this.addScale();
  }

  key(event) {
    const actions = {
      ArrowLeft: () => this.turnBy(-0.09, 0),
      ArrowRight: () => this.turnBy(0.09, 0),
      ArrowUp: () => this.turnBy(0, -0.09),
      ArrowDown: () => this.turnBy(0, 0.09),
      "+": () => this.zoomBy(1.15),
      "=": () => this.zoomBy(1.15),
      "-": () => this.zoomBy(1 / 1.15),
      Home: () => this.reset(),
    };
    if (!(event.key in actions) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    actions[event.key]();
  }

  turnBy(yaw, pitch) {
    this.view.yaw += yaw;
    this.view.pitch = Math.min(Math.PI / 2, Math.max(-Math.PI / 2, this.view.pitch + pitch));
    this.draw();
  }

  zoomBy(factor) {
    this.view.zoom = Math.min(12, Math.max(0.4, this.view.zoom * factor));
    this.draw();
  }

  reset() {
    this.view = { ...START };
    this.setTurning(false);
    this.draw();
  }

  toggle(button) {
    const index = Number(button.dataset.class);
    this.shown[index] = !this.shown[index];
    button.setAttribute("aria-pressed", String(this.shown[index]));
    this.tip.hidden = true;
    this.draw();
  }

  toggleCurves(button) {
    const group = this.curves[Number(button.dataset.curves)];
    group.shown = !group.shown;
    button.setAttribute("aria-pressed", String(group.shown));
    this.draw();
  }

  setTurning(on) {
    if (on === this.turning) return;
    this.turning = on;
    this.turnButton.setAttribute("aria-pressed", String(on));
    let last = performance.now();
    const step = (now) => {
      if (!this.turning) return;
      this.turnBy((now - last) * 0.00025, 0);
      last = now;
      requestAnimationFrame(step);
    };
    if (on) requestAnimationFrame(step);
  }

  addScale() {
    const scale = document.createElement("div");
    scale.className = "scale";
    const bar = document.createElement("i");
    bar.style.background = `linear-gradient(to right, ${this.data.valueColours.join(", ")})`;
    const [low, high] = this.data.valueText;
    scale.append(this.data.valueName, " ", low, bar, high);
    this.figure.querySelector(".legend").append(scale);
  }

  // the point under the pointer
  point(event) {
    const box = this.canvas.getBoundingClientRect();
    const x = event.clientX - box.left;
    const y = event.clientY - box.top;
    const found = this.nearest(x * this.ratio, y * this.ratio);
    this.tip.hidden = found < 0;
    if (found < 0) return;
    this.describe(found);
    const left = x > box.width / 2 ? x - this.tip.offsetWidth - 14 : x + 14;
    const top = Math.min(Math.max(0, y - 20), box.height - this.tip.offsetHeight);
    this.tip.style.transform = `translate(${Math.max(0, left)}px, ${top}px)`;
  }

  nearest(x, y) {
    let found = -1;
    let least = 9 * this.ratio;
    for (const i of this.order) {
      if (this.labels && !this.shown[this.labels[i]]) continue;
      const away = Math.hypot(this.x[i] - x, this.y[i] - y);
      if (away <= least) [found, least] = [i, Math.max(away, 2 * this.ratio)];
    }
    return found;
  }

  describe(i) {
    const { data, tip } = this;
    const place = [0, 1, 2].map((axis) => this.middle[axis] + this.points[3 * i + axis] * this.reach);
    const lines = [place.map((value) => value.toFixed(2).replace("-", "−")).join(", ")];
    if (this.values) {
      const [low, high] = data.valueRange;
      lines.unshift(`${data.valueName} ${written(low + (this.values[i] / 65535) * (high - low))}`);
    }
    if (this.labels) lines.unshift(data.names[this.labels[i]]);
    tip.querySelector("span").textContent = lines.join("\n");
    if (!this.sheet?.complete) return;
    const { width, height, columns } = data.thumbnails;
    const image = tip.querySelector("canvas");
    image.hidden = false;
    image.width = width;
    image.height = height;
    image.getContext("2d").drawImage(
      this.sheet, (i % columns) * width, Math.floor(i / columns) * height, width, height,
      0, 0, width, height);
  }
}

for (const figure of document.querySelectorAll("figure.cloud")) maps.push(new PointMap(figure));
themeChanged();
