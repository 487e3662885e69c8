// Passkeys: asks the browser for one, and sends what it answers. Without it, or where the browser
// has none, what is hidden here stays hidden, and the password is the way.

const known = globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON;

const send = async (at, fields = {}) => {
  const heard = await fetch(at, { method: "POST", body: new URLSearchParams(fields) });
  const told = await heard.json();
  // Who has to show first that it is they is sent there.
  if (heard.status === 401 && told.to) location.assign(told.to);
  if (!heard.ok) throw new Error(told.error ?? heard.statusText);
  return told;
};

const use = async (root) => {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(await send(`${root.dataset.at}/begin`));
  const made = await navigator.credentials.get({ publicKey });
  return send(root.dataset.at, { answer: JSON.stringify(made), to: root.dataset.to });
};

const make = async (root) => {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(await send(`${root.dataset.at}/begin`));
  const made = await navigator.credentials.create({ publicKey });
  const name = root.querySelector("[name=name]").value;
  return send(root.dataset.at, { answer: JSON.stringify(made), name });
};

for (const root of known ? document.querySelectorAll("[data-passkey]") : []) {
  const button = root.querySelector("button");
  const said = root.querySelector(".said");
  const act = root.dataset.passkey === "make" ? make : use;
  const start = async (event) => {
    event.preventDefault();
    button.disabled = true;
    said.textContent = "";
    try {
      location.assign((await act(root)).to);
    } catch {
      said.textContent = root.dataset.refused;
      button.disabled = false;
    }
  };
  root.addEventListener(root.matches("form") ? "submit" : "click", root.matches("form") ? start : (event) => event.target === button && start(event));
  root.hidden = false;
}
