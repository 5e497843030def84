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

  // A newcomer types at once. The terminal makes what takes the keys when it opens.
  new MutationObserver((_changes, observer) => {
    const keyboard = terminal.querySelector(".xterm-helper-textarea");
    if (keyboard) {
      keyboard.focus();
      observer.disconnect();
    }
  }).observe(terminal, { childList: true, subtree: true });

  // Once the session is over, Enter opens it again.
  new MutationObserver(() => {
    if (document.body.classList.contains("-closed")) document.getElementById("again").focus();
  }).observe(document.body, { attributes: true, attributeFilter: ["class"] });
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
