"use strict";
// The terminal itself is textual-serve's; this says where its socket is, and lets the browser have the keys of its
// clipboard. It is loaded before the terminal, which begins at window.onload.

document.addEventListener("DOMContentLoaded", () => {
  const terminal = document.getElementById("terminal");
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  terminal.dataset.sessionWebsocketUrl =
    scheme + "//" + location.host + "/ws/" + encodeURIComponent(terminal.dataset.name);
  document.getElementById("again").addEventListener("click", () => location.reload());

  // It measures its font once, so that has to be there.
  const begin = window.onload;
  window.onload = async (event) => {
    await Promise.all(["", "bold ", "italic "].map((style) => document.fonts.load(style + "16px 'Roboto Mono'")));
    begin(event);
  };

  // Whoever comes here types at once, and once the session is over, Enter opens it again.
  const has = (state) => document.body.classList.contains(state);
  let isFocused = false;
  new MutationObserver(() => {
    if (has("-first-byte") && !isFocused) {
      isFocused = true;
      terminal.querySelector(".xterm-helper-textarea").focus();
    }
    if (has("-closed")) document.getElementById("again").focus();
  }).observe(document.body, { attributes: true, attributeFilter: ["class"] });

  // Ctrl+W deletes a word in a terminal, and closes the tab here: the browser asks first.
  window.addEventListener("beforeunload", (event) => {
    if (has("-first-byte") && !has("-closed")) event.preventDefault();
  });

  // Of a socket that is closed, the terminal is not to ask anything.
  for (const kind of ["focus", "blur", "keydown"]) {
    window.addEventListener(kind, (event) => {
      if (has("-closed") && terminal.contains(event.target)) event.stopPropagation();
    }, true);
  }
});

// Ctrl+V is pasting: the terminal would send it as a key, and the browser would not paste.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "v") event.stopPropagation();
}, true);

// Pages under http:// have no clipboard but on this machine itself; the old way writes to it after a key.
if (!navigator.clipboard) {
  const writeText = async (text) => {
    const keyboard = document.activeElement;
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
    if (keyboard) keyboard.focus();
  };
  Object.defineProperty(navigator, "clipboard", { value: { writeText, readText: async () => "" } });
}
