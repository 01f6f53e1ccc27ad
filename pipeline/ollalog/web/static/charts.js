/* Charts as SVG, drawn at the width that there is. Marks carry their numbers; colours come from the style sheet. */
'use strict';

const charts = (() => {
  const { el, svg, tip } = dom;
  const LEFT = 46, RIGHT = 10, TOP = 10, BOTTOM = 22;
  const HOUR = 3600000, DAY = 24 * HOUR;
  const STEPS = [1000, 2000, 5000, 15000, 30000, 60000, 120000, 300000, 900000, 1800000, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY];
  const MONTH = 30.4 * DAY, MONTHS = [1, 2, 3, 6, 12, 24, 60, 120];
  const color = (number) => `var(--c${number % 10})`;

  function ticks(max, whole = false, wanted = 4) {
    if (!(max > 0)) return [0];
    const raw = max / wanted;
    const power = 10 ** Math.floor(Math.log10(raw));
    const units = whole ? [1, 2, 5, 10] : [1, 2, 2.5, 5, 10];
    const step = Math.max(whole ? 1 : 0, units.map((unit) => unit * power).find((unit) => unit >= raw));
    const found = [];
    for (let value = 0; value <= max * 1.0001; value += step) found.push(value);
    return found;
  }

  /* Round times of the zone's own clocks and calendar. */
  function timeTicks(from, to, width, zone) {
    const wanted = Math.max(2, Math.floor(width / 90));
    const begin = format.local(from, zone), found = [];
    let step = STEPS.find((length) => (to - from) / length <= wanted);
    if (step) for (let shown = Math.ceil(begin / step) * step; ; shown += step) { const at = format.instant(shown, zone); if (at > to) return { found, step }; if (at >= from) found.push(at); }
    const months = MONTHS.find((count) => (to - from) / (count * MONTH) <= wanted) || MONTHS[MONTHS.length - 1];
    step = months * MONTH;
    const first = new Date(begin).getUTCFullYear() * 12 + new Date(begin).getUTCMonth();
    for (let month = Math.ceil(first / months) * months; ; month += months) { const at = format.instant(Date.UTC(Math.floor(month / 12), month % 12), zone); if (at > to) return { found, step }; if (at >= from) found.push(at); }
  }

  function timeLabel(at, step, zone) {
    if (step < 60000) return format.dates(zone, { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(at);
    const time = format.dates(zone, { hour: '2-digit', minute: '2-digit' }).format(at);
    const day = format.dates(zone, step >= 12 * MONTH ? { year: 'numeric' } : step >= MONTH ? { month: 'short', year: 'numeric' } : { day: 'numeric', month: 'short' }).format(at);
    return step >= DAY || time === '00:00' ? day : time;
  }

  /* The frame of a chart over time: grid, axes, marks of events; draws what `body` adds, follows the pointer. */
  function frame(holder, options, body) {
    const width = Math.max(220, Math.floor(holder.clientWidth || options.width || 560));
    const height = options.height || 208;
    const left = options.left ?? LEFT, right = width - RIGHT, bottom = height - BOTTOM;
    const [from, to] = options.x;
    const x = (at) => left + (to > from ? (at - from) / (to - from) : 0.5) * (right - left);
    const root = svg('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': options.label, 'data-chart': options.name, class: 'chart' });
    const max = options.max || 1;
    const y = (value) => bottom - (value / max) * (bottom - TOP);
    for (const value of options.yTicks || ticks(max, options.whole)) {
      const at = Math.round(y(value)) + 0.5;
      root.append(svg('line', { class: 'grid', x1: left, x2: right, y1: at, y2: at }),
        svg('text', { class: 'axis', x: left - 7, y: at + 3.5, 'text-anchor': 'end' }, (options.yFormat || format.rate)(value)));
    }
    const { found, step } = timeTicks(from, to, right - left, options.zone);
    for (const at of found) {
      root.append(svg('line', { class: 'tick', x1: x(at), x2: x(at), y1: bottom, y2: bottom + 4 }),
        svg('text', { class: 'axis', x: Math.min(Math.max(x(at), left + 12), right - (step >= MONTH ? 22 : 14)), y: height - 5, 'text-anchor': 'middle' }, timeLabel(at, step, options.zone)));
    }
    body({ root, x, y, left, right, top: TOP, bottom, width, height });
    for (const mark of options.marks || []) {
      if (mark.at < from || mark.at > to) continue;
      const group = svg('g', { class: 'mark', 'data-tip': mark.tip },
        svg('line', { x1: x(mark.at), x2: x(mark.at), y1: TOP, y2: bottom }),
        svg('circle', { cx: x(mark.at), cy: TOP, r: 3.2 }));
      root.append(group);
    }
    if (options.hover) follow(root, options, { x, left, right, bottom });
    return root;
  }

  /* A line at the slice below the pointer, with what it holds; arrow keys move it too. */
  function follow(root, options, { x, left, right, bottom }) {
    const times = options.times;
    if (!times.length) return;
    const line = svg('line', { class: 'cursor', y1: TOP, y2: bottom, visibility: 'hidden' });
    root.append(line);
    let place = -1;
    const show = (clientX, clientY) => {
      const at = times[place] + (options.half || 0);
      line.setAttribute('x1', x(at)); line.setAttribute('x2', x(at)); line.setAttribute('visibility', 'visible');
      tip.show(clientX, clientY, options.hover(times[place]));
    };
    const nearest = (at) => {
      let low = 0, high = times.length - 1;
      while (low < high) { const middle = (low + high) >> 1; if (times[middle] + (options.half || 0) < at) low = middle + 1; else high = middle; }
      return low > 0 && at - times[low - 1] - (options.half || 0) < times[low] + (options.half || 0) - at ? low - 1 : low;
    };
    root.addEventListener('pointermove', (event) => {
      if (event.target.closest('[data-tip]')) return;
      const box = root.getBoundingClientRect();
      const [from, to] = options.x;
      const at = from + ((event.clientX - box.left) * (root.viewBox.baseVal.width / box.width) - left) / (right - left) * (to - from);
      place = nearest(at);
      show(event.clientX, event.clientY);
    });
    if (options.zoom) zoom(root, options, { left, right, bottom });
    const leave = () => { line.setAttribute('visibility', 'hidden'); tip.hide(); };
    root.addEventListener('pointerleave', leave);
    root.setAttribute('tabindex', '0');
    root.addEventListener('blur', leave);
    root.addEventListener('keydown', (event) => {
      const move = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -1e9, End: 1e9 }[event.key];
      if (!move) return;
      event.preventDefault();
      place = Math.min(Math.max(place + move, 0), times.length - 1);
      const box = root.getBoundingClientRect();
      show(box.left + x(times[place] + (options.half || 0)) * (box.width / root.viewBox.baseVal.width), box.top + 30);
    });
  }

  /* A stretch that is dragged over with the mouse becomes the range of the page. */
  function zoom(root, options, { left, right, bottom }) {
    const [from, to] = options.x;
    const place = (event) => { const box = root.getBoundingClientRect(); return Math.min(Math.max((event.clientX - box.left) * (root.viewBox.baseVal.width / box.width), left), right); };
    const shade = svg('rect', { class: 'chosen', y: TOP, height: bottom - TOP, visibility: 'hidden' });
    let begun = null;
    root.append(shade);
    root.classList.add('zooms');
    root.addEventListener('pointerdown', (event) => { if (event.pointerType === 'mouse' && event.button === 0) { begun = place(event); root.setPointerCapture(event.pointerId); } });
    root.addEventListener('pointermove', (event) => {
      if (begun == null) return;
      const now = place(event);
      shade.setAttribute('x', Math.min(begun, now)); shade.setAttribute('width', Math.abs(now - begun)); shade.setAttribute('visibility', 'visible');
    });
    const end = (event) => {
      if (begun == null) return;
      const ends = [begun, event.type === 'pointerup' ? place(event) : begun].sort((one, other) => one - other).map((at) => from + (at - left) / (right - left) * (to - from));
      const isLong = Math.abs(place(event) - begun) > 6 && event.type === 'pointerup';
      begun = null;
      shade.setAttribute('visibility', 'hidden');
      if (isLong) options.zoom(...ends);
    };
    root.addEventListener('pointerup', end);
    root.addEventListener('pointercancel', end);
  }

  const swatch = (name, fillColor, value) => el('div', { class: 'tip-row' }, el('i', { class: 'dot', style: { background: fillColor } }), el('span', {}, name), el('b', {}, value));

  function tipHead(at, options) {
    return el('div', { class: 'tip-head' }, format.when(at, options.zone, options.step), options.step ? el('span', { class: 'muted' }, ` · ${format.duration(options.step * 1e6)}`) : null);
  }

  /* Lines and areas over time. A series: {name, color, points: [[time, value]], kind: line | area, dash}. A gap in time is a gap in the line. */
  function lines(holder, series, options) {
    const shown = series.filter((one) => one.points.length);
    const times = [...new Set(shown.flatMap((one) => one.points.map(([at]) => at)))].sort((one, other) => one - other);
    const half = (options.step || 0) / 2;
    const max = options.max || Math.max(...shown.flatMap((one) => one.points.map(([, value]) => value ?? 0)), options.least || 0) * 1.06 || 1;
    const values = new Map(shown.map((one) => [one, new Map(one.points)]));
    const hover = (at) => [tipHead(at, options), shown.map((one) => values.get(one).get(at) == null ? null : swatch(one.name, one.color, (options.yFormat || format.rate)(values.get(one).get(at)))),
      el('div', { class: 'tip-note' }, `view ${options.view}`)];
    return frame(holder, { ...options, max, times, half, hover }, ({ root, x, y, bottom }) => {
      for (const one of shown) {
        const stretches = [[]];
        let before = null;
        for (const [at, value] of one.points) {
          if (value == null || (before != null && options.step && at - before > Math.max(options.gap || 0, options.step * 8))) stretches.push([]);
          if (value != null) stretches[stretches.length - 1].push([x(at + half), y(value)]);
          before = at;
        }
        const group = svg('g', { class: 'series', 'data-series': one.name, 'data-points': one.points.length });
        for (const points of stretches.filter((some) => some.length)) {
          const path = points.map(([px, py], number) => `${number ? 'L' : 'M'}${px.toFixed(1)} ${py.toFixed(1)}`).join('');
          if (one.kind === 'area') group.append(svg('path', { class: 'area', d: `${path}L${points[points.length - 1][0].toFixed(1)} ${bottom}L${points[0][0].toFixed(1)} ${bottom}Z`, style: { fill: one.color } }));
          if (points.length > 1) group.append(svg('path', { class: 'line', d: path, style: { stroke: one.color, 'stroke-dasharray': one.dash || 'none' } }));
          if (points.length === 1 || one.points.length < 30) for (const [px, py] of points) group.append(svg('circle', { cx: px.toFixed(1), cy: py.toFixed(1), r: points.length === 1 ? 2.4 : 1.8, style: { fill: one.color } }));
        }
        root.append(group);
      }
    });
  }

  /* Stacked bars over time: one bar a slice. */
  function bars(holder, series, options) {
    const sums = new Map();
    for (const one of series) for (const [at, value] of one.points) sums.set(at, (sums.get(at) || 0) + (value || 0));
    const times = [...sums.keys()].sort((one, other) => one - other);
    const max = Math.max(...sums.values(), 0) * 1.06 || 1;
    const values = series.map((one) => new Map(one.points));
    const hover = (at) => [tipHead(at, options), series.map((one, number) => swatch(one.name, one.color, (options.yFormat || format.count)(values[number].get(at) || 0))),
      options.more ? options.more(at) : null, el('div', { class: 'tip-note' }, `view ${options.view}`)];
    return frame(holder, { ...options, max, times, half: options.step / 2, hover }, ({ root, x, y, bottom }) => {
      const width = Math.max(1, x(options.x[0] + options.step) - x(options.x[0]) - 1);
      const low = new Map();
      series.forEach((one) => {
        const group = svg('g', { class: 'bars', 'data-series': one.name, style: { fill: one.color } });
        for (const [at, value] of one.points) {
          if (!value) continue;
          const base = low.get(at) || 0;
          const top = y(base + value), height = Math.max(0.8, y(base) - top);
          group.append(svg('rect', { x: (x(at) + 0.5).toFixed(1), y: Math.min(top, bottom - 0.8).toFixed(1), width: width.toFixed(1), height: height.toFixed(1), rx: Math.min(1.5, width / 3), 'data-at': at, 'data-value': value }));
          low.set(at, base + value);
        }
        root.append(group);
      });
    });
  }

  /* Cells over time and value: the darker, the more. */
  function heat(holder, cells, options) {
    const rows = options.rows;
    const most = Math.max(...cells.map((cell) => cell.value), 1);
    const byTime = new Map();
    for (const cell of cells) { if (!byTime.has(cell.at)) byTime.set(cell.at, []); byTime.get(cell.at).push(cell); }
    const times = [...byTime.keys()].sort((one, other) => one - other);
    const hover = (at) => [tipHead(at, options), byTime.get(at).slice().sort((one, other) => other.row - one.row).slice(0, 12).map((cell) => swatch(cell.name, 'var(--heat)', format.count(cell.value))),
      el('div', { class: 'tip-note' }, `view ${options.view}`)];
    const lowest = options.first, high = options.last + 1;
    return frame(holder, { ...options, max: high - lowest, times, half: options.step / 2, hover, yTicks: options.yLabels.map((label) => label.row - lowest), yFormat: (value) => options.yLabels.find((label) => label.row - lowest === value)?.text ?? '' },
      ({ root, x, y }) => {
        const width = Math.max(1.2, x(options.x[0] + options.step) - x(options.x[0]) - 0.6);
        const group = svg('g', { class: 'heat', 'data-rows': rows });
        for (const cell of cells) {
          const top = y(cell.row + 1 - lowest), height = y(cell.row - lowest) - top - 0.6;
          group.append(svg('rect', { x: x(cell.at).toFixed(1), y: top.toFixed(1), width: width.toFixed(1), height: height.toFixed(1), rx: 1, 'data-value': cell.value, style: { 'fill-opacity': (0.14 + 0.86 * Math.sqrt(cell.value / most)).toFixed(2) } }));
        }
        root.append(group);
      });
  }

  /* From when to when: one row a name. */
  function spans(holder, rows, options) {
    const lane = Math.max(22, Math.min(40, Math.floor((208 - TOP - BOTTOM) / rows.length)));
    const height = rows.length * lane + TOP + BOTTOM;
    const left = Math.min(150, Math.max(90, (holder.clientWidth || 500) * 0.2));
    const letters = Math.floor((left - 14) / 6.2);
    return frame(holder, { ...options, height, left, max: 1, yTicks: [] }, ({ root, x, right }) => {
      rows.forEach((row, number) => {
        const top = TOP + number * lane;
        root.append(svg('rect', { class: 'lane', x: left, y: top + 2, width: right - left, height: lane - 5, rx: 3 }),
          svg('text', { class: 'lane-name', x: left - 8, y: top + lane / 2 + 3, 'text-anchor': 'end' }, row.name.length > letters ? row.name.slice(0, letters - 1) + '…' : row.name));
        for (const span of row.spans) {
          const from = Math.max(x(span.from), left), to = Math.min(x(span.to), right);
          if (to < left || from > right) continue;
          root.append(svg('rect', { class: `span ${span.kind}`, x: from.toFixed(1), y: top + 5, width: Math.max(1.5, to - from - 0.5).toFixed(1), height: lane - 11, rx: 2, 'data-tip': span.tip, style: { fill: row.color } }));
        }
      });
    });
  }

  function spark(values, colorOf, label) {
    const width = 120, height = 30;
    const known = values.filter((value) => value != null);
    const root = svg('svg', { class: 'spark', viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': label });
    if (!known.length) return root;
    const max = Math.max(...known), min = Math.min(0, ...known);
    const x = (place) => (place / Math.max(values.length - 1, 1)) * width, y = (value) => height - 2 - ((value - min) / (max - min || 1)) * (height - 5);
    let path = '', before = false, area = '', first = null, last = null;
    values.forEach((value, place) => {
      if (value == null) return;
      path += `${before ? 'L' : 'M'}${x(place).toFixed(1)} ${y(value).toFixed(1)}`;
      first ??= x(place); last = x(place); before = true;
    });
    if (known.length === 1) path = `M${first.toFixed(1)} ${height}${path.replace('M', 'L')}`;
    area = `${path}L${last.toFixed(1)} ${height}L${first.toFixed(1)} ${height}Z`;
    root.append(svg('path', { class: 'spark-area', d: area, style: { fill: colorOf } }), svg('path', { class: 'spark-line', d: path, style: { stroke: colorOf }, 'vector-effect': 'non-scaling-stroke' }));
    return root;
  }

  /* One bar of shares that sum to one. */
  function stack(parts) {
    return el('span', { class: 'stack', role: 'img', 'aria-label': parts.map((part) => `${part.name} ${format.percent(part.ratio)}`).join(', ') },
      parts.filter((part) => part.ratio > 0).map((part) => el('i', { 'data-tip': part.tip, 'data-value': part.ratio, style: { width: `${(part.ratio * 100).toFixed(2)}%`, background: part.color } })));
  }

  const meter = (ratio, fillColor) => el('span', { class: 'meter' }, el('i', { style: { width: `${Math.max(0, Math.min(1, ratio || 0)) * 100}%`, background: fillColor || 'var(--accent)' } }));
  const legend = (series) => el('div', { class: 'legend' }, series.map((one) => el('span', {}, el('i', { class: 'dot', style: { background: one.color } }), one.name)));

  return { color, lines, bars, heat, spans, spark, stack, meter, legend, frame };
})();
