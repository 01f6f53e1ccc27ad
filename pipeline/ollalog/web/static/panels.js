/* What the page shows. A panel reads rows of views and makes nodes of them; it computes no number of its own. */
'use strict';

const panels = (() => {
  const { el } = dom;
  const ALL = '(all)', UNKNOWN = '(unknown)';
  const time = (text) => text == null ? null : Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(text) ? text : text + 'Z');
  const name = (text, empty = UNKNOWN) => text == null || text === '' ? empty : text;

  /* Models keep their colour from panel to panel: by their place among all models of the store. */
  const modelColor = (data, model) => model === UNKNOWN ? 'var(--unknown)' : charts.color(Math.max(0, data.models.indexOf(model)));

  function tipOf(data, view, column, value) {
    const meaning = data.columns(view)[column];
    return `${value ?? ''}${value == null ? '' : '\n'}${meaning ? meaning + '\n' : ''}view ${view}, column ${column}`;
  }

  const empty = (text, hint) => el('div', { class: 'empty' }, el('p', {}, text), hint ? el('p', { class: 'muted' }, hint) : null);

  /* Tables */
  function table(data, view, rows, fields, options = {}) {
    const head = el('tr', {}, fields.map((field) => el('th', { scope: 'col', class: field.left ? 'left' : null, 'data-tip': tipOf(data, view, field.key) }, field.title)));
    const shown = rows.slice(0, options.most || 100);
    const body = shown.map((row) => el('tr', options.row ? options.row(row) : {}, fields.map((field, place) => {
      const made = field.show ? field.show(row[field.key], row) : name(row[field.key], format.MISSING);
      return el(place ? 'td' : 'th', { scope: place ? null : 'row', class: [field.left ? 'left' : '', field.wide ? 'wide' : '', field.class || ''].join(' ').trim() || null, 'data-column': field.key, 'data-tip': field.wide && String(row[field.key] ?? '').length > 24 ? `${row[field.key].slice(0, 400)}\nview ${view}, column ${field.key}` : null }, made);
    })));
    return el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `Rows: ${options.label || view}` },
      el('table', {}, el('thead', {}, head), el('tbody', {}, body)),
      rows.length > shown.length ? el('p', { class: 'muted small' }, `${rows.length - shown.length} more in view ${view}`) : null);
  }
  const field = (key, title, show, more) => ({ key, title, show, ...more });
  const label = (key, title, more) => ({ key, title, left: true, ...more });

  const axis = (data) => ({ x: data.x, zone: data.zone, step: data.step, zoom: data.live ? data.zoom : null });

  function series(data, view, column, chosen) {
    const found = new Map();
    for (const row of data.rows(view)) {
      if (row.model === ALL || (chosen && row.model !== chosen) || row[column] == null) continue;
      if (!found.has(row.model)) found.set(row.model, []);
      found.get(row.model).push([time(row.slice_utc), row[column]]);
    }
    return [...found].map(([model, points]) => ({ name: model, color: modelColor(data, model), points }))
      .sort((one, other) => other.points.length - one.points.length).slice(0, 10);
  }

  function versionMarks(data) {
    const marks = [];
    let before = new Map();
    for (const row of data.rows('versions')) {
      if (!row.version || !row.started_at || before.get(row.host) === row.version) continue;
      before.set(row.host, row.version);
      marks.push({ at: time(row.started_at), tip: `Ollama ${row.version} started on ${row.host}\n${format.when(time(row.started_at), data.zone)}\nview versions` });
    }
    return marks;
  }

  /* Tiles */
  const TILES = [
    { key: 'requests_per_minute', title: 'Requests / min', show: format.rate, series: 'requests_per_minute', note: (row) => `${format.count(row.requests)} in all` },
    { key: 'tokens_per_second', title: 'Tokens / s', show: format.rate, series: 'tokens_per_second', note: (row) => row.generated_tokens == null ? 'the logs tell no tokens' : `${format.count(row.generated_tokens)} generated` },
    { key: 'p95_ns', title: 'p95 latency', show: format.duration, series: 'p95_ns', note: (row) => `p50 ${format.duration(row.p50_ns)}`, bad: (value) => value > 30e9 },
    { key: 'first_token_p50_ns', title: 'First token', show: format.duration, series: 'first_token_p50_ns', note: () => 'median, derived' },
    { key: 'error_ratio', title: 'Error rate', show: format.percent, series: 'error_ratio', note: (row) => `${format.count(row.failures)} failed`, bad: (value) => value > 0.1, color: 'var(--bad)' },
    { key: 'in_flight_max', title: 'In flight', show: format.count, concurrency: 'in_flight_max', note: () => 'most at once' },
    { key: 'prompts_truncated', title: 'Truncations', show: (value, row) => format.count((value || 0) + (row.context_shifts || 0)), events: 'prompt_truncated', note: (row) => `${format.count(row.prompts_truncated)} prompts cut, ${format.count(row.context_shifts)} shifts`, bad: (value) => value > 0, color: 'var(--warn)' },
    { key: 'models_loaded', title: 'Models loaded', show: format.count, events: 'model_loaded', note: (row) => `${format.count(row.models)} used; line: loads` },
  ];

  function tileValues(data, tile) {
    const slots = new Array(Math.max(1, Math.min(240, Math.ceil((data.x[1] - data.x[0]) / (data.step || 1)) + 1))).fill(null);
    const put = (at, value) => { const place = Math.floor((at - data.x[0]) / data.step); if (place >= 0 && place < slots.length) slots[place] = Math.max(slots[place] ?? value, value); };
    if (tile.series) for (const row of data.rows('activity')) if (row.model === ALL && row[tile.series] != null) put(time(row.slice_utc), row[tile.series]);
    if (tile.concurrency) for (const row of data.rows('concurrency_by_slice')) put(time(row.slice_utc), row[tile.concurrency]);
    if (tile.events) { slots.fill(0); for (const row of data.rows('server_events_by_slice')) if (row.event === tile.events) put(time(row.slice_utc), row.events); }
    return slots;
  }

  function tile(data, one) {
    const row = data.rows('overview')[0];
    const value = row ? one.show(row[one.key], row) : format.MISSING;
    const bad = row && one.bad && row[one.key] != null && one.bad(row[one.key]);
    return el('section', { class: `tile${bad ? ' is-bad' : ''}`, tabindex: '0', 'data-tile': one.key, 'data-value': row ? row[one.key] : null, 'data-tip': tipOf(data, 'overview', one.key, `${one.title}: ${value}`), 'aria-label': `${one.title}: ${value}` },
      el('h2', {}, one.title), el('div', { class: 'value' }, value), el('div', { class: 'note' }, row ? one.note(row) : 'nothing yet'),
      row ? charts.spark(tileValues(data, one), one.color || 'var(--accent)', `${one.title} over time`) : null);
  }
  const tiles = (data) => TILES.map((one) => tile(data, one));

  /* Panels */
  function requests(data, holder) {
    const rows = data.rows('activity').filter((row) => row.model === ALL);
    if (!rows.length) return empty('No requests in this range.');
    const ok = { name: 'succeeded', color: 'var(--c0)', points: rows.map((row) => [time(row.slice_utc), row.requests - row.failures]) };
    const failed = { name: 'failed', color: 'var(--bad)', points: rows.map((row) => [time(row.slice_utc), row.failures]) };
    return [charts.legend([ok, failed]), charts.bars(holder, [ok, failed], { ...axis(data), whole: true, name: 'requests', view: 'activity', marks: versionMarks(data),
      label: `Requests over time: ${rows.reduce((sum, row) => sum + row.requests, 0)} in ${rows.length} slices` })];
  }

  function latency(data, holder) {
    const rows = data.rows('latency_heatmap');
    if (!rows.length) return empty('No successful request in this range.');
    const first = Math.min(...rows.map((row) => row.bucket)), last = Math.max(...rows.map((row) => row.bucket));
    const bound = (bucket) => bucket <= 0 ? 0 : 1e6 * 2 ** (bucket - 1);
    const every = Math.max(1, Math.ceil((last - first + 1) / 6));
    const yLabels = [];
    for (let row = first; row <= last + 1; row += every) yLabels.push({ row, text: format.duration(bound(row)) });
    const cells = rows.map((row) => ({ at: time(row.slice_utc), row: row.bucket, value: row.requests, name: `${format.duration(row.above_ns)} – ${row.below_ns == null ? '∞' : format.duration(row.below_ns)}` }));
    return [el('div', { class: 'legend' }, el('span', {}, 'fewer'), el('i', { class: 'ramp' }), el('span', {}, 'more requests')),
      charts.heat(holder, cells, { ...axis(data), name: 'latency', view: 'latency_heatmap', rows: rows.length, first, last, yLabels, label: `Latency of successful requests over time: from ${format.duration(bound(first))} to ${format.duration(bound(last + 1))}` })];
  }

  function overTime(view, column, yFormat, what, none) {
    return (data, holder) => {
      const found = series(data, view, column);
      if (!found.length) return empty(none, 'Ollama 0.30 or later prints tokens in its log; a performance.jsonl tells them too.');
      return [charts.legend(found), charts.lines(holder, found, { ...axis(data), name: column, view, yFormat, marks: versionMarks(data), label: `${what} by model over time: ${found.map((one) => one.name).join(', ')}` })];
    };
  }

  function models(data) {
    const scores = new Map(data.rows('model_score').map((row) => [row.model, row]));
    const loads = new Map(data.rows('model_load').map((row) => [row.model, row]));
    const rows = data.rows('model_summary');
    if (!rows.length) return empty('No request of a model in this range.');
    const scoreCell = (_, row) => {
      const score = scores.get(row.model);
      if (!score) return format.MISSING;
      const parts = [['success', 'success_points', 35], ['latency', 'latency_points', 25], ['speed', 'speed_points', 25], ['load', 'load_points', 15]];
      const told = parts.map(([title, key, weight]) => `${title} ${score[key] == null ? 'not known' : score[key].toFixed(1)} (weight ${weight} %)`).join('\n');
      return el('span', { class: 'score', 'data-tip': `Score ${score.score.toFixed(2)} of 10\n${told}\nview model_score` },
        el('b', {}, score.score.toFixed(1)),
        el('span', { class: 'score-parts', 'aria-hidden': 'true' }, parts.map(([, key]) => el('i', { class: score[key] == null ? 'none' : null }, el('u', { style: { height: `${(score[key] ?? 0) * 10}%`, background: score[key] >= 7 ? 'var(--good)' : score[key] >= 4 ? 'var(--warn)' : 'var(--bad)' } })))));
    };
    const fields = [
      label('model', 'Model', { wide: true, show: (value) => el('span', { class: 'model' }, el('i', { class: 'dot', style: { background: modelColor(data, value) } }), name(value)) }),
      field('score', 'Score', scoreCell),
      field('requests', 'Requests', format.count),
      field('success_ratio', 'OK', (value) => el('span', { class: value < 0.9 ? 'bad' : null }, format.percent(value))),
      field('p50_ns', 'p50', format.duration), field('p95_ns', 'p95', format.duration),
      field('tokens_per_second', 'Tokens/s', format.rate),
      field('generated_tokens', 'Generated', format.count),
      field('cold', 'Cold starts', (_, row) => { const load = loads.get(row.model); return load ? el('span', { 'data-tip': `${load.cold} of ${load.measured} requests waited for a load\nview model_load` }, format.percent(load.cold_ratio)) : format.MISSING; }),
      field('last_seen', 'Last used', (value) => format.when(time(value), data.zone)),
    ];
    return table(data, 'model_summary', rows, fields, { label: 'Models', row: (row) => ({ 'data-model': row.model, class: data.live ? 'clickable' : null, on: { click: () => data.choose('model', row.model) } }) });
  }

  const ORDER = ['critical', 'high', 'medium', 'low'];
  function alerts(data) {
    const rows = data.rows('alert_states').filter((row) => row.state !== 'inactive');
    if (!rows.length) return empty('No alerts.', 'Nothing that a rule looks for was found in this range.');
    const open = (row) => row.state === 'firing' || row.state === 'pending';
    const sorted = rows.slice().sort((one, other) => open(other) - open(one) || one.replayed - other.replayed || (open(one) ? ORDER.indexOf(one.severity) - ORDER.indexOf(other.severity) : 0) || time(other.happened_at) - time(one.happened_at));
    return el('ul', { class: 'list', tabindex: '0', 'aria-label': 'Alerts' }, sorted.slice(0, 60).map((row) => el('li', { class: `alert ${row.severity} ${row.state}`, 'data-alert': row.fingerprint },
      el('span', { class: `badge ${row.severity}` }, row.severity),
      el('div', { class: 'grow' },
        el('p', {}, row.message || row.rule),
        el('p', { class: 'muted small' }, `${row.state} ${format.when(time(row.happened_at), data.zone)} · ${row.rule}${row.replayed ? ' · found in history' : ''}${row.times_fired > 1 ? ` · fired ${row.times_fired} times` : ''}`),
        open(row) && row.recommendation ? el('p', { class: 'small' }, row.recommendation) : null),
      row.state === 'firing' ? data.actions(row) : null)));
  }

  function recommendations(data) {
    const rows = data.rows('recommendations');
    if (!rows.length) return empty('Nothing to recommend.', 'A recommendation needs a cause in the logs; there is none in this range.');
    return el('ul', { class: 'list', tabindex: '0', 'aria-label': 'Recommendations' }, rows.map((row) => el('li', { class: `advice ${row.priority}`, 'data-kind': row.kind },
      el('span', { class: `badge ${row.priority}` }, row.priority),
      el('div', { class: 'grow' },
        el('p', {}, row.model ? el('b', {}, row.model + ': ') : null, row.advice, '.'),
        el('p', { class: 'muted small' }, row.reason, row.lost_ns ? ` · ${format.duration(row.lost_ns)} lost` : ''),
        el('details', {}, el('summary', {}, 'Evidence'),
          el('dl', { class: 'evidence' }, Object.entries(JSON.parse(row.evidence || '{}')).map(([key, value]) => [el('dt', {}, key), el('dd', {}, key.endsWith('_ns') ? format.duration(value) : String(value))])),
          el('code', { class: 'query' }, row.query),
          data.live ? el('button', { type: 'button', class: 'link', on: { click: () => data.ask(row.query) } }, 'Run it below') : null)))));
  }

  const ENDS = { evicted: 'evicted for another model', reloaded: 'gone before it was wanted again', crashed: 'its runner died', server_stopped: 'the server stopped', log_ended: 'its log ended', loaded: 'still loaded' };
  function residency(data, holder) {
    const rows = data.rows('model_residency');
    const found = new Map();
    for (const row of rows) {
      const from = time(row.started_at), to = row.until_at ? time(row.until_at) : data.x[1];
      if (to < data.x[0] || from > data.x[1]) continue;
      if (!found.has(row.model)) found.set(row.model, []);
      found.get(row.model).push({ from, to, kind: row.ended_by, tip: `${row.model} on ${row.host}\nfrom ${format.when(from, data.zone)} to ${row.until_at ? format.when(to, data.zone) : 'now'}, ${ENDS[row.ended_by] || row.ended_by}\nload ${format.duration(row.load_ns)} · ${row.requests} requests${row.gpu_ratio != null && row.gpu_ratio < 1 ? ` · ${row.gpu_layers} of ${row.layers} layers on the GPU` : ''}\nview model_residency` });
    }
    if (!found.size) return empty('No load of a model in the server log of this range.');
    const lanes = [...found].sort((one, other) => other[1].length - one[1].length).slice(0, 12).map(([model, spans]) => ({ name: model, color: modelColor(data, model), spans }));
    return [el('div', { class: 'legend' }, el('span', {}, el('i', { class: 'end evicted' }), 'evicted'), el('span', {}, el('i', { class: 'end crashed' }), 'crashed'), el('span', {}, el('i', { class: 'end reloaded' }), 'gone by itself')),
      charts.spans(holder, lanes, { ...axis(data), name: 'residency', label: `When models were loaded: ${lanes.map((lane) => `${lane.name} ${lane.spans.length} times`).join(', ')}` })];
  }

  function breakdown(data) {
    const rows = data.rows('latency_breakdown').filter((row) => row.load_ratio != null);
    if (!rows.length) return empty('No request tells where its time went.');
    const parts = [['load', 'load_ratio', 'load_mean_ns', 'var(--c3)'], ['prompt', 'prompt_eval_ratio', 'prompt_eval_mean_ns', 'var(--c1)'], ['generation', 'eval_ratio', 'eval_mean_ns', 'var(--c0)'], ['queue, transport', 'other_ratio', 'other_mean_ns', 'var(--unknown)']];
    return [charts.legend(parts.map(([title, , , fill]) => ({ name: title, color: fill }))),
      el('div', { class: 'stacks', tabindex: '0', role: 'region', 'aria-label': 'Shares of the time' }, rows.slice(0, 10).map((row) => el('div', { class: 'stack-row' }, el('span', { class: 'stack-name' }, name(row.model)),
        charts.stack(parts.map(([title, key, mean, fill]) => ({ name: title, ratio: row[key], color: fill, tip: `${title}: ${format.percent(row[key])}\nmean ${format.duration(row[mean])} of ${format.duration(row.latency_mean_ns)}\nview latency_breakdown` }))),
        el('span', { class: 'muted small' }, format.duration(row.latency_mean_ns)))))];
  }

  function concurrency(data, holder) {
    const rows = data.rows('concurrency_by_slice');
    if (!rows.length) return empty('No request in this range.');
    const step = rows[0].slice_ns / 1e6;
    const merged = new Map();
    for (const row of rows) {
      const at = time(row.slice_utc), known = merged.get(at);
      merged.set(at, known ? { in_flight_max: Math.max(known.in_flight_max, row.in_flight_max), waiting_max: Math.max(known.waiting_max, row.waiting_max), slots: Math.max(known.slots ?? 0, row.slots ?? 0) || null } : row);
    }
    const of = (key) => [...merged].sort(([one], [other]) => one - other).map(([at, row]) => [at, row[key]]);
    const found = [{ name: 'in flight', color: 'var(--c0)', kind: 'area', points: of('in_flight_max') }, { name: 'waiting', color: 'var(--c3)', points: of('waiting_max') }, { name: 'slots', color: 'var(--muted)', dash: '4 3', points: of('slots').filter(([, value]) => value != null) }];
    return [charts.legend(found), charts.lines(holder, found, { ...axis(data), step, gap: 3600000, least: 2, whole: true, name: 'concurrency', view: 'concurrency_by_slice', yFormat: format.count, label: `Requests in flight over time, at most ${Math.max(...rows.map((row) => row.in_flight_max))}` })];
  }

  function system(data, holder) {
    const all = data.rows('resources_by_slice');
    const rows = all.filter((row) => time(row.slice_utc) + row.slice_ns / 1e6 >= data.x[0] && time(row.slice_utc) <= data.x[1]);
    if (all.length && !rows.length) return empty('No samples of the host in this range.');
    if (!rows.length) return empty('No samples of the host yet.', data.live ? 'CPU, memory, GPU and disk are sampled while `ollalog serve` or `ollalog tail --sample` runs on that host.' : null);
    const columns = holder.clientWidth > 760 ? 4 : holder.clientWidth > 480 ? 2 : 1;
    const one = (title, column, yFormat, fill, max, whole) => {
      const found = new Map();
      for (const row of rows) if (row[column] != null) { if (!found.has(row.host)) found.set(row.host, []); found.get(row.host).push([time(row.slice_utc), row[column]]); }
      if (!found.size) return null;
      const lines = [...found].map(([host, points], number) => ({ name: found.size > 1 ? host : title, color: found.size > 1 ? charts.color(number) : fill, kind: found.size > 1 ? 'line' : 'area', points }));
      const box = el('div', { class: 'quarter' });
      box.append(el('h3', {}, title), charts.lines({ clientWidth: Math.max(220, Math.floor((holder.clientWidth - 12 * (columns - 1)) / columns)) }, lines, { ...axis(data), step: rows[0].slice_ns / 1e6, height: 130, max, whole, name: column, view: 'resources_by_slice', yFormat, label: `${title} over time` }));
      return box;
    };
    return el('div', { class: 'quarters' }, one('CPU', 'cpu_ratio', format.percent, 'var(--c0)', 1), one('Memory', 'memory_ratio', format.percent, 'var(--c1)', 1), one('GPU', 'gpu_ratio', format.percent, 'var(--c4)', 1), one('GPU memory', 'gpu_memory_bytes', format.bytes, 'var(--c5)', null, true), one('Disk', 'disk_ratio', format.percent, 'var(--c6)', 1), one('Power', 'gpu_power_w', (value) => `${format.rate(value)} W`, 'var(--c3)'), one('Network', 'network_bytes', format.bytes, 'var(--c2)', null, true));
  }

  const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
  function week(data) {
    const rows = data.rows('hour_of_week');
    if (!rows.length) return empty('No requests in this range.');
    const most = Math.max(...rows.map((row) => row.requests), 1);
    const found = new Map(rows.map((row) => [`${row.day_of_week} ${row.hour_of_day}`, row]));
    const hours = Array.from({ length: 24 }, (_, hour) => hour);
    return el('div', { class: 'week', role: 'img', 'aria-label': `Requests by day of the week and hour, ${data.zone}` },
      el('span', {}), hours.map((hour) => el('span', { class: 'hour' }, hour % 3 ? '' : hour)),
      DAYS.map((day, place) => [el('span', { class: 'day' }, day), hours.map((hour) => {
        const row = found.get(`${place + 1} ${hour}`);
        const told = row ? `${day} ${hour}:00 – ${hour + 1}:00\n${format.count(row.requests)} requests, ${format.count(row.failures)} failed\np50 ${format.duration(row.p50_ns)}, p95 ${format.duration(row.p95_ns)}\nview hour_of_week` : `${day} ${hour}:00\nno requests\nview hour_of_week`;
        return el('i', { 'data-tip': told, 'data-value': row ? row.requests : 0, style: row ? { '--share': (0.12 + 0.88 * Math.sqrt(row.requests / most)).toFixed(2) } : {} }, '');
      })]));
  }

  function daily(data) {
    const days = new Map();
    for (const row of data.rows('daily_trend')) {
      const day = row.day_local.slice(0, 10);
      const known = days.get(day) || { day, requests: 0, failures: 0, generated: 0, models: [] };
      known.requests += row.requests; known.failures += row.failures; known.generated += row.generated_tokens || 0; known.models.push(row);
      days.set(day, known);
    }
    const rows = [...days.values()].sort((one, other) => one.day < other.day ? 1 : -1);
    if (!rows.length) return empty('No requests in this range.');
    const most = Math.max(...rows.map((row) => row.requests));
    return el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Rows: Days' }, el('table', {}, el('thead', {}, el('tr', {}, el('th', { class: 'left', scope: 'col' }, 'Day'), el('th', { scope: 'col' }, 'Requests'), el('th', { scope: 'col', class: 'left bar-head' }, 'By model'), el('th', { scope: 'col' }, 'Failed'), el('th', { scope: 'col' }, 'Tokens'))),
      el('tbody', {}, rows.map((row) => el('tr', { 'data-day': row.day }, el('th', { scope: 'row', class: 'left' }, row.day), el('td', {}, format.count(row.requests)),
        el('td', { class: 'left' }, el('span', { class: 'daybar', style: { width: `${(row.requests / most) * 100}%` } }, charts.stack(row.models.map((one) => ({ name: one.model, ratio: one.requests / row.requests, color: modelColor(data, one.model), tip: `${one.model}: ${format.count(one.requests)} requests\np50 ${format.duration(one.p50_ns)}, p95 ${format.duration(one.p95_ns)}${one.tokens_per_second ? `, ${format.rate(one.tokens_per_second)} tokens/s` : ''}\nview daily_trend` }))))),
        el('td', { class: row.failures ? 'bad' : null }, format.count(row.failures)), el('td', {}, format.count(row.generated)))))));
  }

  const errors = (data) => data.rows('errors_by_type').length ? table(data, 'errors_by_type', data.rows('errors_by_type'), [
    label('error_type', 'Type'), field('failures', 'Failed', format.count), field('ratio', 'Share', format.percent),
    field('last_seen', 'Last', (value) => format.when(time(value), data.zone)), label('example', 'Newest message', { wide: true, class: 'message' })]) : empty('No failed requests.', 'Every request of this range went well.');

  const clients = (data) => data.rows('usage_by_client').length ? table(data, 'usage_by_client', data.rows('usage_by_client'), [
    label('client', 'Client', { show: (value) => name(value) }), field('ratio', 'Share', (value) => [charts.meter(value), el('span', { class: 'share' }, format.percent(value))], { class: 'with-meter' }), field('requests', 'Requests', format.count), field('failures', 'Failed', (value) => el('span', { class: value ? 'bad' : null }, format.count(value))),
    field('p95_ns', 'p95', format.duration), field('total_ns', 'Time', format.duration), field('generated_tokens', 'Tokens', format.count), field('last_seen', 'Last', (value) => format.when(time(value), data.zone))]) : empty('No requests in this range.');

  const endpoints = (data) => data.rows('endpoint_latency').length ? table(data, 'endpoint_latency', data.rows('endpoint_latency').slice().sort((one, other) => other.requests - one.requests), [
    label('route', 'Endpoint', { wide: true, show: (value, row) => [el('span', { class: 'method' }, row.method), ' ', name(value)] }), field('requests', 'Requests', format.count),
    field('failures', 'Failed', (value) => el('span', { class: value ? 'bad' : null }, format.count(value))), field('p50_ns', 'p50', format.duration), field('p95_ns', 'p95', format.duration)]) : empty('No line of a server log in this range.', 'Endpoints are those of the server log; performance.jsonl does not name them.');

  const prompts = (data) => data.rows('prompt_length_effect').length ? table(data, 'prompt_length_effect', data.rows('prompt_length_effect'), [
    label('model', 'Model', { show: (value) => el('span', { class: 'model' }, el('i', { class: 'dot', style: { background: modelColor(data, value) } }), name(value)) }),
    field('from_tokens', 'Prompt tokens', (value, row) => `${format.count(value)} – ${row.to_tokens == null ? '∞' : format.count(row.to_tokens)}`), field('requests', 'Requests', format.count), field('p50_ns', 'p50', format.duration), field('p95_ns', 'p95', format.duration), field('prompt_tokens_per_second', 'Prompt/s', format.rate), field('tokens_per_second', 'Tokens/s', format.rate)]) : empty('No request tells the length of its prompt.');

  const FATES = { row: ['made a row', 'var(--c0)'], folded: ['continue another', 'var(--c1)'], noise: ['known noise', 'var(--unknown)'], rejected: ['rejected', 'var(--bad)'], held: ['wait for their end', 'var(--warn)'] };
  function quality(data) {
    const rows = data.rows('data_quality');
    if (!rows.length) return empty('No log was read yet.');
    const sources = new Map();
    for (const row of rows) { if (!sources.has(row.source)) sources.set(row.source, { path: row.path, fates: [], gaps: 0, lines: 0 }); const one = sources.get(row.source);
      if (row.measure === 'fate') one.fates.push(row); if (row.measure === 'lines') one.lines = row.count; if (row.measure === 'gap') one.gaps = row.count ?? '?'; }
    return [charts.legend(Object.values(FATES).map(([title, fill]) => ({ name: title, color: fill }))), el('div', { class: 'stacks', tabindex: '0', role: 'region', 'aria-label': 'What became of the lines of each log' }, [...sources.values()].slice(0, 40).map((one) => el('div', { class: 'stack-row' },
      el('span', { class: 'stack-name', 'data-tip': `${one.path}\nview data_quality` }, one.path ? one.path.split(/[\\/]/).slice(-2).join('/') : UNKNOWN),
      charts.stack(one.fates.map((row) => ({ name: row.name, ratio: row.ratio, color: (FATES[row.name] || ['', 'var(--muted)'])[1], tip: `${(FATES[row.name] || [row.name])[0]}: ${format.count(row.count)} lines, ${format.percent(row.ratio)}\nview data_quality` }))),
      el('span', { class: 'muted small' }, `${format.count(one.lines)} lines`, one.gaps ? el('span', { class: 'bad' }, ` · gap ${one.gaps === '?' ? 'unknown' : format.bytes(one.gaps)}`) : null))))];
  }

  const LIST = [
    { id: 'requests', title: 'Requests', view: 'activity', span: 6, tall: 232, render: requests },
    { id: 'latency', title: 'Latency', view: 'latency_heatmap', span: 6, tall: 232, render: latency },
    { id: 'models', title: 'Models', view: 'model_summary', uses: ['model_score', 'model_load'], span: 12, tall: 230, render: models },
    { id: 'speed', title: 'Generation speed', unit: 'tokens/s', view: 'activity', uses: ['versions'], span: 6, tall: 232, render: overTime('activity', 'tokens_per_second', format.rate, 'Generation speed', 'No tokens are known in this range.') },
    { id: 'p95', title: 'p95 latency by model', view: 'activity', uses: ['versions'], span: 6, tall: 232, render: overTime('activity', 'p95_ns', format.duration, '95th percentile of latency', 'No successful request in this range.') },
    { id: 'recommendations', title: 'Recommendations', view: 'recommendations', span: 6, tall: 330, render: recommendations },
    { id: 'alerts', title: 'Alerts', view: 'alert_states', span: 6, tall: 330, render: alerts },
    { id: 'residency', title: 'Models in memory', view: 'model_residency', span: 8, tall: 232, render: residency },
    { id: 'breakdown', title: 'Where the time goes', view: 'latency_breakdown', span: 4, tall: 232, render: breakdown },
    { id: 'concurrency', title: 'Concurrency', view: 'concurrency_by_slice', span: 6, tall: 232, render: concurrency },
    { id: 'week', title: 'Hours of the week', view: 'hour_of_week', span: 6, tall: 232, render: week },
    { id: 'system', title: 'System', view: 'resources_by_slice', span: 12, tall: 170, render: system },
    { id: 'daily', title: 'Days', view: 'daily_trend', span: 6, tall: 260, render: daily },
    { id: 'prompts', title: 'Effect of prompt length', view: 'prompt_length_effect', span: 6, tall: 260, render: prompts },
    { id: 'errors', title: 'Errors', view: 'errors_by_type', span: 6, tall: 260, render: errors },
    { id: 'clients', title: 'Clients', view: 'usage_by_client', span: 6, tall: 260, render: clients },
    { id: 'endpoints', title: 'Endpoints', view: 'endpoint_latency', span: 6, tall: 260, render: endpoints },
    { id: 'quality', title: 'Data quality', view: 'data_quality', span: 6, tall: 260, render: quality },
  ];

  return { LIST, TILES, tiles, time, empty, table, tipOf };
})();
