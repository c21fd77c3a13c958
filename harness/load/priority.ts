import { constants, getPriority, setPriority } from "node:os";

/**
 * While load is made, this thread goes before the servers it shares the processors with: a start that is late for want of a
 * processor says nothing about them (load.md 2.3). Without the right to do so nothing changes, and the gates decide.
 */
export function goFirst(): Disposable {
  const before = getPriority();
  try {
    setPriority(constants.priority.PRIORITY_HIGHEST);
  } catch {
    return { [Symbol.dispose]: () => undefined };
  }
  return { [Symbol.dispose]: () => setPriority(before) };
}
