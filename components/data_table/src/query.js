// What a person asks (order, filters, facets), reported to Python, and whether it is answered.
import { useEffect, useRef, useState } from "react";

export const WINDOW = 400;
const LOST_AFTER = 15_000; // ms: then a question without an answer may be asked again

const conditions = ({ sort, filters, facets }) => ({ sort, filters, facets });

const byName = (object, value) =>
  Object.entries(object)
    .map(([name, held]) => [name, value(held)])
    .sort(([a], [b]) => (a < b ? -1 : 1));

export const signature = ({ sort, filters, facets }) =>
  JSON.stringify([sort, byName(filters, String), byName(facets, (held) => [...held].sort())]);

export const isNarrowed = ({ filters, facets }) =>
  Object.keys(filters).length > 0 || Object.keys(facets).length > 0;

const sentAs = (query) => ({ signature: signature(query), offset: query.offset, at: 0 });

export function useQuery(data, report) {
  const [own, setOwn] = useState({ data, query: conditions(data.query) });
  const latest = useRef(own.query);
  const sent = useRef(sentAs(data.query));
  const timer = useRef(0);
  // Python leads when it names another revision or has refused what was asked, else the person does.
  const leads = own.data !== data && (own.data.revision !== data.revision || data.refusal);
  if (own.data !== data) setOwn({ data, query: leads ? conditions(data.query) : own.query });
  useEffect(() => {
    latest.current = own.query;
  }, [own.query]);
  useEffect(() => {
    clearTimeout(timer.current);
    timer.current = 0;
    sent.current = sentAs(data.query);
    latest.current = conditions(data.query);
  }, [data.revision, data.refusal]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const send = (offset) => {
    const query = latest.current;
    sent.current = { signature: signature(query), offset, at: performance.now() };
    report("query", { revision: data.revision, query: { ...query, offset, limit: WINDOW } });
  };
  return {
    query: own.query,
    answered: signature(own.query) === signature(data.query),
    change(update, delay = 0) {
      latest.current = { ...latest.current, ...update(latest.current) };
      setOwn((held) => ({ ...held, query: latest.current }));
      clearTimeout(timer.current);
      timer.current = setTimeout(() => {
        timer.current = 0;
        if (signature(latest.current) !== sent.current.signature) send(0);
      }, delay);
    },
    // One question at a time: another window is asked for when the last one has come.
    ask(offset) {
      const { signature: asked, offset: from, at } = sent.current;
      const isOpen = asked !== signature(data.query) || from !== data.query.offset;
      const isLost = performance.now() - at > LOST_AFTER;
      if (timer.current || (isOpen && !isLost) || (!isOpen && offset === from)) return;
      send(offset);
    },
  };
}
