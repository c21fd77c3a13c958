import { HarnessError } from "../model/errors.ts";

/** For what a driver does not know yet: says nothing about the product. */
export const notYet = (driver: string, what: string): HarnessError =>
  new HarnessError("unsupported", `the ${driver} driver does not know ${what} yet`, { context: { lacking: "driver" } });

/** A probe that a driver does not have yet. */
export const noProbe = (driver: string, what: string) => (): Promise<never> => Promise.reject(notYet(driver, what));
