// A form's preview: whenever it changes and rests for a moment, the server is asked what it would have given.
"use strict";
(() => {
  const panel = document.querySelector("[data-preview]");
  const form = panel && panel.closest("form");
  if (!form) return;
  let waiting = 0;
  let latest = 0;

  const show = (words, note) => {
    panel.querySelector("[data-words]").textContent = words;
    panel.querySelector("[data-note]").textContent = note || "";
  };

  const ask = async () => {
    const turn = ++latest;
    try {
      const answer = await fetch(panel.dataset.preview, { method: "POST", body: new FormData(form) });
      const told = await answer.json();
      if (turn === latest) show(told.words, told.note);
    } catch (failure) {
      if (turn === latest) show(String(failure.message || failure));
    }
  };

  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 600);
  });
})();
