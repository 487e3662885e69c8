// Covers on the photo: moved, sized, drawn. What counts stands in the number fields of the form;
// this only writes there, and draws what stands there. Without it the fields are filled in by hand.

const SIDES = ["x1", "y1", "x2", "y2"];
const NS = "http://www.w3.org/2000/svg";

const stage = document.querySelector("[data-stage]");
const svg = stage.querySelector("svg.checked");
const layer = svg.querySelector("[data-covers]");
const form = document.querySelector("#publish");
const { width, height } = svg.viewBox.baseVal;

const fields = (name) => SIDES.map((side) => form.elements[`${name}-${side}`]);
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const least = Math.max(8, Math.round(Math.max(width, height) / 100));

const read = (name) => {
  const values = fields(name).map((one) => (one.value === "" ? NaN : Number(one.value)));
  const [x1, y1, x2, y2] = values;
  return values.every(Number.isFinite) && x2 > x1 && y2 > y1 ? values : null;
};

const write = (name, [x1, y1, x2, y2]) => {
  const wide = Math.max(x2 - x1, least);
  const high = Math.max(y2 - y1, least);
  const left = clamp(x1, 0, Math.max(0, width - wide));
  const top = clamp(y1, 0, Math.max(0, height - high));
  const box = [left, top, Math.min(left + wide, width), Math.min(top + high, height)];
  fields(name).forEach((field, index) => (field.value = Math.round(box[index])));
  draw(name);
};

const clear = (name) => {
  fields(name).forEach((field) => (field.value = ""));
  draw(name);
};

const part = (kind, className) => {
  const made = document.createElementNS(NS, kind);
  made.setAttribute("class", className);
  return made;
};

const marks = new Map();

const made = (name, label) => {
  const mark = part("g", "mark");
  mark.setAttribute("tabindex", "0");
  mark.setAttribute("role", "button");
  mark.dataset.name = name;
  mark.dataset.label = label;
  mark.append(part("rect", "cover"), part("rect", "grip"));
  layer.append(mark);
  marks.set(name, mark);
  return mark;
};

const draw = (name) => {
  const mark = marks.get(name);
  const box = read(name);
  const off = form.elements[name.replace(/^move-/, "off-")]?.checked;
  mark.style.display = box && !off ? "" : "none";
  if (!box) return;
  const [x1, y1, x2, y2] = box;
  const grip = (14 * width) / Math.max(svg.clientWidth, 1);
  const place = (rect, x, y, wide, high) =>
    Object.entries({ x, y, width: wide, height: high }).forEach(([key, value]) =>
      rect.setAttribute(key, value),
    );
  const [cover, corner] = mark.children;
  place(cover, x1, y1, x2 - x1, y2 - y1);
  place(corner, x2 - grip / 2, y2 - grip / 2, grip, grip);
  mark.setAttribute("aria-label", `${mark.dataset.label}: ${box.map(Math.round).join(", ")}. ${stage.dataset.keys}`);
};

const isAdded = (name) => name.startsWith("added-");
const rows = [...form.querySelectorAll('[name^="added-"][name$="-x1"]')].map((one) => one.name.slice(0, -3));
const covers = [...layer.querySelectorAll("[data-for]")].map((one) => one.dataset.for);
for (const one of form.querySelectorAll('[name^="off-"]')) {
  const name = one.name.replace(/^off-/, "move-");
  if (!covers.includes(name)) covers.push(name);
  one.addEventListener("change", () => draw(name));
}

layer.replaceChildren();
for (const name of [...covers, ...rows]) {
  const legend = form.elements[`${name}-x1`].closest("fieldset").querySelector("legend").textContent;
  made(name, isAdded(name) ? legend : `${stage.dataset.cover.replace("#", legend.match(/\d+/))}`);
  for (const field of fields(name)) field.addEventListener("input", () => draw(name));
  draw(name);
}
new ResizeObserver(() => marks.forEach((_, name) => draw(name))).observe(svg);

// What can be focused may not lie in a picture, to those who hear the page.
svg.setAttribute("role", "group");
stage.classList.add("live");
for (const one of document.querySelectorAll("[data-tools]")) one.hidden = false;

// --- by keyboard ---------------------------------------------------------------------------------

svg.addEventListener("keydown", (event) => {
  const name = event.target.closest(".mark")?.dataset.name;
  const box = name && read(name);
  if (!box) return;
  if ((event.key === "Delete" || event.key === "Backspace") && isAdded(name)) {
    clear(name);
    document.querySelector('[data-do="middle"]').focus();
    event.preventDefault();
    return;
  }
  const step = event.altKey ? 1 : Math.max(1, Math.round(Math.max(width, height) / 100));
  const [dx, dy] = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key] ?? [0, 0];
  if (!dx && !dy) return;
  event.preventDefault();
  const [x1, y1, x2, y2] = box;
  write(name, event.shiftKey ? [x1, y1, x2 + dx, y2 + dy] : [x1 + dx, y1 + dy, x2 + dx, y2 + dy]);
});

// --- by hand -------------------------------------------------------------------------------------

const drawing = document.querySelector('[data-do="draw"]');
const spare = () => rows.find((name) => fields(name).every((one) => one.value === ""));
const at = (event) => {
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  return [clamp(point.x, 0, width), clamp(point.y, 0, height)];
};

const setDrawing = (on) => {
  drawing.setAttribute("aria-pressed", String(on));
  stage.classList.toggle("drawing", on);
};

const refresh = () => {
  const full = !spare();
  drawing.disabled = full;
  document.querySelector('[data-do="middle"]').disabled = full;
  if (full) setDrawing(false);
};

let drag = null;
svg.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  const [x, y] = at(event);
  const mark = event.target.closest(".mark");
  if (drawing.getAttribute("aria-pressed") === "true") {
    const name = spare();
    if (!name) return;
    drag = { name, from: [x, y], how: "draw" };
  } else if (mark) {
    const grip = event.target.classList.contains("grip");
    drag = { name: mark.dataset.name, from: [x, y], box: read(mark.dataset.name), how: grip ? "size" : "move" };
    mark.focus();
  } else return;
  event.preventDefault();
  svg.setPointerCapture(event.pointerId);
});

svg.addEventListener("pointermove", (event) => {
  if (!drag) return;
  const [x, y] = at(event);
  const [dx, dy] = [x - drag.from[0], y - drag.from[1]];
  if (drag.how === "draw") {
    const [fx, fy] = drag.from;
    write(drag.name, [Math.min(fx, x), Math.min(fy, y), Math.max(fx, x), Math.max(fy, y)]);
    return;
  }
  const [x1, y1, x2, y2] = drag.box;
  write(drag.name, drag.how === "size" ? [x1, y1, x2 + dx, y2 + dy] : [x1 + dx, y1 + dy, x2 + dx, y2 + dy]);
});

const drop = () => {
  if (drag?.how === "draw") {
    setDrawing(false);
    marks.get(drag.name).focus();
  }
  drag = null;
  refresh();
};
svg.addEventListener("pointerup", drop);
svg.addEventListener("pointercancel", drop);

drawing.addEventListener("click", () => setDrawing(drawing.getAttribute("aria-pressed") !== "true"));
document.querySelector('[data-do="middle"]').addEventListener("click", () => {
  const name = spare();
  if (!name) return;
  write(name, [width * 0.4, height * 0.4, width * 0.6, height * 0.6]);
  marks.get(name).focus();
  refresh();
});
refresh();
