// Small comforts; every page works without them.
"use strict";

for (const button of document.querySelectorAll("[data-reveal]")) {
  const input = document.getElementById(button.dataset.reveal);
  const word = button.querySelector("[data-word]");
  const show = (shown) => {
    input.type = shown ? "text" : "password";
    word.textContent = shown ? "Hide" : "Show";
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    show(input.type === "password");
    input.focus();
  });
  // Password stores look for a password field when the form goes off.
  input.form.addEventListener("submit", () => show(false));
}

for (const form of document.querySelectorAll("form[data-once]")) {
  let sent = false;
  const mark = (busy) => {
    sent = busy;
    for (const button of form.querySelectorAll("button[type=submit]")) {
      // Not `disabled`: the pressed button's own value has to be sent.
      if (busy) button.setAttribute("aria-disabled", "true");
      else button.removeAttribute("aria-disabled");
    }
  };
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    else mark(true);
  });
  // Back from the next page: the form may be sent again.
  window.addEventListener("pageshow", () => mark(false));
}
