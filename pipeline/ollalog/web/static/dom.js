/* Elements from data. Text is always a text node: what a log says never becomes markup. */
'use strict';

const dom = (() => {
  const SVG = 'http://www.w3.org/2000/svg';

  function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value == null || value === false) continue;
      if (name === 'on') for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
      else if (name === 'style') for (const [property, setting] of Object.entries(value)) node.style.setProperty(property, setting);
      else node.setAttribute(name, value === true ? '' : String(value));
    }
    append(node, children);
    return node;
  }

  function append(node, children) {
    for (const child of children) {
      if (child == null || child === false) continue;
      if (Array.isArray(child)) append(node, child);
      else node.append(child instanceof Node ? child : document.createTextNode(String(child)));
    }
  }

  const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
  const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
  const replace = (node, ...children) => { const made = document.createDocumentFragment(); append(made, children); node.replaceChildren(made); };

  /* One tooltip for the page: for what carries data-tip, by pointer and by keyboard, and for charts. */
  const tip = (() => {
    let box;
    const place = (x, y) => {
      const { innerWidth, innerHeight } = window;
      const { offsetWidth, offsetHeight } = box;
      box.style.setProperty('left', `${Math.max(8, Math.min(x + 14, innerWidth - offsetWidth - 8))}px`);
      box.style.setProperty('top', `${y + 18 + offsetHeight > innerHeight ? Math.max(8, y - offsetHeight - 12) : y + 18}px`);
    };
    const show = (x, y, ...content) => { replace(box, ...content); box.hidden = false; place(x, y); };
    const hide = () => { box.hidden = true; };
    const lines = (text) => text.split('\n').map((line, number) => el('div', { class: number ? 'tip-note' : 'tip-head' }, line));
    function start() {
      box = el('div', { id: 'tip', role: 'tooltip', hidden: true });
      document.body.append(box);
      document.addEventListener('pointermove', (event) => {
        const holder = event.target instanceof Element && event.target.closest('[data-tip]');
        if (holder) show(event.clientX, event.clientY, lines(holder.dataset.tip));
        else if (!(event.target instanceof Element && event.target.closest('[data-chart]'))) hide();
      });
      document.addEventListener('focusin', (event) => {
        const holder = event.target.closest('[data-tip]');
        if (!holder || !holder.matches(':focus-visible')) { hide(); return; }
        const { left, bottom } = holder.getBoundingClientRect();
        show(left, bottom - 8, lines(holder.dataset.tip));
      });
      document.addEventListener('keydown', (event) => { if (event.key === 'Escape') hide(); });
      document.addEventListener('scroll', hide, { passive: true });
    }
    return { start, show, hide };
  })();

  return { el, svg, replace, tip };
})();
