// A button with a panel below it: closed by Escape, a click elsewhere, or leaving it.
import { useEffect, useRef, useState } from "react";

const STOPS = "input:not(:disabled), button:not(:disabled)";

// A press beside the fields would take the focus out of the table, and so close the panel.
const keepFocus = (event) => {
  if (!event.target.closest(STOPS)) event.preventDefault();
};

export function Menu({ label, badge = 0, isRight = false, onClose, children }) {
  const [isOpen, setOpen] = useState(false);
  const root = useRef(null);
  const button = useRef(null);
  const panel = useRef(null);
  const close = () => {
    setOpen(false);
    onClose?.();
  };
  useEffect(() => {
    if (!isOpen) return undefined;
    panel.current.querySelector(STOPS)?.focus();
    const away = (event) => {
      if (!event.composedPath().includes(root.current)) close();
    };
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, [isOpen]);

  const onKeyDown = (event) => {
    if (!isOpen) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
      button.current.focus();
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const stops = [...panel.current.querySelectorAll(STOPS)];
    const next = stops[stops.indexOf(event.target) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  };
  const onBlur = ({ relatedTarget }) => {
    if (isOpen && relatedTarget && !root.current.contains(relatedTarget)) close();
  };
  return (
    <div className="menu" ref={root} onKeyDown={onKeyDown} onBlur={onBlur}>
      <button type="button" className="button" ref={button} aria-expanded={isOpen}
        onClick={() => (isOpen ? close() : setOpen(true))}>
        {label}
        {badge > 0 && <span className="badge">{badge}<span className="unseen"> chosen</span></span>}
        <svg viewBox="0 0 10 6" aria-hidden="true"><path d="M1 1l4 4 4-4" /></svg>
      </button>
      {isOpen && (
        <div className={isRight ? "panel right" : "panel"} ref={panel} onMouseDown={keepFocus}>
          {children}
        </div>
      )}
    </div>
  );
}
