// Two clients compare the short authentication string (client-server, SAS verification) as two people do who read emoji to each other.
import type { MatrixClient } from "matrix-js-sdk";
import {
  CryptoEvent,
  VerificationPhase,
  VerificationRequestEvent,
  VerifierEvent,
  type ShowSasCallbacks,
  type VerificationRequest,
  type Verifier,
} from "matrix-js-sdk/lib/crypto-api/index.js";
import { HarnessError } from "../../model/errors.ts";

const stepMs = 30_000;

async function within<T>(what: string, wanted: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new HarnessError("deadline", `waited ${stepMs} ms for ${what}`)), stepMs);
  return Promise.race([wanted, late.promise]).finally(() => clearTimeout(timer));
}

function reached(request: VerificationRequest, phase: VerificationPhase): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (request.phase === VerificationPhase.Cancelled) {
        reject(new HarnessError("harness-fault", `expected the comparison to go on, it was cancelled`));
      }
      if (request.phase < phase) return;
      request.off(VerificationRequestEvent.Change, look);
      resolve();
    };
    request.on(VerificationRequestEvent.Change, look);
    look();
  });
}

function shownBy(verifier: Verifier): Promise<ShowSasCallbacks> {
  const shown = verifier.getShowSasCallbacks();
  if (shown !== null) return Promise.resolve(shown);
  return new Promise((resolve) => {
    verifier.once(VerifierEvent.ShowSas, resolve);
  });
}

const stringOf = ({ sas }: ShowSasCallbacks): string => JSON.stringify([sas.emoji, sas.decimal]);

function cryptoOf(client: MatrixClient): NonNullable<ReturnType<MatrixClient["getCrypto"]>> {
  const crypto = client.getCrypto();
  if (crypto === undefined) throw new HarnessError("unsupported", "this session was opened without encryption");
  return crypto;
}

/** True when both show the same string and both have confirmed. Throws `deadline` when a step does not come. */
export async function compareStrings(asking: MatrixClient, asked: MatrixClient, roomId: string): Promise<boolean> {
  const arriving = new Promise<VerificationRequest>((resolve) => {
    asked.once(CryptoEvent.VerificationRequestReceived, resolve);
  });
  const ours = await cryptoOf(asking).requestVerificationDM(asked.getSafeUserId(), roomId);
  const theirs = await within("the request to compare to arrive", arriving);
  await theirs.accept();
  await within("the request to be accepted", reached(ours, VerificationPhase.Ready));
  const verifier = await ours.startVerification("m.sas.v1");
  await within("the comparison to begin", reached(theirs, VerificationPhase.Started));
  const other = theirs.verifier;
  if (other === undefined) throw new HarnessError("harness-fault", "expected a comparison under way, there is none");
  const shown = within("both to show their string", Promise.all([shownBy(verifier), shownBy(other)]));
  const done = Promise.all([verifier.verify(), other.verify()]);
  // Settled below; a cancelled comparison must not end the process.
  done.catch(() => undefined);
  const [left, right] = await shown;
  if (stringOf(left) !== stringOf(right)) {
    left.mismatch();
    return false;
  }
  await Promise.all([left.confirm(), right.confirm()]);
  await within("both to have confirmed", done);
  return true;
}
