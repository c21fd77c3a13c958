import { HarnessError } from "../model/errors.ts";
import type { Fault } from "../model/journal.ts";

/** Longest message kept of an error: a server's answer may be part of it. */
const maximumMessage = 2_000;

const bounded = (text: string): string => (text.length > maximumMessage ? `${text.slice(0, maximumMessage)}…` : text);

/** An error as the journal keeps it. Whatever is not one of ours is a fault of the harness, never a verdict. */
export function toFault(error: unknown, step?: string): Fault {
  const place = step === undefined ? {} : { step };
  if (error instanceof HarnessError) {
    const hint = error.hint === undefined ? {} : { hint: bounded(error.hint) };
    return { code: error.code, message: bounded(error.message), ...hint, ...place };
  }
  const text = error instanceof Error ? `${error.name}: ${error.message}` : `thrown: ${String(error)}`;
  return { code: "harness-fault", message: bounded(text), ...place };
}

/** Rejects as soon as the signal is aborted, with its reason; otherwise as the work ends. The work itself is not stopped. */
export async function abortable<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason as Error);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", stop);
    work.catch(() => undefined);
  }
}

/** Waits for the work at most this long; true when it ended, one way or the other. Never throws. */
export async function settled(work: Promise<unknown>, withinMs: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), withinMs);
  const ended = work.then(
    () => true,
    () => true,
  );
  const result = await Promise.race([ended, promise]);
  clearTimeout(timer);
  return result;
}
