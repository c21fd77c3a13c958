import { createAuthority } from "../../lab/ca.ts";
import type { Account } from "../../model/candidate.ts";
import type { Faults, RunningServer } from "../../model/server.ts";
import { describeDriver, type ContractSubject } from "../contract.ts";
import { createThreemaDriver } from "./driver.ts";
import { GatewayStandIn, newIdentity } from "./gateway-stand-in.ts";

// The sentences of every driver, against the local stand-in. It has no faults to give: no skipped sentence asks for one.

async function standInSubject(): Promise<ContractSubject> {
  const stack = new AsyncDisposableStack();
  const authority = createAuthority("threema-contract");
  const certificate = authority.issue(["gateway.stand-in.test"]);
  const callback = authority.issue(["callback.stand-in.test"]);
  const identities: ReturnType<typeof newIdentity>[] = [];
  const { chain, key } = certificate;
  const standIn = new GatewayStandIn({ certificate: chain, key, ca: authority.certificate, identities });
  const port = await standIn.listen();
  stack.defer(() => standIn.close());
  const driver = createThreemaDriver({
    privateKeyOf: (name) => {
      const found = identities.find(({ identity }) => identity === name);
      return found && Buffer.from(found.keys.secretKey).toString("hex");
    },
    callback: { port: 0, certificate: callback.chain, key: callback.key },
  });
  stack.defer(() => driver.close());
  const callbackPort = (await driver.callbackPort()) ?? 0;
  const servername = "gateway.stand-in.test";
  const endpoint = { kind: "threema-gateway", host: "127.0.0.1", port, labPort: port, servername, path: "" } as const;
  const createAccounts = async (accounts: readonly Account[]): Promise<void> => {
    for (const { name, password } of accounts) {
      identities.push({ ...newIdentity(name), secret: password });
      standIn.callbacks.set(name, callbackPort);
    }
  };
  const server = {
    id: "remote",
    domain: servername,
    ca: authority.certificate,
    endpoints: [endpoint],
    endpoint: () => endpoint,
    administration: { createAccounts },
  } as unknown as RunningServer;
  return {
    driver,
    server,
    faults: {} as Faults,
    address: (name) => name,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const skip = [
  ["a message sent to a person arrives with its text and sender", "every message of this interface is encrypted"],
  ["an invited person joins a group and both read each other, nobody reads twice", "the gateway has no groups"],
  ["a person who was not invited does not get into a group", "the gateway has no groups"],
  ["history gives the stored messages, newest last", "the gateway keeps no archive for an identity"],
  ["a file is uploaded, named in a message and fetched unchanged", "this driver sends no files yet"],
  ["a message taken back is gone for the other person", "the gateway cannot take a message back"],
  ["load sessions deliver bodies unchanged", "somebody else's gateway is never put under load"],
  ["a lost connection ends the session with an error and rejects what is pending", "there is no connection to lose"],
].map(([test = "", reason = ""]) => ({ test, reason }));

describeDriver("Threema Gateway driver on a local stand-in", standInSubject, { skip });
