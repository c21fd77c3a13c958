import type { Command } from "commander";
import { examples } from "../command.ts";
import type { Done } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { columns, print, printJson, safe } from "../output.ts";
import { loadProject, projectControls } from "../project.ts";
import type { Project } from "../project.ts";
import { coverageOf } from "./coverage.ts";
import { byId } from "../../run/scenarios.ts";

interface ListOptions {
  readonly json?: boolean;
  readonly catalogue?: string;
  readonly profile?: string;
  readonly uncovered?: boolean;
}

interface Listing {
  readonly what: string;
  /** Data for --json; each has an `id`. */
  read(project: Project): Promise<readonly { readonly id: string }[]>;
  /** One line for people. */
  line(item: never): readonly string[];
}

const listing = <T extends { readonly id: string }>(
  what: string,
  read: (project: Project) => Promise<readonly T[]> | readonly T[],
  line: (item: T) => readonly string[],
): Listing => ({ what, read: async (project) => read(project), line });

const listings: Readonly<Record<string, Listing>> = {
  criteria: listing(
    "the requirements of the catalogue",
    ({ catalogue, scenarios }) =>
      catalogue.criteria.map(({ id, group, title, ufab, config, method, active, scenarios: wanted }) => ({
        id,
        group,
        title,
        type: ufab.type,
        gp: ufab.type === "B" ? ufab.gp : 0,
        config,
        method,
        active,
        scenarios: wanted,
        measured: scenarios.some(({ scenario }) => wanted.includes(scenario.id) && scenario.verifies.includes(id)),
      })),
    ({ id, type, gp, title, scenarios, active, measured }) => [
      id,
      type === "A" ? "required" : `${gp} points × 10`,
      title.en,
      scenarios.join(" "),
      active ? (measured ? "" : "no scenario yet") : "not in this profile",
    ],
  ),
  scenarios: listing(
    "what can be run",
    ({ scenarios }) =>
      scenarios.map(({ scenario, slug }) => ({
        id: scenario.id,
        name: slug,
        area: scenario.area,
        title: scenario.title,
        shows: scenario.shows,
        verifies: scenario.verifies,
        protocols: scenario.protocols,
        servers: scenario.servers,
        exclusive: (scenario.exclusive ?? false) !== false,
        timeBudget: scenario.timeBudget,
      })),
    ({ id, name, title, verifies, protocols, servers }) => [
      id,
      name,
      title.en,
      verifies.join(" "),
      protocols.join(" "),
      `${servers} server${servers === 1 ? "" : "s"}`,
    ],
  ),
  candidates: listing(
    "the products under test",
    ({ candidates }) =>
      candidates.map(({ id, standard, title, vendor, licence, version, protocol, abilities, endEncryption }) => ({
        id,
        standard: standard === true,
        title,
        vendor,
        licence,
        version,
        protocol,
        abilities,
        endEncryption,
      })),
    ({ id, title, version, protocol, licence, standard }) => [
      id,
      title,
      version,
      protocol,
      licence,
      standard ? "standard" : "by name, or with --candidates all",
    ],
  ),
  controls: listing(
    "the sabotages that must be caught",
    async (project) => (await projectControls(project)).map(({ control }) => control),
    ({ id, scenario, candidate, config, expect, explains }) => [
      id,
      scenario,
      candidate,
      config,
      `must give: ${expect}`,
      explains.en,
    ],
  ),
  measurements: listing(
    "what scenarios measure",
    ({ catalogue, scenarios }) =>
      catalogue.measurements
        .map(({ id, type, unit, title }) => ({
          id,
          type,
          unit: unit ?? null,
          title,
          criteria: catalogue.criteria
            .filter((row) => row.measurements.some((one) => one.id === id))
            .map((row) => row.id),
          scenarios: scenarios
            .filter(({ scenario }) => scenario.measures.includes(id))
            .map(({ scenario }) => scenario.id),
        }))
        .toSorted(byId),
    ({ id, type, unit, title, criteria, scenarios }) => [
      id,
      unit === null ? type : `${type} (${unit})`,
      title.en,
      criteria.join(" "),
      scenarios.join(" "),
    ],
  ),
};

/** Only the rows that no scenario decides yet; those decided by documents alone are no gap. */
function uncovered(project: Project): (item: { readonly id: string }) => boolean {
  const gaps = new Set(coverageOf(project).criteriaWithoutScenario);
  return ({ id }) => gaps.has(id);
}

async function run(name: string, options: ListOptions): Promise<void> {
  const { read, line } = listings[name] as Listing;
  const project = await loadProject(options);
  const all = await read(project);
  const items = options.uncovered === true ? all.filter(uncovered(project)) : all;
  if (options.json === true) printJson(items);
  else print(...columns(items.map((item) => line(item as never).map(safe))));
}

export function registerList(program: Command, done: Done): void {
  const list = program.command("list").description("list criteria, scenarios, candidates, controls or measurements");
  for (const [name, { what }] of Object.entries(listings)) {
    const command = list
      .command(name)
      .description(what)
      .option("--json", "print an array of objects with `id`")
      .option("--profile <name>", "profile of the catalogue, or the path of a profile file")
      .option("--catalogue <file>", "another catalogue than criteria.yaml")
      .addHelpText("after", examples(`./pruefstand list ${name}`, `./pruefstand list ${name} --json | jq '.[].id'`))
      .action(async (options: ListOptions) => {
        await run(name, options);
        done(exitCodes.met);
      });
    if (name === "criteria") command.option("--uncovered", "only criteria that no scenario decides yet");
  }
}
