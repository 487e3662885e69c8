// The desk: how high buckets are before they are filled, the keys of the review, a dropped photo.
// Without any of it the pages work: buckets are links, answers are buttons, a photo is chosen.

const ROW = 190;

const measure = (bucket) => {
  if (!bucket.hasAttribute("data-empty")) return;
  const height = (Number(bucket.dataset.ratios) * ROW * ROW) / bucket.clientWidth;
  bucket.style.blockSize = `${Math.max(ROW, Math.round(height))}px`;
};

const buckets = () => document.querySelectorAll(".bucket");
const filled = ({ target, addedNodes }) => {
  if (target.matches?.(".bucket[data-empty]") && target.querySelector(".rows")) {
    target.removeAttribute("data-empty");
    target.style.removeProperty("block-size");
  }
  // A stretch gave way to the buckets in it.
  addedNodes.forEach((one) => one.matches?.(".bucket") && measure(one));
};
if (buckets().length) {
  let wide = 0;
  const all = buckets()[0].parentElement;
  new ResizeObserver(([entry]) => {
    if (entry.contentRect.width === wide) return;
    wide = entry.contentRect.width;
    buckets().forEach(measure);
  }).observe(all);
  new MutationObserver((changes) => changes.forEach(filled)).observe(all, {
    childList: true,
    subtree: true,
  });
}

const reviewed = document.querySelector("[data-keys]");
if (reviewed) {
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, select, textarea");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    reviewed.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`)?.click();
  });
  // The next question is read out, and the keyboard stays where it was.
  new MutationObserver(() => reviewed.querySelector("#asked")?.focus()).observe(reviewed, {
    childList: true,
  });
}

const chosen = document.querySelector("[data-drop]");
if (chosen) {
  const place = chosen.closest("form");
  for (const kind of ["dragover", "dragleave", "drop"]) {
    place.addEventListener(kind, (event) => {
      event.preventDefault();
      place.classList.toggle("over", kind === "dragover");
    });
  }
  place.addEventListener("drop", ({ dataTransfer }) => {
    if (!dataTransfer.files.length) return;
    chosen.files = dataTransfer.files;
    place.requestSubmit();
  });
}
