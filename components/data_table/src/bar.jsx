// The line above the table: facets on the left, how many rows and which columns on the right.
import { useState } from "react";
import { moved } from "./layout.js";
import { Menu } from "./menu.jsx";
import { isNarrowed } from "./query.js";
import { count, visible } from "./text.js";

const SEARCHED_FROM = 9; // values: a longer menu has a search field

export function Bar({ data, table, asking, layout, arrange, reset, clear }) {
  const { page, noun, facets, columns } = data;
  const labels = Object.fromEntries(columns.map((column) => [column.id, column.label]));
  const all = page.matching === page.total;
  return (
    <div className="bar">
      {facets.map((facet) => (
        <FacetMenu
          key={facet.column}
          label={labels[facet.column] ?? facet.column}
          {...{ facet, asking }}
          most={data.limits.values}
        />
      ))}
      {isNarrowed(asking.query) && (
        <button type="button" className="plain" onClick={clear}>
          Clear filters
        </button>
      )}
      <div role="status" className="totals">
        {all ? "" : <><b>{count(page.matching)}</b> of </>}
        {all ? <b>{count(page.total)}</b> : count(page.total)} {noun}
      </div>
      <ColumnsMenu {...{ table, layout, arrange, reset }} />
    </div>
  );
}

function FacetMenu({ label, facet, asking, most }) {
  const [part, setPart] = useState("");
  const chosen = asking.query.facets[facet.column] ?? [];
  const gone = chosen
    .filter((value) => !facet.values.some((known) => known.value === value))
    .map((value) => ({ value, count: 0 }));
  const options = [...gone, ...facet.values];
  const sought = part.toLowerCase();
  const shown = options.filter(({ value, label: name }) => (name ?? value).toLowerCase().includes(sought));
  const choose = (value, isChosen) =>
    asking.change(({ facets }) => {
      const others = (facets[facet.column] ?? []).filter((held) => held !== value);
      const next = isChosen ? [...others, value] : others;
      const { [facet.column]: _, ...rest } = facets;
      return { facets: next.length ? { ...rest, [facet.column]: next } : rest };
    });
  return (
    <Menu label={label} badge={chosen.length} onClose={() => setPart("")}>
      {options.length >= SEARCHED_FROM && (
        <input
          type="search"
          className="field"
          aria-label={`Search in ${label}`}
          placeholder="search"
          value={part}
          onChange={(event) => setPart(event.target.value)}
        />
      )}
      <div role="group" aria-label={label} className="options">
        {shown.map(({ value, label: name, count: rows }) => (
          <label key={value} className="option">
            <input
              type="checkbox"
              checked={chosen.includes(value)}
              disabled={!chosen.includes(value) && chosen.length >= most}
              onChange={(event) => choose(value, event.target.checked)}
            />
            <bdi>{visible(name ?? value) || "(empty)"}</bdi>
            <span className="figure">{rows === null ? "" : count(rows)}</span>
          </label>
        ))}
        {shown.length === 0 && <p className="note">Nothing here matches.</p>}
      </div>
      {facet.left_out > 0 && (
        <p className="note">{count(facet.left_out)} more: use the column’s filter.</p>
      )}
      {chosen.length > 0 && (
        <button type="button" className="plain" onClick={() =>
          asking.change(({ facets: { [facet.column]: _, ...rest } }) => ({ facets: rest }))
        }>
          Choose none
        </button>
      )}
    </Menu>
  );
}

function ColumnsMenu({ table, layout, arrange, reset }) {
  const shown = table.getVisibleLeafColumns().length;
  return (
    <Menu label="Columns" isRight>
      <div role="group" aria-label="Columns" className="options">
        {layout.order.map((id, i) => {
          const column = table.getColumn(id);
          const name = column.columnDef.header;
          const move = (steps) => arrange({ order: moved(layout.order, id, steps) });
          return (
            <div key={id} className="option">
              <label>
                <input
                  type="checkbox"
                  checked={column.getIsVisible()}
                  disabled={column.getIsVisible() && shown === 1}
                  onChange={column.getToggleVisibilityHandler()}
                />
                {name}
              </label>
              <button type="button" className="step" aria-label={`Move ${name} left`}
                disabled={i === 0} onClick={() => move(-1)}>↑</button>
              <button type="button" className="step" aria-label={`Move ${name} right`}
                disabled={i === layout.order.length - 1} onClick={() => move(1)}>↓</button>
            </div>
          );
        })}
      </div>
      <button type="button" className="plain" onClick={reset}>
        As they came
      </button>
    </Menu>
  );
}
