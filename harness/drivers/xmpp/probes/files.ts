import { createCipheriv, randomBytes } from "node:crypto";
import type { FileProbes } from "../../../model/files.ts";
import { openStream } from "../targets.ts";
import { requestSlot } from "../uploads.ts";
import { asked } from "./asked.ts";
import { readAsStranger } from "./reads.ts";

/** One TiB: a slot for it means that there is no limit on size. Only asked for, never sent. */
const tooLarge = 2 ** 40;

/** What XMPP has for scanning files: nothing that clients ask (no XEP); a server would have to look at uploads itself. */
export const files: FileProbes = {
  /** XEP-0454: AES-256-GCM, the tag at the end, key and nonce in the address. */
  seal(plain) {
    const [key, nonce] = [randomBytes(32), randomBytes(12)];
    const cipher = createCipheriv("aes-256-gcm", key, nonce);
    const bytes = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    return Promise.resolve({ bytes, key: { fragment: Buffer.concat([nonce, key]).toString("hex") } });
  },

  reader: (server, person) =>
    Promise.resolve({
      read: (url) => readAsStranger(server, person, url),
      readScanned: () => Promise.resolve(undefined),
      /** XEP-0363, 5.: file-too-large. */
      uploadBeyondLimit: () =>
        asked(`slot for ${tooLarge} bytes`, async () => {
          const stream = await openStream({ ...person, server });
          try {
            await requestSlot(stream, "large.bin", tooLarge);
            return { accepted: true, answer: "a slot was given" };
          } finally {
            await stream.close();
          }
        }),
    }),
};
