// The rows that were sent and are worth keeping, by their place in the answer to one query.
import { signature } from "./query.js";

const KEPT_MAX = 2000;

export class Rows {
  state = null;
  byPlace = new Map();

  // Takes a page in; rows of another version or another query are forgotten.
  take({ page, query }) {
    const state = `${page.version} ${signature(query)}`;
    if (state !== this.state) {
      this.state = state;
      this.byPlace = new Map();
    }
    page.rows.forEach(([id, ...cells], i) => {
      const place = page.offset + i;
      if (!this.byPlace.has(place)) this.byPlace.set(place, { id, cells });
    });
    this.#forget(page.offset + page.rows.length / 2);
    return { rows: this.byPlace, matching: page.matching };
  }

  #forget(centre) {
    if (this.byPlace.size <= KEPT_MAX) return;
    for (const place of this.byPlace.keys()) {
      if (Math.abs(place - centre) > KEPT_MAX / 2) this.byPlace.delete(place);
    }
  }
}

// The window to ask for so that what is in sight and what comes next is there; null when it is.
// Every window holds all that is wanted at once: a table whose version changes each time rests too.
export function wanted({ first, last, forward, matching, has, limit }) {
  if (matching === 0) return null;
  const ahead = Math.max(0, Math.min(100, Math.floor((limit - (last - first + 1)) / 2)));
  const from = Math.max(0, first - ahead);
  const to = Math.min(matching - 1, last + ahead);
  let whole = true;
  for (let place = from; place <= to && whole; place++) whole = has(place);
  if (whole) return null;
  const offset = forward ? from : to - limit + 1;
  return Math.max(0, Math.min(offset, matching - limit));
}
