import type { Command } from "commander";
import { registerCheck } from "./candidate-check.ts";
import { registerNew } from "./candidate-new.ts";
import type { Done } from "../command.ts";

export function registerCandidate(program: Command, done: Done): void {
  const command = program
    .command("candidate")
    .description("add a product to the bench, and check that it keeps the contract");
  registerNew(command, done);
  registerCheck(command, done);
}
