// Keys of a queue: on a page, data-key names the link or form of a key; in a list, j and k move, Enter opens.
"use strict";
(() => {
  const typing = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;
  const lines = () => [...document.querySelectorAll("#result_list tbody tr")];

  const move = (step) => {
    const links = lines().map((line) => line.querySelector("th a, td a")).filter(Boolean);
    const at = links.indexOf(document.activeElement);
    const next = links[Math.max(0, Math.min(links.length - 1, at + step))];
    if (next) next.focus();
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || typing(event.target)) return;
    const named = /^[a-z]$/.test(event.key) && document.querySelector(`[data-key="${event.key}"]`);
    if (named) {
      event.preventDefault();
      if (named instanceof HTMLFormElement) named.requestSubmit();
      else named.click();
    } else if (lines().length && (event.key === "j" || event.key === "k")) {
      event.preventDefault();
      move(event.key === "j" ? 1 : -1);
    }
  });
})();
