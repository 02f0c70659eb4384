// The header line: sort, filter, move and resize a column, by pointer or by keyboard.
import { useRef, useState } from "react";
import { flushSync } from "react-dom";
import { moved, placed } from "./layout.js";

const FILTER_AFTER = 250; // ms after the last key
const DRAG_FROM = 6; // px
const WIDER = 16; // px a key press
const SPOKEN = { asc: "ascending", desc: "descending" };
const KEYS =
  "Click or Enter sorts, with Shift by several columns. Ctrl+← → moves the column, Shift+← → changes its width.";

export function Head({ table, asking, limits, entry, setEntry, toRows }) {
  const { headers } = table.getHeaderGroups()[0];
  const cells = useRef(new Map());
  const [drag, setDrag] = useState(null);
  const isShown = (id) => table.getColumn(id).getIsVisible();
  const focus = (id) => {
    setEntry(id);
    cells.current.get(id)?.querySelector(".sort").focus();
  };
  const arrange = (id, order) => {
    flushSync(() => table.setColumnOrder(order));
    focus(id);
  };
  const onKeyDown = (event, column) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "ArrowDown") {
      event.preventDefault();
      toRows(column.id);
    }
    if (!step || event.altKey) return;
    event.preventDefault();
    const { columnOrder } = table.state;
    if (event.ctrlKey || event.metaKey) arrange(column.id, moved(columnOrder, column.id, step, isShown));
    else if (event.shiftKey) {
      table.setColumnSizing((old) => ({ ...old, [column.id]: column.getSize() + step * WIDER }));
    } else {
      const at = headers.findIndex((header) => header.column.id === column.id);
      if (headers[at + step]) focus(headers[at + step].column.id);
    }
  };
  const dropAt = (x, id) => {
    for (const [target, cell] of cells.current) {
      const { left, width } = cell.getBoundingClientRect();
      if (x >= left && x < left + width) return { id, target, after: x > left + width / 2 };
    }
    return null;
  };
  return (
    <div role="rowgroup" className="head">
      <div role="row" aria-rowindex={1} className="line">
        {headers.map((header) => {
          const { column } = header;
          const { id } = column;
          const side = drag?.target === id && drag.id !== id ? (drag.after ? "after" : "before") : "";
          return (
            <div
              key={id}
              role="columnheader"
              aria-sort={SPOKEN[column.getIsSorted()] ?? "none"}
              className={`header ${column.columnDef.meta.kind} ${side}`}
              ref={(cell) => {
                if (cell) cells.current.set(id, cell);
                return () => cells.current.delete(id);
              }}
            >
              <SortButton
                column={column}
                hasSeveral={table.state.sorting.length > 1}
                isEntry={entry === id}
                onKeyDown={(event) => onKeyDown(event, column)}
                onDrag={(x) => setDrag(dropAt(x, id))}
                onDrop={(x) => {
                  const drop = x === null ? null : dropAt(x, id);
                  setDrag(null);
                  if (drop) table.setColumnOrder(placed(table.state.columnOrder, id, drop.target, drop.after));
                }}
              />
              {column.columnDef.meta.filterable && (
                <Filter column={column} asking={asking} longest={limits.text} toRows={toRows} />
              )}
              <div
                className={column.getIsResizing() ? "resizer active" : "resizer"}
                onMouseDown={header.getResizeHandler()}
                onTouchStart={header.getResizeHandler()}
                onDoubleClick={() => column.resetSize()}
              />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function SortButton({ column, hasSeveral, isEntry, onKeyDown, onDrag, onDrop }) {
  const start = useRef(null); // where the pointer went down, while it is down
  const wasDragged = useRef(false);
  const { help } = column.columnDef.meta;
  const sorted = column.getIsSorted();
  const end = (x) => {
    start.current = null;
    onDrop(wasDragged.current ? x : null);
  };
  return (
    <button
      type="button"
      className="sort"
      tabIndex={isEntry ? 0 : -1}
      title={help ? `${help}\n${KEYS}` : KEYS}
      onKeyDown={onKeyDown}
      onClick={(event) => {
        const isKey = event.detail === 0;
        if (isKey || !wasDragged.current) column.getToggleSortingHandler()(event);
      }}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = event.clientX;
        wasDragged.current = false;
      }}
      onPointerMove={(event) => {
        if (start.current === null) return;
        if (!wasDragged.current && Math.abs(event.clientX - start.current) < DRAG_FROM) return;
        wasDragged.current = true;
        onDrag(event.clientX);
      }}
      onPointerUp={(event) => end(event.clientX)}
      onPointerCancel={() => end(null)}
    >
      <span className="name">{column.columnDef.header}</span>
      <span className="arrow" aria-hidden="true">
        {{ asc: "▲", desc: "▼" }[sorted] ?? (column.getCanSort() ? "↕" : "")}
        {sorted && hasSeveral ? column.getSortIndex() + 1 : ""}
      </span>
    </button>
  );
}

function Filter({ column, asking, longest, toRows }) {
  const { id } = column;
  const set = (text, delay) =>
    asking.change(({ filters: { [id]: _, ...rest } }) => ({ filters: text ? { ...rest, [id]: text } : rest }), delay);
  const onKeyDown = (event) => {
    if (event.key === "Escape" && asking.query.filters[id]) {
      event.preventDefault();
      event.stopPropagation();
      set("", 0);
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      toRows(id);
    } else if (event.key === "Enter") set(event.target.value, 0);
  };
  return (
    <input
      type="search"
      className="field"
      aria-label={`${column.columnDef.header} contains`}
      placeholder="contains"
      maxLength={longest}
      autoComplete="off"
      spellCheck={false}
      value={asking.query.filters[id] ?? ""}
      onChange={(event) => set(event.target.value, FILTER_AFTER)}
      onKeyDown={onKeyDown}
    />
  );
}
