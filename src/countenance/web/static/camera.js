// The camera of the picture page. Without it, or where it is refused, the file below is the way.
// The stream ends when the picture is taken, when it is stopped, and when the page is left.

const root = document.getElementById("camera");
const input = document.getElementById("picture");
const LONG_SIDE = 1280;
const QUALITY = 0.9;

if (root && input && navigator.mediaDevices?.getUserMedia) {
  const part = (name) => root.querySelector(name);
  const button = (name) => part(`[data-do=${name}]`);
  const viewer = part(".viewer");
  const video = part("video");
  const canvas = part("canvas");
  const said = part(".said");
  const count = part(".count");
  let stream = null;
  let taking = 0;

  const show = (...names) => {
    for (const one of root.querySelectorAll("[data-do]")) one.hidden = !names.includes(one.dataset.do);
  };

  const stop = () => {
    taking += 1;
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    video.srcObject = null;
    count.value = "";
  };

  const start = async () => {
    show();
    said.textContent = root.dataset.starting;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "user", width: { ideal: LONG_SIDE } },
        audio: false,
      });
      video.srcObject = stream;
      await video.play();
    } catch {
      stop();
      said.textContent = root.dataset.refused;
      show("start");
      return;
    }
    canvas.hidden = true;
    video.hidden = false;
    viewer.hidden = false;
    said.textContent = root.dataset.ready;
    show("take", "stop");
    button("take").focus();
  };

  const pause = (ms) => new Promise((done) => setTimeout(done, ms));

  const take = async () => {
    show("stop");
    const mine = (taking += 1);
    for (const left of [3, 2, 1]) {
      count.value = left;
      await pause(600);
      if (mine !== taking) return;
    }
    count.value = "";
    const shrunk = Math.min(1, LONG_SIDE / Math.max(video.videoWidth, video.videoHeight));
    canvas.width = Math.round(video.videoWidth * shrunk);
    canvas.height = Math.round(video.videoHeight * shrunk);
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
    stop();
    video.hidden = true;
    canvas.hidden = false;
    said.textContent = root.dataset.taken;
    show();
    send();
  };

  // The answer is a page with the picture, what was found in it, and the button that uses it.
  const send = () => {
    canvas.toBlob((blob) => {
      const files = new DataTransfer();
      files.items.add(new File([blob], "camera.jpg", { type: "image/jpeg" }));
      input.files = files.files;
      input.form.requestSubmit();
    }, "image/jpeg", QUALITY);
  };

  button("start").addEventListener("click", start);
  button("take").addEventListener("click", take);
  button("stop").addEventListener("click", () => {
    stop();
    viewer.hidden = true;
    said.textContent = "";
    show("start");
    button("start").focus();
  });
  addEventListener("pagehide", stop);
  show("start");
  root.hidden = false;
}
