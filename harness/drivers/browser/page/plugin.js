// Runs inside the page. Registers one Converse.js plugin and puts `window.bench` in place, which the driver calls.
// Sending, encrypting and decrypting are Converse's own: these functions call what its buttons call.
const { converse } = window;
const { Strophe, stx, u } = converse.env;
const omemoVersions = [Strophe.NS.OMEMO, Strophe.NS.OMEMO2];
const maximumFileBytes = 16 * 1024 * 1024; // Attachment.bytes() of the session contract.
let inner; // Converse's private closure object, handed to plugins only.

/** Tells the driver; `benchReport` is the binding playwright exposes. */
const report = (event) => void window.benchReport(event);

converse.plugins.add("bench", {
  initialize() {
    ({ _converse: inner } = this);
    const { api } = inner;
    api.listen.on("message", async ({ attrs }) => {
      if (attrs.sender !== "them" || attrs.is_archived || attrs.is_carbon) return;
      reportMessage(attrs);
      await onEncrypted(attrs);
    });
    api.listen.on("connfeedback", (feedback) =>
      report({ type: "status", status: feedback.get("connection_status"), text: feedback.get("message") ?? "" }),
    );
    api.listen.on("OMEMOInitialized", () => report({ type: "omemo-ready" }));
    api.listen.on("disconnected", () => report({ type: "disconnected" }));
  },
});

/** Peers that answered encrypted: sessions with their devices are complete. */
const answered = new Set();

/**
 * "The receiving device SHOULD automatically respond" to a key exchange with an empty message (XEP-0384, 4.3, "Sending a
 * message"), else the sender repeats the exchange in each message, and Converse publishes both its bundles (16 kB) for
 * each one, which Prosody's default limit of 10 kB/s holds up. Converse.js 14 does not; this does it with its functions.
 */
async function onEncrypted({ from, encrypted, is_error: failed }) {
  if (!encrypted?.key || failed) return;
  const peer = Strophe.getBareJidFromJid(from);
  answered.add(peer);
  if (encrypted.prekey) await shakeHands(peer);
}

/** An encrypted chat state (XEP-0085), nothing a user sees. */
async function shakeHands(peer) {
  const chat = await inner.api.chats.get(peer, {}, true);
  await inner.api.omemo.send(chat, "", [stx`<active xmlns="${Strophe.NS.CHATSTATES}"/>`]);
}

function reportMessage(attrs) {
  const decrypted = attrs.is_encrypted === true && typeof attrs.plaintext === "string";
  const failed = attrs.is_encrypted === true && attrs.is_error === true;
  const text = decrypted ? attrs.plaintext : attrs.body;
  if (failed) report({ type: "undecryptable", text: attrs.error_text ?? attrs.error_condition ?? "no reason given" });
  if (failed || !text) return;
  report({ type: "message", id: attrs.msgid, from: attrs.from, text, encrypted: decrypted, oobUrl: attrs.oob_url });
}

/** The chat with a peer, its view shown, so that messages are rendered (and files decrypted) as for a user. */
const chatWith = (peer) => inner.api.chats.open(peer, {}, true);

/** What Converse would show in an alert; it logs and swallows errors of sending. */
function alertText() {
  const dialogs = [...document.querySelectorAll("converse-alert-modal, .modal.show")];
  return dialogs.map((dialog) => dialog.textContent.replace(/\s+/g, " ").trim()).join(" | ");
}

/** Asks for a stream-management ack, or for the answer to a ping: stanzas are handled in order (RFC 6120, 10.1). */
async function requestAck(id) {
  if (inner.session.get("smacks_enabled")) {
    inner.api.send(stx`<r xmlns="${Strophe.NS.SM}"/>`);
    return;
  }
  await ping();
  report({ type: "handled", id });
}

async function ping() {
  const domain = inner.session.get("domain");
  const iq = stx`<iq type="get" to="${domain}" xmlns="jabber:client"><ping xmlns="urn:xmpp:ping"/></iq>`;
  const answer = await inner.api.sendIQ(iq, 25_000, false);
  return answer === null ? "" : new XMLSerializer().serializeToString(answer);
}

async function send(peer, text, encrypted) {
  const chat = await chatWith(peer);
  chat.save({ omemo_active: encrypted });
  const message = await chat.sendMessage({ body: text });
  if (message === undefined) return { error: alertText() || "Converse sent nothing and gave no reason" };
  await requestAck(message.get("msgid"));
  return { id: message.get("msgid"), encrypted: message.get("is_encrypted") === true };
}

/** Resolves with the message that names the uploaded file, or with what Converse tells the user instead. */
async function sendFile(peer, name, bytes) {
  const uploads = await inner.api.disco.features.get(Strophe.NS.HTTPUPLOAD, inner.session.get("domain"));
  if (uploads.length === 0) return { lacks: "XEP-0363 (HTTP file upload)" };
  const chat = await chatWith(peer);
  chat.save({ omemo_active: true });
  const { promise, resolve } = Promise.withResolvers();
  const sent = ({ chatbox, message }) => {
    if (chatbox === chat && message.getMessageText().startsWith("aesgcm:")) resolve(message);
  };
  const failed = (message) => {
    if (message.get("type") === "error") resolve(message);
  };
  inner.api.listen.on("sendMessage", sent);
  chat.messages.on("add change", failed);
  await chat.sendFiles([new File([Uint8Array.from(bytes)], name, { type: "application/octet-stream" })]);
  const message = await promise.finally(() => {
    inner.api.listen.not("sendMessage", sent);
    chat.messages.off("add change", failed);
  });
  if (message.get("type") === "error") return { error: message.get("message") };
  await requestAck(message.get("msgid"));
  return { id: message.get("msgid"), encrypted: message.get("is_encrypted") === true, url: message.getMessageText() };
}

/** Device ids whose bundles are known, for a peer, asking the server again. Converse keeps an empty list once it got one. */
async function devicesOf(peer, version) {
  const list = await inner.api.omemo.devicelists.get(peer, true, version);
  if (list.devices.length === 0) await list.fetchDevices(true);
  const known = await Promise.allSettled(list.devices.map((device) => device.getBundle()));
  return list.devices.map((device) => device.get("id")).filter((_, i) => known[i].value);
}

/** Activates encryption by the lock in the toolbar. "no-keys" until both sides have published keys. */
async function encryptWith(peer) {
  const own = await Promise.all(omemoVersions.map((v) => devicesOf(inner.session.get("bare_jid"), v)));
  const theirs = await Promise.all(omemoVersions.map((v) => devicesOf(peer, v)));
  if (own.flat().length === 0 || theirs.flat().length === 0) return "no-keys";
  const chat = await chatWith(peer);
  chat.save({ omemo_supported: true });
  if (!chat.get("omemo_active")) document.querySelector("converse-chat-toolbar .toggle-omemo")?.click();
  if (!chat.get("omemo_active")) return "lock-unusable";
  if (!answered.has(peer)) await shakeHands(peer);
  return "active";
}

/** Where Converse put the decrypted file of this message: a blob: link or picture in the message's element. */
async function decryptedFile(peer, url) {
  const chat = await chatWith(peer);
  const message = chat.messages.find((m) => m.getMessageText() === url);
  const element = [...document.querySelectorAll("converse-chat-message")].find((each) => each.model === message);
  const blob = element?.querySelector('[href^="blob:"], [src^="blob:"]');
  const failure = element?.querySelector("p.error")?.textContent;
  if (!blob && !failure) return undefined;
  if (!blob) {
    // Drawn again, the message is downloaded again; the driver decides how often.
    element.querySelector("converse-chat-message-body")?.requestUpdate();
    return { error: failure };
  }
  return download(blob.getAttribute("href") ?? blob.getAttribute("src"));
}

async function download(url) {
  const blob = await (await fetch(url)).blob();
  if (blob.size > maximumFileBytes) return { error: `larger than ${maximumFileBytes} bytes` };
  return { base64: u.arrayBufferToBase64(await blob.arrayBuffer()) };
}

/** What this server lacks although Converse.js 14 cannot work without: it opens no chat before it has a block list. */
async function lacks() {
  const supported = await inner.api.disco.supports(Strophe.NS.BLOCKING, inner.session.get("domain"));
  return supported ? "" : "XEP-0191 (blocking command)";
}

window.bench = {
  lacks,
  hasAnswered: async (peer) => answered.has(peer),
  start: (settings) => converse.initialize(settings),
  openDirect: async (peer) => void (await chatWith(peer)),
  encryptWith,
  send,
  sendFile,
  decryptedFile,
  ping,
  download,
  logout: () => inner.api.user.logout(),
};
report({ type: "loaded" });
