// Fetches the page again and puts its live regions in the place of those on the screen. Nothing is lost without it.

const everyMs = 5_000;
const regions = () => [...document.querySelectorAll('[data-live]')];
const button = document.getElementById('pause-updates');
let paused = false;

/** Not what a person works in: a focus or a selection of text would be lost. */
function isInUse(region) {
  const selection = document.getSelection();
  const isSelected = selection !== null && !selection.isCollapsed && region.contains(selection.anchorNode);
  return isSelected || region.contains(document.activeElement);
}

async function update() {
  const response = await fetch(location.href, { headers: { accept: 'text/html' }, cache: 'no-store' });
  // Signed out, or the console goes down: what is on the screen stays, with its time.
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html');
  for (const region of regions()) {
    const next = fresh.querySelector(`[data-live="${region.dataset.live}"]`);
    // What is the same is left alone, so that a screen reader says a change and nothing else.
    if (next === null || next.innerHTML === region.innerHTML || isInUse(region)) continue;
    region.replaceChildren(...next.childNodes);
  }
}

async function turn() {
  if (!paused && !document.hidden) await update().catch(() => undefined);
  setTimeout(turn, everyMs);
}

if (button !== null) {
  button.hidden = false;
  button.addEventListener('click', () => {
    paused = !paused;
    button.setAttribute('aria-pressed', String(paused));
  });
}
setTimeout(turn, everyMs);
