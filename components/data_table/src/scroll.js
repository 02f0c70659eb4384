// Virtual rows behind a scrollbar as long as all of them, also past the height a browser can lay out.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useRef } from "react";

export const ROW = 32; // px, as in style.css
export const HEAD = 66;
const HEIGHT_MAX = 8_000_000; // px; browsers lay out 17 to 33 million
const LINE = 16; // px, for wheels that count in lines

// Offsets are in pixels of the whole list. Up to HEIGHT_MAX they are the scroll bar's own; past it the
// bar stands for a part of the way, and wheel and keys still move by the pixel.
export class Way {
  offset = 0;
  #told = null;
  #written = 0;

  measure(element, rows) {
    this.element = element;
    this.rows = rows;
    this.height = Math.min(rows * ROW, HEIGHT_MAX);
  }

  get #view() {
    return this.element.clientHeight - HEAD;
  }

  get #end() {
    return Math.max(0, this.rows * ROW - this.#view);
  }

  get #scale() {
    if (this.rows * ROW === this.height) return 1;
    return this.#end / (this.height - this.#view);
  }

  // Where a row of this offset lies in the element that the bar scrolls.
  top(start) {
    return this.#scale === 1 ? start : start - this.offset + this.element.scrollTop;
  }

  moveTo(offset) {
    this.offset = Math.max(0, Math.min(offset, this.#end));
    this.#written = this.offset / this.#scale;
    this.element.scrollTop = this.#written;
    this.#told?.(this.offset, false);
  }

  show(place) {
    const start = place * ROW;
    if (start < this.offset) this.moveTo(start);
    else if (start + ROW > this.offset + this.#view) this.moveTo(start + ROW - this.#view);
  }

  get rowsInView() {
    return Math.max(1, Math.floor(this.#view / ROW));
  }

  observe(tell) {
    const { element } = this;
    const scrolled = () => {
      const top = element.scrollTop;
      const isEcho = Math.abs(top - this.#written) < 1; // of moveTo, which knows it more exactly
      if (!isEcho || this.#scale === 1) this.offset = top * this.#scale;
      this.#written = top;
      tell(this.offset, true);
    };
    const wheeled = (event) => {
      if (this.#scale === 1 || event.ctrlKey || event.shiftKey || !event.deltaY) return;
      const unit = [1, LINE, this.#view][event.deltaMode];
      const next = Math.max(0, Math.min(this.offset + event.deltaY * unit, this.#end));
      if (next === this.offset) return; // at an end the page scrolls on
      event.preventDefault();
      this.moveTo(next);
    };
    this.#told = tell;
    element.addEventListener("scroll", scrolled, { passive: true });
    element.addEventListener("wheel", wheeled, { passive: false });
    return () => {
      element.removeEventListener("scroll", scrolled);
      element.removeEventListener("wheel", wheeled);
    };
  }
}

export function useRowsInSight(rows, grid, way) {
  way.measure(grid, rows);
  const virtualizer = useVirtualizer({
    count: rows,
    getScrollElement: () => grid,
    estimateSize: () => ROW,
    overscan: 6,
    scrollToFn: () => {}, // the way scrolls
    observeElementOffset: (_, tell) => way.observe(tell),
  });
  const before = useRef(rows);
  useLayoutEffect(() => {
    if (before.current !== rows) way.moveTo(way.offset); // a shorter list may end above
    before.current = rows;
  }, [rows]);
  return { items: virtualizer.getVirtualItems(), range: virtualizer.range };
}
