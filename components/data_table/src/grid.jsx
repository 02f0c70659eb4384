// The rows in sight, the cell that keys move, and what opens a row.
import { memo, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { Head } from "./head.jsx";
import { WINDOW } from "./query.js";
import { wanted } from "./rows.js";
import { HEAD, ROW, useRowsInSight } from "./scroll.js";
import { copy, visible } from "./text.js";

const SETTLED_AFTER = 40; // ms without a move of the rows before a window is asked for
const LEAST = 6; // rows' height that the grid keeps also when there are fewer
const SIGNS = { good: "✓", warn: "!", bad: "✕" };

export function Grid({ data, table, asking, held, clear, open, onCopied }) {
  const grid = useRef(null);
  const uid = useId();
  const { matching } = held;
  const { items, range, way } = useRowsInSight(matching, grid);
  const columns = table.getVisibleLeafColumns();
  const [active, setActive] = useState({ place: 0, column: null });
  const [hover, setHover] = useState({ place: -1, column: null });
  const isActiveShown = columns.some((column) => column.id === active.column);
  const here = isActiveShown ? active.column : columns[0].id;
  const rows = table.getRowModel().rows;
  const rowAt = (place) => rows[held.at.get(place)];

  useWindows({ data, asking, held, range });
  const conditions = JSON.stringify([data.query.sort, data.query.filters, data.query.facets]);
  const first = useRef(true);
  useLayoutEffect(() => {
    if (!first.current) {
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
    grid.current.focus();
    goTo(place, column);
  };
  const openAt = (at) => {
    const row = rowAt(at);
    if (row) open(row.original.id, grid.current);
  };
  const copyCell = async (at, id) => {
    const text = rowAt(at)?.getValue(id);
    if (typeof text !== "string") return;
    await copy(text);
    onCopied(`Copied ${table.getColumn(id).columnDef.header}`);
  };
  const onKeyDown = (event) => {
    if (event.target !== grid.current) return;
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
      grid.current.querySelector(".sort[tabindex='0']")?.focus();
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

  const cellOf = ({ target }) => {
    const cell = target.closest("[role=gridcell]");
    return cell && { place: Number(cell.parentElement.dataset.place), column: cell.dataset.column };
  };
  const onClick = (event) => {
    const cell = cellOf(event);
    if (!cell) return;
    setActive(cell);
    if (event.target.closest(".copy")) copyCell(cell.place, cell.column);
    else if (!getSelection().toString()) openAt(cell.place);
  };
  const onMouseOver = (event) => {
    const cell = cellOf(event);
    if (cell && (cell.place !== hover.place || cell.column !== hover.column)) setHover(cell);
  };

  const widths = columns.map((column) => column.getSize());
  const template = widths
    .map((width, i) => (i < widths.length - 1 ? `${width}px` : `minmax(${width}px, 1fr)`))
    .join(" ");
  const least = HEAD + LEAST * ROW;
  const full = HEAD + data.page.total * ROW + 14; // and a scroll bar
  const isActiveInSight = items.some((item) => item.index === place);
  return (
    <div
      ref={grid}
      role="grid"
      className={asking.answered ? "grid" : "grid waiting"}
      tabIndex={0}
      aria-label={data.label}
      aria-rowcount={matching + 1}
      aria-colcount={columns.length}
      aria-busy={!asking.answered}
      aria-activedescendant={isActiveInSight ? `${uid}${place}-${here}` : undefined}
      onKeyDown={onKeyDown}
      onFocus={({ target }) => target === grid.current && setActive((last) => ({ ...last, column: here }))}
      style={{ height: Math.max(least, Math.min(data.height, full)), "--columns": template }}
    >
      <div className="sheet" style={{ minWidth: widths.reduce((sum, width) => sum + width, 0) }}>
        <Head {...{ table, asking, toRows }} limits={data.limits} entry={here}
          setEntry={(column) => setActive((last) => ({ ...last, column }))} />
        <div role="rowgroup" className="body" style={{ height: way.height }}
          onClick={onClick} onMouseOver={onMouseOver}
          onMouseLeave={() => setHover({ place: -1, column: null })}>
          {items.map(({ index, start }) => (
            <Row
              key={index}
              place={index}
              top={way.top(start)}
              row={rowAt(index)}
              columns={columns}
              uid={uid}
              active={active.column && index === place ? here : null}
              hover={index === hover.place ? hover.column : null}
            />
          ))}
        </div>
        {matching === 0 && <Nothing {...{ data, clear }} />}
      </div>
    </div>
  );
}

// Asks for the rows in sight, and some ahead of the way people scroll, once they are not held.
function useWindows({ data, asking, held, range }) {
  const before = useRef(0);
  const forward = useRef(true);
  const first = range?.startIndex ?? 0;
  const last = Math.min(range?.endIndex ?? 0, held.matching - 1);
  useEffect(() => {
    if (first !== before.current) forward.current = first > before.current;
    before.current = first;
    if (!asking.answered) return undefined;
    const offset = wanted({
      first,
      last,
      forward: forward.current,
      matching: held.matching,
      has: (place) => held.at.has(place),
      limit: WINDOW,
    });
    if (offset === null) return undefined;
    const timer = setTimeout(() => asking.ask(offset), SETTLED_AFTER);
    return () => clearTimeout(timer);
  }, [first, last, data, asking.answered]);
}

// Keeps the column that keys have moved to in sight.
function useSideways(grid, column) {
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current) {
      const cell = [...grid.current.querySelectorAll("[role=gridcell]")].find(
        (candidate) => candidate.dataset.column === column,
      );
      const sheet = cell?.parentElement.getBoundingClientRect();
      if (cell) {
        const { left, right } = cell.getBoundingClientRect();
        const view = grid.current.getBoundingClientRect();
        if (left < view.left) grid.current.scrollLeft = left - sheet.left;
        else if (right > view.left + grid.current.clientWidth) {
          grid.current.scrollLeft = right - sheet.left - grid.current.clientWidth;
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

const Row = memo(function Row({ place, top, row, columns, uid, active, hover }) {
  const cells = row?.getVisibleCells();
  return (
    <div
      role="row"
      className={active ? "row active" : "row"}
      aria-rowindex={place + 2}
      aria-selected={active !== null}
      data-place={place}
      style={{ transform: `translateY(${top}px)` }}
    >
      {columns.map((column, i) => (
        <Cell
          key={column.id}
          id={`${uid}${place}-${column.id}`}
          column={column}
          text={cells?.[i].getValue()}
          isActive={active === column.id}
          isHandled={active === column.id || hover === column.id}
        />
      ))}
    </div>
  );
});

function Cell({ id, column, text, isActive, isHandled }) {
  const { kind, tones, label } = column.columnDef.meta;
  const tone = tones[text];
  const isText = typeof text === "string";
  return (
    <div
      role="gridcell"
      id={id}
      data-column={column.id}
      className={isActive ? `cell ${kind} active` : `cell ${kind}`}
      title={isHandled && isText ? visible(text) : undefined}
    >
      {text === undefined && <span className="bone" />}
      {tone && (
        <span className={`tone ${tone}`} aria-hidden="true">
          {SIGNS[tone]}
        </span>
      )}
      {text !== undefined && <bdi className={tone}>{isText ? visible(text) : "–"}</bdi>}
      {isHandled && isText && (
        <button type="button" className="copy" tabIndex={-1} aria-label={`Copy ${label}`}>
          <svg viewBox="0 0 12 12" aria-hidden="true">
            <path d="M4 4h7v7H4zM8 4V1H1v7h3" />
          </svg>
        </button>
      )}
    </div>
  );
}
