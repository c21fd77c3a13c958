import { createClient, MemoryStore } from "matrix-js-sdk";
import type { SealedMessage, StolenState } from "../../model/end-to-end.ts";
import type { Json } from "./client-api.ts";

/** The thief's own machine: the SDK with nothing but the stolen keys and without a network. */
export async function stealFrom(exportedKeys: string): Promise<StolenState> {
  const thief = createClient({
    baseUrl: "https://thief.invalid",
    userId: "@thief:thief.invalid",
    deviceId: "THIEF",
    accessToken: "none",
    store: new MemoryStore(),
    fetchFn: () => Promise.reject(new TypeError("the thief has no network")),
    disableVoip: true,
  });
  await thief.initRustCrypto({ useIndexedDB: false });
  await thief.getCrypto()?.importRoomKeysAsJson(exportedKeys);
  const read = async ({ raw }: SealedMessage): Promise<string | undefined> => {
    const event = thief.getEventMapper()(JSON.parse(raw) as Json);
    await thief.decryptEventIfNeeded(event);
    const { body } = event.getContent<Json>();
    return event.isDecryptionFailure() || typeof body !== "string" ? undefined : body;
  };
  return {
    read,
    // A Megolm session that opens a message is a key from which the message's own key follows.
    keysKept: async (messages) => {
      const texts = await Promise.all(messages.map(read));
      return texts.filter((text) => text !== undefined).length;
    },
  };
}
