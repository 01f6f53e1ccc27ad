/* Numbers as people read them: the same short forms as the terminal report. */
'use strict';

const format = (() => {
  const MISSING = '–';

  function digits(value) {
    const places = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    const text = value.toFixed(places);
    return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  }

  function duration(ns) {
    if (ns == null) return MISSING;
    if (ns < 0) return '−' + duration(-ns);
    if (ns === 0) return '0 s';
    for (const [bound, unit, size] of [[1e3, 'ns', 1], [1e6, 'µs', 1e3], [1e9, 'ms', 1e6], [6e10, 's', 1e9]]) {
      if (ns < bound * 0.9995) return `${digits(ns / size)} ${unit}`;
    }
    const s = Math.round(ns / 1e9);
    const two = (number) => String(number).padStart(2, '0');
    if (s < 3600) return `${Math.floor(s / 60)}m${two(s % 60)}s`;
    if (s < 86400) return `${Math.floor(s / 3600)}h${two(Math.floor(s / 60) % 60)}m`;
    return `${Math.floor(s / 86400)}d${two(Math.floor(s / 3600) % 24)}h`;
  }

  function scaled(value, steps, small) {
    if (value == null) return MISSING;
    if (Math.abs(value) < steps[0][0] * 9.9995) return small(value);
    for (const [size, unit] of steps) if (Math.abs(value) < size * 999.5) return digits(value / size) + unit;
    const [size, unit] = steps[steps.length - 1];
    return digits(value / size) + unit;
  }

  const count = (value) => scaled(value, [[1e3, 'k'], [1e6, 'M'], [1e9, 'G']], (number) => Math.round(number).toLocaleString('en'));
  const bytes = (value) => value != null && value < 1000 ? `${Math.round(value)} B`
    : scaled(value, [[1e3, ' kB'], [1e6, ' MB'], [1e9, ' GB'], [1e12, ' TB']], (number) => digits(number / 1e3) + ' kB');
  const rate = (value) => value == null ? MISSING : value >= 999.5 ? count(value) : digits(value);

  function percent(ratio) {
    if (ratio == null) return MISSING;
    const value = ratio * 100;
    if (value >= 99.95 && value < 100) return '>99.9%';
    if (value > 0 && value < 0.05) return '<0.1%';
    return value.toFixed(1).replace(/\.0$/, '') + '%';
  }

  const formatters = new Map();
  function dates(zone, options) {
    const key = zone + JSON.stringify(options);
    if (!formatters.has(key)) {
      let made;
      try { made = new Intl.DateTimeFormat('en-GB', { ...options, timeZone: zone, hourCycle: 'h23' }); }
      catch { made = new Intl.DateTimeFormat('en-GB', { ...options, timeZone: 'UTC', hourCycle: 'h23' }); }
      formatters.set(key, made);
    }
    return formatters.get(key);
  }

  function when(time, zone, step = 0) {
    if (time == null) return MISSING;
    const options = { day: '2-digit', month: 'short', hour: '2-digit', minute: '2-digit' };
    if (step && step < 60000) options.second = '2-digit';
    if (step >= 86400000) { delete options.hour; delete options.minute; }
    if (step >= 86400000 || new Date(time).getUTCFullYear() !== new Date().getUTCFullYear()) options.year = 'numeric';
    return dates(zone, options).format(new Date(time));
  }

  /* What clocks of a zone show, in ms as if they showed UTC; and the instant at which they show that. */
  function local(time, zone) {
    const parts = Object.fromEntries(dates(zone, { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' }).formatToParts(time).map((part) => [part.type, Number(part.value)]));
    return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second);
  }
  function instant(shown, zone) {
    const near = shown - (local(shown, zone) - shown);
    return shown - (local(near, zone) - near);
  }

  function ago(ms) {
    if (ms == null) return MISSING;
    if (ms < 0) return 'just now';
    if (ms < 2000) return 'just now';
    const s = ms / 1000;
    if (s < 90) return `${Math.round(s)} s ago`;
    if (s < 5400) return `${Math.round(s / 60)} min ago`;
    if (s < 129600) return `${Math.round(s / 3600)} h ago`;
    return `${Math.round(s / 86400)} days ago`;
  }

  return { MISSING, digits, duration, count, bytes, rate, percent, dates, when, local, instant, ago };
})();
