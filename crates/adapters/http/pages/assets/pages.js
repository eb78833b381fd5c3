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

// A browser that hands an address to an app stays where it is: the page says so instead of showing dead buttons.
for (const note of document.querySelectorAll("form [data-sent]")) {
  const form = note.closest("form");
  note.hidden = true;
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    const done = document.createElement("div");
    done.className = "done";
    done.setAttribute("role", "status");
    done.append(note.querySelector("strong").cloneNode(true));
    // After the browser has taken the form's fields.
    setTimeout(() => form.replaceWith(done));
  });
}

// What was done just now is told once, not again after a reload.
if (document.querySelector("[data-notice]")) {
  const address = new URL(location.href);
  address.searchParams.delete("done");
  history.replaceState(history.state, "", address);
}

for (const button of document.querySelectorAll("[data-copy]")) {
  const words = button.innerHTML;
  const source = document.getElementById(button.dataset.copy);
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(source);
      button.textContent = "Press Ctrl+C";
    }
    setTimeout(() => (button.innerHTML = words), 3000);
  });
}

for (const input of document.querySelectorAll("[data-preview]")) {
  const canvas = document.getElementById(input.dataset.preview);
  input.addEventListener("change", async () => {
    canvas.hidden = true;
    try {
      const picture = await createImageBitmap(input.files[0]);
      const scale = Math.min(canvas.width / picture.width, canvas.height / picture.height);
      const [width, height] = [picture.width * scale, picture.height * scale];
      const brush = canvas.getContext("2d");
      brush.clearRect(0, 0, canvas.width, canvas.height);
      brush.drawImage(picture, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
      canvas.hidden = false;
    } catch {
      // No picture: the answer to the form will say so.
    }
  });
}
