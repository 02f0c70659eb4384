// How a person has arranged the columns: kept in this browser, reported for saved views.
import { useEffect, useRef, useState } from "react";

const REPORT_AFTER = 400; // ms after the last change

const names = (value) => (Array.isArray(value) ? value.filter((v) => typeof v === "string") : []);

function fitted(layout, columns, [narrowest, widest]) {
  const known = columns.map((column) => column.id);
  const order = names(layout.order).filter((id) => known.includes(id));
  const hidden = names(layout.hidden).filter((id) => known.includes(id));
  const widths = {};
  for (const id of known) {
    const width = Math.round(Number(layout.widths?.[id]));
    if (width > 0) widths[id] = Math.min(widest, Math.max(narrowest, width));
  }
  return {
    hidden: hidden.length < known.length ? hidden : [],
    order: [...order, ...known.filter((id) => !order.includes(id))],
    widths,
  };
}

const asBuilt = (columns) => ({
  hidden: columns.filter((column) => column.hidden).map((column) => column.id),
  order: columns.map((column) => column.id),
  widths: {},
});

const place = (key) => `necto.table.${key}`;

function remembered(key) {
  try {
    return JSON.parse(localStorage.getItem(place(key)));
  } catch {
    return null; // no storage here, or not ours
  }
}

function remember(key, layout) {
  try {
    if (layout) localStorage.setItem(place(key), JSON.stringify(layout));
    else localStorage.removeItem(place(key));
  } catch {
    // without storage the arrangement lasts as long as the page
  }
}

export function useLayout(data, report) {
  const { columns, limits } = data;
  const [held, setHeld] = useState(() => {
    const kept = data.layout ?? remembered(data.key);
    return { revision: data.revision, layout: kept ?? asBuilt(columns) };
  });
  const timer = useRef(0);
  if (held.revision !== data.revision) {
    setHeld({ revision: data.revision, layout: data.layout ?? held.layout });
  }
  const layout = fitted(held.layout, columns, limits.width);
  const tell = (next, delay) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => report("layout", next), delay);
  };
  // Python must know what stands: what this browser remembered, and what a saved view made of it.
  useEffect(() => {
    if (data.layout || remembered(data.key)) tell(layout, 0);
    return () => clearTimeout(timer.current);
  }, [data.revision]);
  const arrange = (next) => {
    const whole = fitted({ ...layout, ...next }, columns, limits.width);
    setHeld((last) => ({ ...last, layout: whole }));
    remember(data.key, whole);
    tell(whole, REPORT_AFTER);
  };
  const reset = () => {
    const first = asBuilt(columns);
    setHeld((last) => ({ ...last, layout: first }));
    remember(data.key, null);
    tell(first, REPORT_AFTER);
  };
  return { layout, arrange, reset };
}

export function moved(order, id, steps, isShown = () => true) {
  const shown = order.filter(isShown);
  const target = shown[shown.indexOf(id) + steps];
  if (!target) return order;
  return placed(order, id, target, steps > 0);
}

export function placed(order, id, target, after) {
  if (id === target) return order;
  const rest = order.filter((other) => other !== id);
  rest.splice(rest.indexOf(target) + (after ? 1 : 0), 0, id);
  return rest;
}
