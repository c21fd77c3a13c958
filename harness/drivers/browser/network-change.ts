import { hasCode } from "../../model/errors.ts";

/** More changes than this during one action are no coincidence. */
const attempts = 5;

/**
 * Chromium breaks off connections it is just opening whenever an interface of the machine comes or goes
 * (ERR_NETWORK_CHANGED), which each container does that is started or stopped meanwhile. This says nothing about the
 * server, so the action is done again.
 */
export async function despiteNetworkChanges<T>(action: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await action();
    } catch (error) {
      if (attempt === attempts || !isNetworkChange(error)) throw error;
    }
  }
}

const isNetworkChange = (error: unknown): boolean =>
  hasCode(error, "lab-fault") && error.message.includes("ERR_NETWORK_CHANGED");
