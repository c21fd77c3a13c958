import { HarnessError } from "../../model/errors.ts";
import type { Probes } from "../../model/probes.ts";
import type { Person, RunningServer } from "../../model/server.ts";
import type { Driver, OpenOptions } from "../../model/session.ts";
import { keyOf } from "./box.ts";
import { CallbackListener } from "./callback.ts";
import type { CallbackOptions } from "./callback.ts";
import { Gateway } from "./gateway.ts";
import { ThreemaSession } from "./session.ts";

export interface ThreemaOptions {
  /** Private key of an identity, 64 hexadecimal digits; undefined where there is none. */
  readonly privateKeyOf: (identity: string) => string | undefined;
  /** Where the gateway posts incoming messages; without it sessions can send only. */
  readonly callback?: CallbackOptions;
}

/** {@link Driver} with the port of its callback, for a stand-in or a proxy in front of it. */
export interface ThreemaDriver extends Driver {
  callbackPort(): Promise<number | undefined>;
}

async function unsupported(): Promise<never> {
  throw new HarnessError("unsupported", "Threema Gateway offers no way to probe this.");
}

const probes: Probes = {
  plaintext: unsupported,
  login: unsupported,
  adminAsOrdinary: unsupported,
  selfRegistration: unsupported,
  unauthenticatedReads: unsupported,
  readAsStranger: unsupported,
  plantProfile: unsupported,
  clientStart: unsupported,
  fillConversations: unsupported,
  readAfterDisabling: unsupported,
};

/** Threema Gateway in end-to-end mode: a person's name is the identity, the password its API secret. */
export function createThreemaDriver(options: ThreemaOptions): ThreemaDriver {
  const sessions = new Map<string, ThreemaSession>();
  const { callback } = options;
  const listener = callback
    ? new CallbackListener(
        callback,
        (identity) => sessions.get(identity)?.person.password,
        (message) => void sessions.get(message.to)?.deliver(message),
      )
    : undefined;

  async function open(server: RunningServer, person: Person, { withinMs }: OpenOptions = {}): Promise<ThreemaSession> {
    const endpoint = server.endpoint("threema-gateway");
    if (endpoint === undefined) throw new HarnessError("unsupported", `${server.domain} declares no Threema Gateway.`);
    const { name: identity, password: secret } = person;
    const hex = options.privateKeyOf(identity);
    if (hex === undefined) {
      throw new HarnessError("bad-input", `Expected a private key for ${identity}, got none.`, {
        hint: "Without one the gateway would encrypt by itself, and that is not end-to-end.",
      });
    }
    const privateKey = keyOf(hex, `private key of ${identity}`);
    const gateway = new Gateway(endpoint, server.ca, { identity, secret }, withinMs);
    const session = new ThreemaSession(person, gateway, { privateKey, secrets: { secret, key: hex } }, () => {
      if (sessions.get(identity) === session) sessions.delete(identity);
    });
    try {
      await session.ping();
      await listener?.listen();
    } catch (error) {
      await gateway.close();
      throw error;
    }
    sessions.set(identity, session);
    return session;
  }

  return {
    id: "threema",
    protocol: "threema",
    open,
    openForLoad: () => Promise.reject(new HarnessError("unsupported", "Threema Gateway is never put under load.")),
    probes,
    callbackPort: async () => listener?.listen(),
    async close() {
      await Promise.allSettled([...sessions.values()].map((session) => session[Symbol.asyncDispose]()));
      await listener?.close();
    },
  };
}
