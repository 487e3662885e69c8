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

// Once a question is answered it is gone; who uses the keyboard goes on at the next one.
let answering = false;
document.addEventListener("submit", (event) => {
  answering = event.target.matches(".asks .answers");
});
new MutationObserver(() => {
  if (!answering || document.querySelector(".asks .htmx-request")) return;
  if (document.activeElement !== document.body) return;
  answering = false;
  (document.querySelector(".asks button") ?? document.getElementById("main")).focus();
}).observe(document.getElementById("pictures"), { childList: true });
