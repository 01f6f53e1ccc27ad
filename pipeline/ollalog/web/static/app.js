/* The page: choices in the address, data by one request, drawn as it comes; live by server-sent events. */
'use strict';

(() => {
  const { el, replace, tip } = dom;
  const RANGES = [['1h', '1 h'], ['6h', '6 h'], ['24h', '24 h'], ['7d', '7 d'], ['30d', '30 d'], ['all', 'All']];
  const NAMES = ['range', 'since', 'until', 'model', 'host', 'timezone'];
  const REFRESH_MS = 2000, DEAREST = 5, OPENING_MS = 300;
  const AT_MOST = 'at most 10,000 rows; all of them: ollalog sql';
  const by = (id) => document.getElementById(id);

  const embedded = by('data');
  const state = Object.fromEntries(NAMES.map((name) => [name, new URLSearchParams(embedded ? '' : location.search).get(name) || '']));
  const store = { meta: {}, views: {}, seconds: 0, isLoaded: false };
  const shells = new Map();
  let loading = null, pending = false, timer = 0, source = null, isPaused = false, newest = 0;

  /* What panels are handed */
  const data = {
    live: !embedded,
    rows: (view) => store.views[view]?.rows || [],
    columns: (view) => store.views[view]?.columns || {},
    get models() { return store.meta.models || []; },
    get zone() { return store.meta.timezone || 'UTC'; },
    get x() { const row = data.rows('time_slices')[0]; return row ? [panels.time(row.first_utc), Math.max(panels.time(row.last_utc), panels.time(row.first_utc) + row.slice_ns / 1e6)] : [0, 1]; },
    get step() { const row = data.rows('time_slices')[0]; return row ? row.slice_ns / 1e6 : 60000; },
    choose: (name, value) => { if (data.live) set({ [name]: state[name] === value ? '' : value }); },
    zoom: (from, to) => set({ range: '', since: instantText(from), until: instantText(to) }),
    ask: (query) => tools.ask(query),
    actions: (row) => actions(row),
  };

  /* Choices */
  function parameters() {
    const asked = new URLSearchParams();
    if (state.since) asked.set('since', state.since);
    if (state.until) asked.set('until', state.until);
    if (!state.since && !state.until) {
      if (!state.range) asked.set('range', 'auto');
      else if (state.range !== 'all') asked.set('since', state.range);
    }
    for (const name of ['model', 'host', 'timezone']) if (state[name]) asked.set(name, state[name]);
    return asked;
  }

  const instantText = (at) => new Date(Math.round(at / 1000) * 1000).toISOString().replace('.000Z', 'Z');
  const shownEnd = (text, none) => !text ? none : /T.*Z$/.test(text) ? format.when(Date.parse(text), data.zone) : text.replace('T', ' ');

  /* The same with the range that was found where none was chosen. */
  function chosen() {
    const asked = parameters();
    if (asked.has('range') && store.meta.since) asked.set('since', store.meta.since);
    asked.delete('range');
    return asked;
  }

  function set(changes) {
    Object.assign(state, changes);
    const shown = new URLSearchParams();
    for (const name of NAMES) if (state[name]) shown.set(name, state[name]);
    history.pushState(null, '', `${location.pathname}${shown.size ? '?' + shown : ''}`);
    choices();
    load();
  }

  function choices() {
    const focused = document.activeElement?.dataset?.choice;
    const active = state.since || state.until ? '' : state.range || (store.isLoaded ? (store.meta.since ? '24h' : 'all') : '');
    const range = el('div', { class: 'segments', role: 'group', 'aria-label': 'Range' }, RANGES.map(([value, title]) => el('button', { type: 'button', 'data-choice': `range-${value}`, 'aria-pressed': String(active === value), on: { click: () => set({ range: value, since: '', until: '' }) } }, title)));
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const select = (name, title, all, options) => el('label', { class: 'pick' }, el('span', { class: 'hidden' }, title), el('select', { 'data-choice': name, 'aria-label': title, on: { change: (event) => set({ [name]: event.target.value }) } },
      all == null ? null : el('option', { value: '' }, all), options.map((option) => el('option', { value: option, selected: state[name] === option }, option))));
    const models = [...data.models, ...(data.models.length ? ['(unknown)'] : [])];
    if (state.model && !models.includes(state.model)) models.unshift(state.model);
    const hosts = store.meta.hosts || [];
    if (state.host && !hosts.includes(state.host)) hosts.push(state.host);
    const zones = [...new Set([zone, 'UTC', state.timezone].filter((one) => one && (one !== data.zone || state.timezone)))];
    replace(by('choices'),
      select('model', 'Model', 'All models', models),
      hosts.length > 1 || state.host ? select('host', 'Machine', 'All machines', hosts) : null,
      range,
      state.since || state.until ? el('button', { type: 'button', class: 'custom', 'data-choice': 'custom', 'aria-label': 'Give up the dates', on: { click: () => set({ since: '', until: '', range: '' }) } }, `${shownEnd(state.since, '…')} – ${shownEnd(state.until, 'now')} ✕`) : null,
      select('timezone', 'Zone of times', state.timezone ? 'Server zone' : `${data.zone}`, zones));
    dates.follow();
    if (focused) document.querySelector(`[data-choice="${CSS.escape(focused)}"]`)?.focus();
  }

  /* From when to when, by the calendar: for what a range that ends now does not reach */
  const dates = (() => {
    const box = by('dates');
    let from, to;
    const shown = (at) => new Date(format.local(at, data.zone)).toISOString().slice(0, 16);
    function follow() {
      if (!box || box.open || !from) return;
      const [begin, end] = data.x;
      if (end > 1) { from.value = shown(begin); to.value = shown(end); }
    }
    function make() {
      if (!box) return;
      from = el('input', { type: 'datetime-local', id: 'from' });
      to = el('input', { type: 'datetime-local', id: 'to' });
      const close = () => { box.open = false; };
      replace(box, el('summary', {}, 'Dates'), el('form', { on: { submit: (event) => { event.preventDefault(); close(); box.querySelector('summary').focus(); set({ range: '', since: from.value, until: to.value }); } } },
        el('label', {}, 'From', from), el('label', {}, 'To', to), el('p', { class: 'muted small' }, 'Or drag over a chart.'), el('button', { type: 'submit', class: 'primary' }, 'Show')));
      box.addEventListener('keydown', (event) => { if (event.key === 'Escape' && box.open) { close(); box.querySelector('summary').focus(); } });
      document.addEventListener('pointerdown', (event) => { if (!box.contains(event.target)) close(); });
    }
    return { make, follow };
  })();

  /* Data */
  async function load() {
    clearTimeout(timer);
    timer = 0;
    loading?.abort();
    const mine = loading = new AbortController();
    document.body.setAttribute('aria-busy', 'true');
    try {
      const answer = await fetch(`/api/dashboard?${parameters()}`, { signal: mine.signal, headers: { accept: 'application/x-ndjson' } });
      if (!answer.ok) throw Object.assign(new Error('refused'), { problem: await problemOf(answer) });
      await lines(answer.body, (line) => { if (loading === mine) take(JSON.parse(line)); });
      if (loading === mine) finish();
    } catch (fault) {
      if (mine.signal.aborted) return;
      notice('bad', fault.problem?.title || 'The server cannot be reached.', fault.problem?.fix || 'It is tried again by itself. Is `ollalog serve` still running?', state.model || state.host || state.since ? ['Show everything', () => set(Object.fromEntries(NAMES.map((name) => [name, ''])))] : null);
      if (!fault.problem || fault.problem.status >= 500) timer = setTimeout(load, 5000);
      document.body.removeAttribute('aria-busy');
    }
  }

  async function problemOf(answer) {
    try { return await answer.json(); } catch { return { title: `The server answered ${answer.status}.`, status: answer.status }; }
  }

  async function lines(body, take) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const parts = (rest + value).split('\n');
      rest = parts.pop();
      for (const part of parts) if (part) take(part);
    }
    if (rest) take(rest);
  }

  function take(line) {
    if (line.meta) { store.meta = line.meta; store.views = { ...store.views }; store.fresh = new Set(); choices(); facts(); if (!store.meta.batch) state_of_range(); return; }
    if (line.end) { store.seconds = line.end.seconds; return; }
    store.views[line.view] = line;
    store.fresh?.add(line.view);
    if (line.view === 'time_slices') return;
    if (['overview', 'activity', 'concurrency_by_slice', 'server_events_by_slice'].includes(line.view)) tiles();
    if (line.view === 'overview' || line.view === 'versions' || line.view === 'data_quality') facts();
    for (const panel of panels.LIST) if (panel.view === line.view || panel.uses?.includes(line.view)) draw(panel);
  }

  function finish() {
    const isFirst = !store.isLoaded;
    store.isLoaded = true;
    document.body.removeAttribute('aria-busy');
    document.body.dataset.loaded = String(Number(document.body.dataset.loaded || 0) + 1);
    document.body.dataset.batch = store.meta.batch;
    state_of_range();
    facts();
    choices();
    if (isFirst) for (const panel of panels.LIST) draw(panel);
    /* A dear answer is given again for a while: what was committed since is asked for later. */
    if (pending || newest > store.meta.batch) { pending = false; soon(); }
  }

  function state_of_range() {
    const { first, last } = store.meta;
    document.body.classList.toggle('is-empty', !store.meta.batch);
    if (!store.meta.batch) notice('calm', 'The store is empty.', 'Fill it with `ollalog ingest PATH`, or name the logs to follow: `ollalog serve PATH`. This page shows them as soon as they are read.');
    else if (!data.rows('overview').length) notice('calm', 'No request of a model in this range.', first ? `The store has requests from ${format.when(panels.time(first), data.zone)} to ${format.when(panels.time(last), data.zone)}.` : 'No log that was read has one.', ['Show all', () => set({ range: 'all', since: '', until: '', model: '', host: '' })]);
    else notice();
  }

  function notice(kind, title, text, action) {
    const box = by('notice');
    box.hidden = !kind;
    box.className = kind || '';
    if (kind) replace(box, el('b', {}, title), ' ', el('span', {}, text.split('`').map((part, number) => number % 2 ? el('code', {}, part) : part)), action && data.live ? el('button', { type: 'button', on: { click: action[1] } }, action[0]) : null);
  }

  /* Drawing */
  function shell(panel) {
    const body = el('div', { class: 'body', style: { 'min-height': `${panel.tall}px` } }, el('div', { class: 'skeleton', 'aria-hidden': 'true' }));
    const found = { body, isTable: false };
    const toggle = el('button', { type: 'button', class: 'quiet', 'aria-pressed': 'false', 'aria-label': `${panel.title} as a table`, on: { click: () => { found.isTable = !found.isTable; toggle.setAttribute('aria-pressed', String(found.isTable)); draw(panel); } } }, 'Table');
    found.csv = data.live ? el('a', { class: 'quiet', download: true, 'aria-label': `${panel.title} as CSV` }, 'CSV') : null;
    found.node = el('section', { class: `card span-${panel.span}`, id: `panel-${panel.id}`, 'data-view': panel.view, 'aria-labelledby': `title-${panel.id}` },
      el('header', {}, el('h2', { id: `title-${panel.id}` }, panel.title, panel.unit ? el('small', {}, ` ${panel.unit}`) : null),
        el('span', { class: 'view-name', 'data-tip': `view ${panel.view}` }, panel.view), el('span', { class: 'tools' }, toggle, found.csv)), body);
    shells.set(panel.id, found);
    return found.node;
  }

  const waiting = new Set();
  function draw(panel) {
    if (!waiting.size) requestAnimationFrame(() => { const some = [...waiting]; waiting.clear(); some.forEach(drawNow); });
    waiting.add(panel);
  }

  function drawNow(panel) {
    const view = store.views[panel.view];
    const { body, csv, isTable, node } = shells.get(panel.id);
    if (!view || !data.rows('time_slices') || !store.views.time_slices) return;
    node.dataset.tip = '';
    delete node.dataset.tip;
    node.querySelector('.view-name').dataset.tip = `${view.purpose}\nview ${panel.view}`;
    if (csv) { const asked = chosen(); asked.set('format', 'csv'); asked.set('limit', '10000'); csv.href = `/api/views/${panel.view}?${asked}`; csv.title = AT_MOST; }
    let made;
    try {
      if (view.error) made = panels.empty('This view failed; the others are shown.', view.error.split('\n')[0]);
      else if (isTable) made = raw(panel.view);
      else made = panel.render(data, body);
    } catch (fault) {
      made = panels.empty('This panel cannot be drawn.', String(fault));
      console.error(fault);
    }
    const scrolled = body.querySelector('.scroll, .list')?.scrollTop || 0;
    const isFocused = body.contains(document.activeElement);
    if (isFocused && (store.isQuiet || document.activeElement.closest('details'))) { panel.isStale = true; return; }
    replace(body, made);
    const scroller = body.querySelector('.scroll, .list');
    if (scroller) scroller.scrollTop = scrolled;
    node.dataset.rows = view.rows.length;
  }

  function raw(view) {
    const rows = data.rows(view);
    if (!rows.length) return panels.empty('This view has no rows in this range.');
    const show = (column) => (value) => value == null ? format.MISSING : column.endsWith('_ns') ? format.duration(value) : typeof value === 'number' && !Number.isInteger(value) ? value.toPrecision(4) : String(value);
    return panels.table(data, view, rows, Object.keys(rows[0]).map((column) => ({ key: column, title: column, show: show(column), left: typeof rows[0][column] === 'string' })), { most: 300 });
  }

  function tiles() { replace(by('tiles'), panels.tiles(data)); }

  function facts() {
    const { meta } = store;
    const row = data.rows('overview')[0];
    const versions = data.rows('versions').filter((one) => one.version);
    const newest = versions[versions.length - 1];
    const rejected = data.rows('data_quality').filter((one) => one.measure === 'fate' && one.name === 'rejected').reduce((sum, one) => sum + one.count, 0);
    const fact = (title, value, told) => value == null ? null : el('span', { class: 'fact', tabindex: told ? '0' : null, 'data-tip': told }, el('span', { class: 'muted' }, title), ' ', el('b', {}, value));
    replace(by('facts'),
      data.live ? null : fact('Made', format.when(panels.time(meta.now), data.zone)),
      row ? fact('Requests', format.count(row.requests), panels.tipOf(data, 'overview', 'requests')) : null,
      row ? fact('Last', data.live ? format.ago(Date.now() - panels.time(row.last_utc)) : format.when(panels.time(row.last_utc), data.zone), `${format.when(panels.time(row.last_utc), data.zone)}\nview overview, column last_utc`) : null,
      row ? fact('Range', `${format.when(data.x[0], data.zone)} – ${format.when(data.x[1], data.zone)}`, `times are ${data.zone}\nview time_slices`) : null,
      row ? fact('Clients', format.count(row.clients), panels.tipOf(data, 'overview', 'clients')) : null,
      newest ? fact('Ollama', newest.version, 'the version that was started last\nview versions, column version') : null,
      rejected ? fact('Rejected lines', format.count(rejected), 'lines that could not be used\nview data_quality') : null,
      state.model ? fact('Model', state.model) : null,
      state.host ? fact('Machine', state.host) : null,
      data.live && meta.version ? fact('Logs', meta.following ? 'followed by this service' : 'not followed by this service', meta.note || 'this service follows the logs') : null);
  }

  /* Alerts: to say that one knows, or wants to hear no more for a while */
  async function order(path, body) {
    try {
      const answer = await fetch(`/api/ai/ollama/performance/alerts/${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
      const found = await answer.json();
      by('said').textContent = answer.ok ? 'Kept.' : found.title;
      if (!answer.ok) notice('bad', found.title, found.fix || '');
    } catch { notice('bad', 'The server cannot be reached.', 'Nothing was kept.'); }
    document.activeElement?.blur();
    load();
  }

  function actions(row) {
    const said = store.meta.marks?.[row.fingerprint];
    if (!said) return null;
    const button = (title, told, act) => el('button', { type: 'button', class: 'quiet', 'data-tip': told, on: { click: act } }, title);
    return el('span', { class: 'orders' },
      said.acknowledged ? el('span', { class: 'badge' }, 'known') : data.live ? button('Acknowledge', 'You know of it: nobody is reminded, this time that it fires.', () => order('acknowledge', { fingerprint: row.fingerprint })) : null,
      said.silenced ? el('span', { class: 'badge' }, 'silenced') : data.live ? button('Silence 2 h', 'Nobody is told of it for two hours; it is still shown here.', () => order('silence', { matchers: [`fingerprint=${row.fingerprint}`], minutes: 120 })) : null);
  }

  /* Live. The server gives an answer again for four times as long as it took: to ask sooner would bring the same one. */
  function soon() {
    if (timer || isPaused || state.until) return;
    if (document.hidden || !store.isLoaded) { pending = true; return; }
    timer = setTimeout(() => { timer = 0; store.isQuiet = true; load().finally(() => { store.isQuiet = false; }); }, Math.max(REFRESH_MS, (store.seconds * 1000 + OPENING_MS) * DEAREST));
  }

  function light(kind, text, told) {
    replace(by('live'),
      embedded ? el('span', { class: `light ${kind}`, 'data-tip': told }, el('i', {}), text)
        : el('button', { type: 'button', class: `light ${kind}`, 'aria-pressed': String(!isPaused), 'data-tip': told, on: { click: pause } }, el('i', {}), text),
      el('button', { type: 'button', class: 'theme', 'aria-label': 'Light or dark', 'data-tip': 'Light or dark', on: { click: theme } }, '◐'));
  }

  function pause() {
    isPaused = !isPaused;
    if (isPaused) { clearTimeout(timer); timer = 0; light('paused', 'Paused', 'Nothing is drawn anew until you press this again.'); }
    else { light('on', 'Live', 'Drawn anew after each commit. Press to pause.'); load(); }
  }

  function listen() {
    source = new EventSource('/events');
    source.addEventListener('hello', (event) => { if (!isPaused) light('on', 'Live', 'Drawn anew after each commit. Press to pause.'); newest = JSON.parse(event.data).batch; if (store.isLoaded && newest !== store.meta.batch) soon(); });
    source.addEventListener('commit', (event) => { newest = JSON.parse(event.data).batch; soon(); });
    source.addEventListener('alert', (event) => { const alert = JSON.parse(event.data); by('said').textContent = `Alert ${alert.state}: ${alert.message || alert.rule}`; soon(); });
    source.addEventListener('error', () => { if (!isPaused) light('off', 'Offline', 'The stream of events is gone; it is opened again by itself.'); });
  }

  /* Theme */
  function theme() {
    const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    document.documentElement.dataset.theme = dark ? 'light' : 'dark';
    try { localStorage.setItem('theme', document.documentElement.dataset.theme); } catch { /* the browser keeps nothing: the choice holds for this page */ }
  }
  try { const kept = localStorage.getItem('theme'); if (kept) document.documentElement.dataset.theme = kept; } catch { /* as above */ }

  /* Queries and exports */
  const tools = (() => {
    let area, out, button;
    async function run() {
      button.disabled = true;
      replace(out, el('p', { class: 'muted' }, 'asking …'));
      try {
        const answer = await fetch('/api/sql', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ ...Object.fromEntries(chosen()), query: area.value }) });
        const found = await answer.json();
        if (!answer.ok) replace(out, el('div', { class: 'fault' }, el('b', {}, found.title), found.found ? el('p', {}, found.found) : null, found.fix ? el('p', { class: 'muted' }, found.fix) : null));
        else {
          const fields = found.columns.map((column) => ({ key: column, title: column, show: (value) => value == null ? format.MISSING : typeof value === 'object' ? JSON.stringify(value) : String(value), left: typeof found.rows[0]?.[column] === 'string' }));
          replace(out, el('p', { class: 'muted small', role: 'status' }, `${found.rows.length} ${found.rows.length === 1 ? 'row' : 'rows'}${found.truncated ? ', and more' : ''} in ${format.duration(found.seconds * 1e9)}; durations ending in _ns are nanoseconds`), found.rows.length ? panels.table(data, 'result', found.rows, fields, { most: 500, label: 'Rows of the query' }) : null);
        }
      } catch { replace(out, el('div', { class: 'fault' }, 'The server cannot be reached.')); }
      button.disabled = false;
    }
    function ask(query) { area.value = query; area.scrollIntoView({ behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth', block: 'center' }); area.focus({ preventScroll: true }); run(); }
    async function names(select) {
      try {
        const found = await (await fetch('/api/views')).json();
        replace(select, found.views.map((view) => el('option', { value: view.name, title: view.purpose, selected: view.name === 'model_summary' }, view.name)));
      } catch { replace(select, el('option', { value: 'model_summary' }, 'model_summary')); }
    }
    function make() {
      area = el('textarea', { id: 'query', rows: '4', spellcheck: 'false', 'aria-label': 'Query', placeholder: 'SELECT model, p95_ns / 1e9 AS p95_s FROM model_summary', on: { keydown: (event) => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); run(); } } } });
      button = el('button', { type: 'submit', class: 'primary' }, 'Run');
      out = el('div', { id: 'answer', 'aria-live': 'polite' });
      const view = el('select', { id: 'export-view', 'aria-label': 'View to export' });
      const download = (kind) => el('button', { type: 'button', title: AT_MOST, on: { click: () => { const asked = chosen(); asked.set('format', kind); asked.set('limit', '10000'); const link = el('a', { href: `/api/views/${view.value}?${asked}`, download: `${view.value}.${kind}` }); document.body.append(link); link.click(); link.remove(); } } }, kind.toUpperCase());
      const said = el('span', { class: 'muted small', role: 'status' });
      const keep = el('button', { type: 'button', on: { click: async () => {
        try {
          const answer = await fetch('/api/ai/ollama/performance/export', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ format: 'csv', view: view.value }) });
          const found = await answer.json();
          said.textContent = answer.ok ? `${found.filepath}: ${format.count(found.rows)} rows, ${format.bytes(found.bytes)}, in the server's export folder` : `${found.title}. ${found.fix || ''}`;
        } catch { said.textContent = 'The server cannot be reached.'; }
      } } }, 'Keep on the server');
      replace(by('tools'),
        el('section', { class: 'card span-8', 'aria-labelledby': 'title-sql' }, el('header', {}, el('h2', { id: 'title-sql' }, 'Ask in SQL'), el('span', { class: 'muted small' }, 'read-only; of the range, model and machine chosen above; Ctrl+Enter runs')), el('form', { class: 'ask', on: { submit: (event) => { event.preventDefault(); run(); } } }, area, el('div', { class: 'row' }, button)), out),
        el('section', { class: 'card span-4', 'aria-labelledby': 'title-export' }, el('header', {}, el('h2', { id: 'title-export' }, 'Export')), el('div', { class: 'row wrap' }, view, download('csv'), download('json'), keep), said,
          el('p', { class: 'muted small' }, 'The chosen range, model and machine hold for downloads. For programs: ', el('a', { href: '/docs' }, 'the API'), ', ', el('a', { href: '/openapi.json' }, 'OpenAPI'), '.')));
      names(view);
    }
    return { make, ask };
  })();

  /* Start */
  tip.start();
  document.body.append(el('div', { id: 'said', class: 'hidden', role: 'status', 'aria-live': 'assertive' }));
  tiles();
  replace(by('panels'), panels.LIST.map(shell));
  let width = 0;
  new ResizeObserver(([entry]) => { if (Math.abs(entry.contentRect.width - width) > 1) { if (width) panels.LIST.forEach(draw); width = entry.contentRect.width; } }).observe(by('panels'));
  if (embedded) {
    document.body.classList.add('is-file');
    light('file', 'Report', 'A report as of when it was made.');
    embedded.textContent.split('\n').filter(Boolean).forEach((line) => take(JSON.parse(line)));
    finish();
    replace(by('choices'));
  } else {
    light('wait', 'Connecting', 'The page is being filled.');
    tools.make();
    dates.make();
    choices();
    load();
    listen();
    window.addEventListener('popstate', () => { const shown = new URLSearchParams(location.search); for (const name of NAMES) state[name] = shown.get(name) || ''; choices(); load(); });
    document.addEventListener('visibilitychange', () => { if (!document.hidden && pending) { pending = false; soon(); } });
    setInterval(() => { if (store.isLoaded) facts(); }, 15000);
  }
})();
