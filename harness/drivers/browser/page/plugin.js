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
      if (attrs.is_marker && attrs.marker_id) markedRead.add(attrs.marker_id);
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

/** Own messages that the other side marked as displayed (XEP-0333). Converse 14 shows them nowhere a function could look. */
const markedRead = new Set();

/** Peers that answered encrypted: sessions with their devices are complete. */
const answered = new Set();

/**
 * "The receiving device SHOULD automatically respond" to a key exchange with an empty message (XEP-0384, 4.3, "Sending a
 * message"), else the sender repeats the exchange in each message, and Converse publishes both its bundles (16 kB) for
 * each one, which Prosody's default limit of 10 kB/s holds up. Converse.js 14 does not; this does it with its functions.
 */
async function onEncrypted({ from, from_real_jid: realJid, encrypted, is_error: failed }) {
  if (!encrypted?.key || failed) return;
  // In a group the session is with the member's device, not with the room.
  const peer = Strophe.getBareJidFromJid(realJid ?? from);
  answered.add(peer);
  if (realJid) seenOccupants.set(from, realJid);
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
  const group = attrs.type === "groupchat";
  const from = group ? (attrs.from_real_jid ?? attrs.from) : attrs.from;
  const room = group ? Strophe.getBareJidFromJid(attrs.from) : undefined;
  report({ type: "message", id: attrs.msgid, from, room, text, encrypted: decrypted, oobUrl: attrs.oob_url });
}

/** The chat with a peer or the room, its view shown, so that messages are rendered (and files decrypted) as for a user. */
const chatWith = async (peer) => {
  const room = inner.state.chatboxes.get(peer);
  if (room?.get("type") !== "chatroom") return inner.api.chats.open(peer, {}, true);
  room.maybeShow(true);
  return room;
};

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
async function sendFile(peer, name, bytes, type = "application/octet-stream", encrypted = true) {
  const uploads = await inner.api.disco.features.get(Strophe.NS.HTTPUPLOAD, inner.session.get("domain"));
  if (uploads.length === 0) return { lacks: "XEP-0363 (HTTP file upload)" };
  const chat = await chatWith(peer);
  chat.save({ omemo_active: encrypted });
  const { promise, resolve } = Promise.withResolvers();
  const sent = ({ chatbox, message }) => {
    if (chatbox === chat && /^(?:aesgcm|https):/.test(message.getMessageText())) resolve(message);
  };
  const failed = (message) => {
    if (message.get("type") === "error") resolve(message);
  };
  inner.api.listen.on("sendMessage", sent);
  chat.messages.on("add change", failed);
  await chat.sendFiles([new File([Uint8Array.from(bytes)], name, { type })]);
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

/** Enters a room and, if it is new, configures it as OMEMO needs it: members only, addresses visible (XEP-0384, 5.8). */
async function enterGroup(jid, create) {
  const settings = create
    ? {
        auto_configure: true,
        roomconfig: {
          membersonly: true,
          whois: "anyone",
          persistentroom: true,
          publicroom: false,
          changesubject: false,
        },
      }
    : {};
  const nick = Strophe.getNodeFromJid(inner.session.get("bare_jid"));
  await inner.api.rooms.open(jid, { nick, ...settings }, true);
}

/** "in" once we are in and the client takes the room for one it can encrypt in; else what it still waits for. */
async function groupState(jid) {
  const room = inner.state.chatboxes.get(jid);
  if (room === undefined) return "not opened";
  if (!room.isEntered()) return `connection status ${room.session.get("connection_status")}`;
  const missing = ["membersonly", "nonanonymous"].filter((feature) => !room.features.get(feature));
  if (missing.length > 0) await room.refreshDiscoInfo?.();
  if (missing.length > 0) return `not ${missing.join(", not ")}`;
  return room.get("omemo_supported") ? "in" : "OMEMO not offered";
}

async function setAffiliation(room, jid, affiliation) {
  const iq = stx`<iq type="set" to="${room}" xmlns="jabber:client">
    <query xmlns="${Strophe.NS.MUC_ADMIN}"><item affiliation="${affiliation}" jid="${jid}"/></query></iq>`;
  const answer = serialised(await inner.api.sendIQ(iq, 25_000, false));
  // As Converse's own dialogue does after a change.
  await inner.state.chatboxes.get(room)?.occupants.fetchMembers();
  return answer;
}

const serialised = (answer) => (answer === null ? "" : new XMLSerializer().serializeToString(answer));

/** People whose devices would get keys now: occupants with a visible address and a device whose bundle is known. */
async function reachable(room, people) {
  const addresses = inner.state.chatboxes.get(room)?.occupants?.map((o) => o.get("jid")) ?? [];
  const present = people.filter((jid) => addresses.some((other) => other && u.isSameBareJID(other, jid)));
  const known = await Promise.all(
    present.map(async (jid) => {
      const ids = await Promise.all(omemoVersions.map((v) => devicesOf(jid, v)));
      return ids.flat().length > 0;
    }),
  );
  return present.filter((_, index) => known[index]);
}

/** Opens a chat by Converse's own settings alone. */
async function openUntouched(jid) {
  const chat = await chatWith(jid);
  await inner.api.waitUntil("OMEMOInitialized");
  // Converse looks for the other side's devices first; without an answer in 10 s it takes the chat for a plain one.
  const { promise, resolve } = Promise.withResolvers();
  const look = () => chat.get("omemo_active") === true && resolve();
  chat.on("change", look);
  const timer = setTimeout(() => resolve(), 10_000);
  look();
  await promise.finally(() => clearTimeout(timer));
  return chat.get("omemo_active") === true;
}

/** What stands out in the chat for its user: error messages, warnings, an explicit mark for what came in plain. */
async function warnings(jid) {
  await chatWith(jid);
  const marks = [
    ".chat-error",
    ".chat-msg__error",
    ".alert-warning",
    ".alert-danger",
    ".fa-unlock",
    ".message--unencrypted",
  ];
  const found = [
    ...document.querySelectorAll(marks.map((mark) => `converse-chat ${mark}, converse-muc ${mark}`).join(", ")),
  ];
  // The open padlock of the toolbar is the switch, not a warning.
  const said = found.filter((element) => !element.closest("converse-chat-toolbar"));
  return said.map((element) => element.textContent.replace(/\s+/g, " ").trim()).filter((text) => text !== "");
}

/**
 * Hostile stand-in of the server: this stanza goes to the function that Converse registered for incoming message stanzas.
 * Resolves with the text that the chat then shows under the stanza's id, or null.
 */
async function injectStanza(chatJid, xml, id) {
  const stanza = new DOMParser().parseFromString(xml, "text/xml").documentElement;
  const room = stanza.getAttribute("type") === "groupchat" ? inner.state.chatboxes.get(chatJid) : undefined;
  await (room === undefined ? inner.exports.handleMessageStanza(stanza) : room.handleMessageStanza(stanza));
  const chat = await chatWith(chatJid);
  const message = chat.messages.find((m) => m.get("msgid") === id);
  if (message === undefined || message.get("type") === "error" || message.get("is_error")) return null;
  return message.getMessageText() ?? null;
}

const withheld = new Set();
let deliver;

/** Hostile stand-in of the server: what comes encrypted and has a content is kept from the client from now on. */
function withhold() {
  const { exports } = inner;
  deliver = exports.handleMessageStanza;
  withheld.clear();
  // Converse's handler looks this function up for each stanza.
  exports.handleMessageStanza = async (stanza) => {
    if (stanza.querySelector?.("encrypted payload") === null) return deliver(stanza);
    withheld.add(stanza.getAttribute("id"));
    return true;
  };
}

function deliverAgain() {
  inner.exports.handleMessageStanza = deliver;
}

/** Who an occupant is, where the room shows it. */
function realAddress(occupant) {
  const room = inner.state.chatboxes.get(Strophe.getBareJidFromJid(occupant));
  const found = room?.occupants.findWhere({ nick: Strophe.getResourceFromJid(occupant) });
  const jid = found?.get("jid") ?? seenOccupants.get(occupant) ?? "";
  return jid === "" ? "" : Strophe.getBareJidFromJid(jid);
}

/** Senders of group messages, kept because a person thrown out of a room no longer sees its occupants. */
const seenOccupants = new Map();

/** Asks for the other's presence and allows our own; the other one does the same (RFC 6121, 3). */
async function befriend(jid) {
  for (const type of ["subscribe", "subscribed"]) {
    inner.api.send(stx`<presence to="${jid}" type="${type}" xmlns="jabber:client"/>`);
    await ping(); // Handled in order: the server has taken it when this is answered.
  }
}

async function deviceCount(jid) {
  const lists = await Promise.all(omemoVersions.map((v) => inner.api.omemo.devicelists.get(jid, true, v)));
  return new Set(lists.flatMap((list) => list.devices.filter((d) => d.get("active")).map((d) => String(d.get("id")))))
    .size;
}

/** Stored stanzas, newest last; asks for older pages as long as the server's own limit cuts them. */
async function archived(archive, limit) {
  let found = [];
  let before = "";
  while (found.length < limit) {
    const { page, first, complete } = await archivePage(archive, limit - found.length, before);
    found = [...page, ...found];
    if (complete || page.length === 0 || !first) break;
    before = first;
  }
  return found;
}

async function archivePage(archive, limit, before) {
  const page = [];
  const queryid = u.getUniqueId();
  const handler = inner.api.connection.get().addHandler(
    (stanza) => {
      const result = stanza.querySelector(`result[queryid="${queryid}"]`);
      const message = result?.querySelector("forwarded message");
      const at = result?.querySelector("forwarded > delay")?.getAttribute("stamp") ?? "";
      if (message) page.push({ at, xml: new XMLSerializer().serializeToString(message) });
      return true;
    },
    null,
    "message",
  );
  const iq = stx`<iq type="set" to="${archive}" xmlns="jabber:client"><query xmlns="urn:xmpp:mam:2" queryid="${queryid}">
    <set xmlns="http://jabber.org/protocol/rsm"><max>${limit}</max><before>${before}</before></set></query></iq>`;
  const answer = await inner.api.sendIQ(iq, 25_000);
  inner.api.connection.get().deleteHandler(handler);
  const fin = answer.querySelector("fin");
  return { page, first: fin?.querySelector("first")?.textContent, complete: fin?.getAttribute("complete") === "true" };
}

async function setArchiving(room, on) {
  const ask = stx`<iq type="get" to="${room}" xmlns="jabber:client"><query xmlns="${Strophe.NS.MUC_OWNER}"/></iq>`;
  const form = await inner.api.sendIQ(ask, 25_000);
  const fields = [...form.querySelectorAll("x[type='form'] field")].map((field) => field.getAttribute("var"));
  const name = ["muc#roomconfig_enablearchiving", "mam", "muc#roomconfig_mam"].find((one) => fields.includes(one));
  return name === undefined ? "none" : setRoomField(room, name, on ? "1" : "0");
}

/** Empty when done, else the room's answer. */
async function setRoomField(room, name, value) {
  const set = stx`<iq type="set" to="${room}" xmlns="jabber:client"><query xmlns="${Strophe.NS.MUC_OWNER}">
    <x xmlns="jabber:x:data" type="submit">
      <field var="FORM_TYPE"><value>http://jabber.org/protocol/muc#roomconfig</value></field>
      <field var="${name}"><value>${value}</value></field></x></query></iq>`;
  const answer = await inner.api.sendIQ(set, 25_000, false);
  return answer?.getAttribute("type") === "result" ? "" : serialised(answer);
}

/** Name by the room's form, topic by its subject (XEP-0045, 10.2 and 8.1). */
async function describeGroup(room, name, topic) {
  const refused = await setRoomField(room, "muc#roomconfig_roomname", name);
  if (refused !== "") return refused;
  inner.state.chatboxes.get(room).setSubject(topic);
  await ping();
  return "";
}

/** What the profile dialogue does. */
async function setPicture(base64) {
  await inner.api.vcard.set(inner.session.get("bare_jid"), { image: base64, image_type: "image/png" });
  await ping();
}

const elementOf = (message) =>
  [...document.querySelectorAll("converse-chat-message")].find((each) => each.model === message);

const messageIn = (chat, id) => chat.messages.find((m) => m.get("msgid") === id);

/** False until the message is on the screen. */
async function react(peer, id, emoji, encrypted) {
  const chat = await chatWith(peer);
  chat.save({ omemo_active: encrypted });
  const picker = elementOf(messageIn(chat, id))?.querySelector("converse-reaction-picker");
  if (!picker) return false;
  picker.onEmojiSelected(emoji);
  return true;
}

/** What Converse 14 does by itself 30 s after the last emoji was used: the own account keeps a list of the last ones. */
async function finishPending() {
  await inner.state.popular_emojis?.publish();
  await ping();
}

/** As the button "Reply" does: the chat remembers what is answered, the next text answers it. */
async function reply(peer, id, text, encrypted) {
  const chat = await chatWith(peer);
  chat.save({ reply_to_id: id, reply_to: messageIn(chat, id).get("from") });
  return send(peer, text, encrypted);
}

/** What Converse does when a message that asks for it comes into view. */
async function markRead(peer, id, encrypted) {
  const chat = await chatWith(peer);
  chat.save({ omemo_active: encrypted });
  await chat.sendMarkerForMessage(messageIn(chat, id), "displayed", true);
}

async function shown(peer) {
  const { models } = (await chatWith(peer)).messages;
  const theirs = models.filter((m) => m.get("sender") === "them");
  return {
    reactions: models.flatMap((m) =>
      Object.entries(m.get("reactions") ?? {}).flatMap(([jid, emojis]) => (jid.startsWith(peer) ? emojis : [])),
    ),
    answered: theirs.map((m) => m.get("reply_to_id")).filter(Boolean),
    read: [...markedRead],
    files: theirs.map((m) => m.getMessageText() ?? "").filter((text) => /^(?:aesgcm|https):/.test(text)),
  };
}

/** Every key of a person's devices, as the person's dialogue shows it. */
async function fingerprints(jid) {
  const lists = await Promise.all(omemoVersions.map((v) => inner.api.omemo.devicelists.get(jid, true, v)));
  const devices = lists.flatMap((list) => list.devices.filter((d) => d.get("active")));
  await Promise.all(devices.map((device) => u.omemo.generateFingerprint(device)));
  return devices.map((device) => ({ device, fingerprint: device.get("bundle")?.fingerprint ?? "" }));
}

/** Own keys of this device only. */
async function ownFingerprints() {
  const id = String(await inner.api.omemo.getDeviceID());
  const all = await fingerprints(inner.session.get("bare_jid"));
  return all.filter(({ device }) => String(device.get("id")) === id).map(({ fingerprint }) => fingerprint);
}

/** Marks devices with these keys as trusted and all others as not, as the choice beside each fingerprint does. */
async function decideOn(jid, same) {
  const all = await fingerprints(jid);
  const decided = () => {
    const those = (value) => all.filter(({ device }) => device.get("trusted") === value).map((d) => d.fingerprint);
    return { trusted: those(1), undecided: those(0), untrusted: those(-1) };
  };
  const before = decided();
  for (const { device, fingerprint } of all) device.save("trusted", same.includes(fingerprint) ? 1 : -1);
  return { before, after: decided() };
}

/** Devices that appear from now on are marked as not trusted at once, as a person does who waits for a comparison. */
async function distrustNew(jid) {
  const lists = await Promise.all(omemoVersions.map((v) => inner.api.omemo.devicelists.get(jid, true, v)));
  for (const list of lists) list.devices.on("add", (device) => device.save("trusted", -1));
}

let copies = 0;
const stolen = new Map();

/** A copy of the OMEMO store as it is now, for the thief; writes to it never reach the store. */
function steal() {
  const { omemo_store: store } = inner.state;
  const copy = Object.create(store);
  copy.attributes = structuredClone(store.attributes);
  copy.get = (name) => copy.attributes[name];
  copy.save = (name, value) => Object.assign(copy.attributes, typeof name === "string" ? { [name]: value } : name);
  copy.unset = (name) => delete copy.attributes[name];
  stolen.set(++copies, copy);
  return copies;
}

/** Keys of skipped messages that lie in the stolen sessions: libomemo keeps them until the message comes. */
function keysKept(number) {
  const { attributes } = stolen.get(number);
  const records = Object.entries(attributes).filter(([name, value]) => name.startsWith("session") && value);
  const count = (value) => {
    if (typeof value !== "object" || value === null) return 0;
    const own = Object.keys(value.messageKeys ?? {}).length;
    return own + Object.values(value).reduce((sum, part) => sum + count(part), 0);
  };
  return records.reduce((sum, [, record]) => sum + count(typeof record === "string" ? JSON.parse(record) : record), 0);
}

const cryptoLibrary = () => import("/dist/libomemo.esm.min.js");

/** Tries every key in the stanza with the stolen sessions. Works on a copy of the copy: reading moves a ratchet on. */
async function readStolen(number, from, room, xml) {
  const { OMEMOAddress, SessionCipher } = await cryptoLibrary();
  const stanza = new DOMParser().parseFromString(xml, "text/xml").documentElement;
  for (const sealed of stanza.querySelectorAll("encrypted")) {
    const version = sealed.namespaceURI;
    const payload = sealed.querySelector("payload")?.textContent.trim();
    const sid = Number(sealed.querySelector("header").getAttribute("sid"));
    for (const key of sealed.querySelectorAll("key")) {
      const copy = Object.create(stolen.get(number));
      copy.attributes = structuredClone(stolen.get(number).attributes);
      copy.get = (name) => copy.attributes[name];
      copy.save = (name, value) => Object.assign(copy.attributes, typeof name === "string" ? { [name]: value } : name);
      copy.unset = (name) => delete copy.attributes[name];
      const held = inner.state.omemo_store;
      inner.state.omemo_store = copy;
      const store = u.omemo.getVersionedStore(version); // Binds to the copy.
      inner.state.omemo_store = held;
      const cipher = new SessionCipher(store, new OMEMOAddress(from, sid), version);
      const bytes = u.base64ToArrayBuffer(key.textContent.trim());
      for (const open of ["decryptWhisperMessage", "decryptPreKeyWhisperMessage"]) {
        try {
          const { plaintext } = await cipher[open](bytes, "binary");
          if (version === Strophe.NS.OMEMO2) {
            const { body } = await u.omemo.decryptSCE(plaintext, payload, { sender_jid: from, to_jid: room });
            if (body) return body;
          } else {
            const iv = sealed.querySelector("iv").textContent;
            const parts = { key: plaintext.slice(0, 16), tag: plaintext.slice(16), iv, payload };
            return await u.omemo.decryptMessage(parts);
          }
        } catch {
          // Not readable this way; the next key or form is tried.
        }
      }
    }
  }
  return null;
}

/**
 * What this server lacks although Converse.js 14 cannot work without: it opens no chat before it has a block list, and looks for
 * keys for ever where an account takes none. The account's own answer counts (XEP-0163, 6); without one nothing is said.
 */
async function lacks() {
  if (!(await offersOmemo())) return "XEP-0163 (personal eventing), where OMEMO keys lie,";
  const supported = await inner.api.disco.supports(Strophe.NS.BLOCKING, inner.session.get("domain"));
  return supported ? "" : "XEP-0191 (blocking command)";
}

async function offersOmemo() {
  const account = inner.session.get("bare_jid");
  const iq = stx`<iq type="get" to="${account}" xmlns="jabber:client"><query xmlns="${Strophe.NS.DISCO_INFO}"/></iq>`;
  const answer = await inner.api.sendIQ(iq, 25_000, false);
  if (answer === null) throw new Error("the own account said nothing about its features within 25 s");
  return answer.querySelector('identity[category="pubsub"][type="pep"]') !== null;
}

window.bench = {
  enterGroup,
  groupState,
  setAffiliation,
  reachable,
  openUntouched,
  warnings,
  injectStanza,
  withhold: async () => withhold(),
  withheld: async (id) => withheld.has(id),
  deliverAgain: async () => deliverAgain(),
  steal,
  keysKept,
  readStolen,
  archived,
  befriend,
  deviceCount,
  setArchiving,
  realAddress: async (occupant) => realAddress(occupant),
  deviceId: () => inner.api.omemo.getDeviceID(),
  version: () => inner.VERSION_NAME ?? "",
  lacks,
  hasAnswered: async (peer) => answered.has(peer),
  start: (settings) => converse.initialize(settings),
  openDirect: async (peer) => void (await chatWith(peer)),
  encryptWith,
  send,
  sendFile,
  distrustNew,
  ownFingerprints,
  decideOn,
  describeGroup,
  setPicture,
  react,
  reply,
  markRead,
  finishPending,
  shown,
  decryptedFile,
  ping,
  download,
  logout: () => inner.api.user.logout(),
};
report({ type: "loaded" });
