import type { Command } from "commander";
import type { Done } from "../command.ts";

export function registerNew(_program: Command, _done: Done): void {}
