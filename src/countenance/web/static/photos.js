// Pictures large, one after the other. The lightbox is fetched when a picture is first opened;
// without it, each leads to a page of its own.

const opened = new WeakMap();

const prepare = async (rows) => {
  if (!document.querySelector("link[data-lightbox]")) {
    const sheet = document.createElement("link");
    sheet.rel = "stylesheet";
    sheet.href = rows.dataset.sheet;
    sheet.dataset.lightbox = "";
    document.head.append(sheet);
  }
  const { default: Lightbox } = await import(rows.dataset.lightbox);
  const lightbox = new Lightbox({
    gallery: rows,
    children: "a[data-pswp-src]",
    closeTitle: rows.dataset.close,
    zoomTitle: rows.dataset.zoom,
    arrowPrevTitle: rows.dataset.previous,
    arrowNextTitle: rows.dataset.next,
    pswpModule: () => import(rows.dataset.photoswipe),
  });
  lightbox.init();
  return lightbox;
};

document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[data-pswp-src]");
  const rows = link?.closest("[data-lightbox]");
  if (!rows || event.ctrlKey || event.metaKey || event.shiftKey || opened.has(rows)) return;
  event.preventDefault();
  opened.set(rows, true);
  const all = [...rows.querySelectorAll("a[data-pswp-src]")];
  (await prepare(rows)).loadAndOpen(all.indexOf(link), { gallery: rows });
});

// Once a question is answered it is gone; who uses the keyboard goes on at the next one. The answer
// and the news of it may come in either order, and each puts other buttons there: whoever has not
// moved meanwhile is put back after both.
let answering = false;
for (const moved of ["keydown", "pointerdown"]) {
  document.addEventListener(moved, () => { answering = false; }, { capture: true });
}
document.addEventListener("submit", (event) => {
  answering = event.target.matches(".asks .answers");
});
const main = document.getElementById("main");
new MutationObserver(() => {
  // On the way from one to the other there may be no question at all.
  if (!answering || ![document.body, main].includes(document.activeElement)) return;
  (document.querySelector(".asks button") ?? main).focus();
}).observe(document.getElementById("pictures"), { childList: true, subtree: true });
