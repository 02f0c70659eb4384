// The scrolling grid, the cell that keys move, and what opens a row.
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Body } from "./body.jsx";
import { Head } from "./head.jsx";
import { HEAD, ROW, Way } from "./scroll.js";
import { copy } from "./text.js";

const LEAST = 6; // rows' height that the grid keeps also when there are fewer
const SCROLL_BAR = 14; // px

export function Grid({ data, table, asking, held, clear, open, onCopied }) {
  const [grid, setGrid] = useState(null); // a state, since what is inside can be drawn only then
  const uid = useId();
  const { matching } = held;
  const way = useMemo(() => new Way(), []);
  const columns = table.getVisibleLeafColumns();
  const [active, setActive] = useState({ place: 0, column: null });
  const isActiveShown = columns.some((column) => column.id === active.column);
  const here = isActiveShown ? active.column : columns[0].id;
  const rowAt = (place) => held.rows.get(place);

  const conditions = JSON.stringify([data.query.sort, data.query.filters, data.query.facets]);
  const first = useRef(true);
  useLayoutEffect(() => {
    if (!first.current && grid) {
      way.moveTo(0);
      setActive((last) => ({ ...last, place: 0 }));
    }
    first.current = false;
  }, [conditions]);

  const place = Math.min(active.place, Math.max(0, matching - 1));
  const goTo = (next, column = here) => {
    const target = Math.max(0, Math.min(next, matching - 1));
    setActive({ place: target, column });
    way.show(target);
  };
  const toRows = (column) => {
    grid.focus();
    goTo(place, column);
  };
  const openAt = (at) => {
    const row = rowAt(at);
    if (row) open(row.id, grid);
  };
  const copyCell = async (at, id) => {
    const column = table.getColumn(id);
    const row = rowAt(at);
    const text = row && column.accessorFn(row);
    if (typeof text !== "string") return;
    await copy(text);
    onCopied(`Copied ${column.columnDef.header}`);
  };
  const onKeyDown = (event) => {
    if (event.target !== grid) return;
    const steps = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: way.rowsInView,
      PageUp: -way.rowsInView,
      Home: -matching,
      End: matching,
    }[event.key];
    const side = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.altKey) return;
    if (event.key === "ArrowUp" && place === 0) {
      event.preventDefault();
      grid.querySelector(".sort[tabindex='0']")?.focus();
    } else if (steps) {
      event.preventDefault();
      goTo(place + steps);
    } else if (side) {
      event.preventDefault();
      const at = columns.findIndex((column) => column.id === here) + side;
      if (columns[at]) goTo(place, columns[at].id);
    } else if (event.key === "Enter") {
      event.preventDefault();
      openAt(place);
    } else if (event.key === "c" && (event.ctrlKey || event.metaKey) && !getSelection().toString()) {
      copyCell(place, here);
    }
  };
  useSideways(grid, here);

  const onCell = (cell, isCopied) => {
    setActive(cell);
    if (isCopied) copyCell(cell.place, cell.column);
    else if (!getSelection().toString()) openAt(cell.place);
  };

  const widths = columns.map((column) => column.getSize());
  const template = widths
    .map((width, i) => (i < widths.length - 1 ? `${width}px` : `minmax(${width}px, 1fr)`))
    .join(" ");
  const least = HEAD + LEAST * ROW;
  const full = HEAD + data.page.total * ROW + SCROLL_BAR;
  return (
    <div
      ref={setGrid}
      role="grid"
      className={asking.answered ? "grid" : "grid waiting"}
      tabIndex={0}
      aria-label={data.label}
      aria-rowcount={matching + 1}
      aria-colcount={columns.length}
      aria-busy={!asking.answered}
      onKeyDown={onKeyDown}
      onFocus={({ target }) => target === grid && setActive((last) => ({ ...last, column: here }))}
      style={{ height: Math.max(least, Math.min(data.height, full)), "--columns": template }}
    >
      <div className="sheet" style={{ minWidth: widths.reduce((sum, width) => sum + width, 0) }}>
        <Head {...{ table, asking, toRows }} limits={data.limits} entry={here}
          setEntry={(column) => setActive((last) => ({ ...last, column }))} />
        {grid && <Body {...{ data, asking, held, columns, way, grid, uid, onCell }}
          active={{ place, column: here, isShown: active.column !== null }} />}
        {matching === 0 && <Nothing {...{ data, clear }} />}
      </div>
    </div>
  );
}

// Keeps the column that keys have moved to in sight.
function useSideways(grid, column) {
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current) {
      const cell = [...grid.querySelectorAll("[role=gridcell]")].find(
        (candidate) => candidate.dataset.column === column,
      );
      const sheet = cell?.parentElement.getBoundingClientRect();
      if (cell) {
        const { left, right } = cell.getBoundingClientRect();
        const view = grid.getBoundingClientRect();
        if (left < view.left) grid.scrollLeft = left - sheet.left;
        else if (right > view.left + grid.clientWidth) {
          grid.scrollLeft = right - sheet.left - grid.clientWidth;
        }
      }
    }
    isFirst.current = false;
  }, [column]);
}

function Nothing({ data, clear }) {
  return (
    <div className="nothing">
      {data.page.total === 0 ? (
        <p>{data.empty}</p>
      ) : (
        <>
          <p>No {data.noun} match.</p>
          <button type="button" className="button" onClick={clear}>
            Clear filters
          </button>
        </>
      )}
    </div>
  );
}
