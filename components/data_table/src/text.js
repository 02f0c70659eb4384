// Text from strangers is shown as text: what would act on the screen is shown as a picture instead.
const ACTING =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

function picture(sign) {
  const code = sign.codePointAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code); // ␀ … ␟
  if (code === 0x7f) return "\u2421"; // ␡
  return `[U+${code.toString(16).toUpperCase().padStart(4, "0")}]`;
}

export const visible = (text) => text.replace(ACTING, picture);

export const count = (number) => number.toLocaleString("en-US");

// http on another machine has no clipboard: then the old way, through a selected text field.
export async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  field.style.cssText = "position:fixed;opacity:0";
  document.body.appendChild(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}
