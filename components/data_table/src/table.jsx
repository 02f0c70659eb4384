// The table: TanStack holds its columns, Python its rows, this component what a person does with both.
import {
  columnOrderingFeature,
  columnResizingFeature,
  columnSizingFeature,
  columnVisibilityFeature,
  rowSortingFeature,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import { useMemo, useState } from "react";
import { Bar } from "./bar.jsx";
import { Grid } from "./grid.jsx";
import { useLayout } from "./layout.js";
import { useQuery } from "./query.js";
import { Rows } from "./rows.js";

const features = tableFeatures({
  columnOrderingFeature,
  columnResizingFeature,
  columnSizingFeature,
  columnVisibilityFeature,
  rowSortingFeature,
});

// The rows come sorted and cut by Python; a row model of TanStack's would be built anew with each
// window, and all rows in sight be drawn again.
const NO_ROWS = [];

const updated = (updater, old) => (typeof updater === "function" ? updater(old) : updater);

function useColumns(columns, [minSize, maxSize]) {
  return useMemo(
    () =>
      columns.map((column, i) => ({
        id: column.id,
        header: column.label,
        accessorFn: (row) => row.cells[i],
        enableSorting: column.sortable,
        size: column.width,
        minSize,
        maxSize,
        meta: column,
      })),
    [JSON.stringify(columns)],
  );
}

export function DataTable({ data, report, open }) {
  const asking = useQuery(data, report);
  const { layout, arrange, reset } = useLayout(data, report);
  const columns = useColumns(data.columns, data.limits.width);
  const cache = useMemo(() => new Rows(), []);
  const held = useMemo(() => cache.take(data), [data]);
  const [copied, setCopied] = useState("");

  const sorting = asking.query.sort.map(([id, direction]) => ({ id, desc: direction === "desc" }));
  const visibility = Object.fromEntries(layout.hidden.map((id) => [id, false]));
  const table = useTable({
    features,
    columns,
    data: NO_ROWS,
    manualSorting: true,
    sortDescFirst: false,
    maxMultiSortColCount: data.limits.sorts,
    columnResizeMode: "onChange",
    state: {
      sorting,
      columnOrder: layout.order,
      columnVisibility: visibility,
      columnSizing: layout.widths,
    },
    onSortingChange: (updater) =>
      asking.change(() => ({
        sort: updated(updater, sorting).map(({ id, desc }) => [id, desc ? "desc" : "asc"]),
      })),
    onColumnOrderChange: (updater) => arrange({ order: updated(updater, layout.order) }),
    onColumnVisibilityChange: (updater) => {
      const next = updated(updater, visibility);
      arrange({ hidden: layout.order.filter((id) => next[id] === false) });
    },
    onColumnSizingChange: (updater) => arrange({ widths: updated(updater, layout.widths) }),
  });

  const clear = () => asking.change(() => ({ filters: {}, facets: {} }));
  return (
    <div className="table">
      <Bar {...{ data, table, asking, layout, arrange, reset, clear }} />
      {data.refusal && (
        <p role="alert" className="refusal">
          That was refused: {data.refusal}. The table stands as it was before.
        </p>
      )}
      <Grid {...{ data, table, asking, held, clear, open }} onCopied={setCopied} />
      <div role="status" className="unseen">
        {copied}
      </div>
    </div>
  );
}
