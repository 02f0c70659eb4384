// The rows in sight. Only this part is drawn anew while people scroll.
import { memo, useEffect, useLayoutEffect, useRef, useState } from "react";
import { WINDOW } from "./query.js";
import { wanted } from "./rows.js";
import { useRowsInSight } from "./scroll.js";
import { visible } from "./text.js";

const SETTLED_AFTER = 40; // ms without a move of the rows before a window is asked for
const SIGNS = { good: "✓", warn: "!", bad: "✕" };
const NOWHERE = { place: -1, column: null };

export function Body({ data, asking, held, columns, way, grid, uid, active, onCell }) {
  const { items, range } = useRowsInSight(held.matching, grid, way);
  const [hover, setHover] = useState(NOWHERE);
  const pointer = useRef({});
  useWindows({ data, asking, held, range });
  const isActiveInSight = items.some((item) => item.index === active.place);
  useLayoutEffect(() => {
    if (isActiveInSight) {
      grid.setAttribute("aria-activedescendant", `${uid}${active.place}-${active.column}`);
    } else grid.removeAttribute("aria-activedescendant"); // it must name what is there
  });
  const cellOf = ({ target }) => {
    const cell = target.closest("[role=gridcell]");
    return cell && { place: Number(cell.parentElement.dataset.place), column: cell.dataset.column };
  };
  const onClick = (event) => {
    const cell = cellOf(event);
    if (cell) onCell(cell, event.target.closest(".copy") !== null);
  };
  // Rows that pass below a resting pointer are not hovered: that would draw them twice.
  const onMouseMove = (event) => {
    const { clientX, clientY } = event;
    const rests = clientX === pointer.current.clientX && clientY === pointer.current.clientY;
    pointer.current = { clientX, clientY };
    if (rests) return;
    const cell = cellOf(event);
    if (cell && (cell.place !== hover.place || cell.column !== hover.column)) setHover(cell);
  };
  return (
    <div
      role="rowgroup"
      className="body"
      style={{ height: way.height }}
      onClick={onClick}
      onMouseMove={onMouseMove}
      onMouseLeave={() => setHover(NOWHERE)}
    >
      {items.map(({ index, start }) => (
        <Row
          key={index}
          place={index}
          top={way.top(start)}
          row={held.rows.get(index)}
          columns={columns}
          uid={uid}
          active={active.isShown && index === active.place ? active.column : null}
          hover={index === hover.place ? hover.column : null}
        />
      ))}
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
      has: (place) => held.rows.has(place),
      limit: WINDOW,
    });
    if (offset === null) return undefined;
    const timer = setTimeout(() => asking.ask(offset), SETTLED_AFTER);
    return () => clearTimeout(timer);
  }, [first, last, data, asking.answered]);
}

const Row = memo(function Row({ place, top, row, columns, uid, active, hover }) {
  return (
    <div
      role="row"
      className={active ? "row active" : "row"}
      aria-rowindex={place + 2}
      aria-selected={active !== null}
      data-place={place}
      style={{ transform: `translateY(${top}px)` }}
    >
      {columns.map((column) => (
        <Cell
          key={column.id}
          id={`${uid}${place}-${column.id}`}
          column={column}
          text={row && column.accessorFn(row)}
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
      {tone ? <Toned tone={tone} text={text} /> : isText ? visible(text) : text === null && "–"}
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

function Toned({ tone, text }) {
  return (
    <span className={tone}>
      <span className="tone" aria-hidden="true">
        {SIGNS[tone]}
      </span>
      {visible(text)}
    </span>
  );
}
