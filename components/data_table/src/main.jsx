// Streamlit calls the default export for every run of the script: one React root a place, kept.
import { createRoot } from "react-dom/client";
import style from "./style.css";
import { DataTable } from "./table.jsx";

const mounts = new WeakMap();
const sheet = new CSSStyleSheet();
sheet.replaceSync(style);

function mounted(place) {
  const host = document.createElement("div");
  place.appendChild(host);
  if (!place.adoptedStyleSheets.includes(sheet)) place.adoptedStyleSheets.push(sheet);
  const mount = { host, root: createRoot(host), calls: 0 };
  mounts.set(place, mount);
  return mount;
}

// A dialog that closes gives the focus back to the place it knows: the host of our shadow tree, which
// hands it on, once.
function returnFocus(host, back) {
  host.tabIndex = -1;
  const handOn = () => {
    host.removeAttribute("tabindex");
    if (!host.shadowRoot.activeElement) back.focus({ preventScroll: true });
  };
  host.addEventListener("focus", handOn, { once: true });
}

export default function render({ parentElement, data, setStateValue, setTriggerValue }) {
  const mount = mounts.get(parentElement) ?? mounted(parentElement);
  const call = ++mount.calls;
  const open = (id, back) => {
    returnFocus(parentElement.host, back);
    setTriggerValue("open", id);
  };
  mount.root.render(<DataTable data={data} report={setStateValue} open={open} />);
  // Streamlit also calls the clean-up of a call that a newer one has overtaken: that one stays.
  return () => {
    if (mount.calls !== call) return;
    mounts.delete(parentElement);
    queueMicrotask(() => {
      mount.root.unmount();
      mount.host.remove();
    });
  };
}
