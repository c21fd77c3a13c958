import type { Command } from "commander";
import { coverage } from "../../catalogue/coverage.ts";
import type { Coverage } from "../../catalogue/coverage.ts";
import { examples } from "../command.ts";
import type { Done } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { print, printJson, safe } from "../output.ts";
import { loadProject } from "../project.ts";
import type { Project } from "../project.ts";

/** Gaps between the catalogue and the scenarios that exist. */
export const coverageOf = ({ catalogue, scenarios }: Pick<Project, "catalogue" | "scenarios">): Coverage =>
  coverage(
    catalogue,
    scenarios.map(({ scenario }) => scenario),
  );

interface Section {
  readonly title: string;
  readonly items: readonly string[];
}

function sections(found: Coverage): readonly Section[] {
  return [
    {
      title: "Criteria no scenario decides yet (reported as not tested, never as met)",
      items: found.criteriaWithoutScenario,
    },
    { title: "Criteria that give a reason for not being tested, and are", items: found.reasonsOutdated },
    { title: "Scenarios that decide no criterion", items: found.scenariosWithoutCriterion },
    {
      title: "Criteria that name a scenario which does not decide them yet",
      items: found.rowsNotDelivered.map(({ criterion, scenario }) => `${criterion} (${scenario})`),
    },
    {
      title: "Claims of scenarios without a row",
      items: found.claimsWithoutRow.map(({ criterion, scenario }) => `${scenario} claims ${criterion}`),
    },
    {
      title: "Measurements a decided criterion needs and its scenarios do not emit",
      items: found.measurementsNotEmitted.map(({ criterion, measurement }) => `${measurement} (${criterion})`),
    },
    { title: "Declared measurements nobody reads", items: found.measurementsNobodyReads },
    {
      title: "Measurements emitted without a declaration",
      items: found.measurementsNotDeclared.map(({ scenario, measurement }) => `${measurement} (${scenario})`),
    },
  ];
}

function show(found: Coverage, project: Project): void {
  const gaps = sections(found);
  for (const { title, items } of gaps.filter((section) => section.items.length > 0))
    print(`${title}: ${items.length}`, `  ${items.map(safe).join(", ")}`, "");
  for (const { criterion, reason } of found.withoutScenarioBecause)
    print(`Why ${criterion} is not tested:`, `  ${safe(reason)}`, "");
  const clean = gaps.filter(({ items }) => items.length === 0).map(({ title }) => title);
  if (clean.length > 0) print("None:", ...clean.map((title) => `  ${title}`), "");
  const { criteria } = project.catalogue;
  const decided = criteria.length - found.criteriaWithoutScenario.length - found.attestedOnly.length;
  print(`Decided by documents alone: ${found.attestedOnly.length} criteria (${found.attestedOnly.join(", ")}).`);
  print(`${decided} of ${criteria.length} criteria are decided by the ${project.scenarios.length} scenarios.`);
}

interface CoverageOptions {
  readonly json?: boolean;
  readonly catalogue?: string;
  readonly profile?: string;
}

export function registerCoverage(program: Command, done: Done): void {
  program
    .command("coverage")
    .description("name the gaps between catalogue and scenarios: what nothing decides, measures or reads yet")
    .option("--json", "print an object of lists")
    .option("--profile <name>", "profile of the catalogue, or the path of a profile file")
    .option("--catalogue <file>", "another catalogue than criteria.yaml")
    .addHelpText("after", examples("./pruefstand coverage", "./pruefstand coverage --json"))
    .action(async (options: CoverageOptions) => {
      const project = await loadProject(options);
      const found = coverageOf(project);
      if (options.json === true) printJson(found);
      else show(found, project);
      done(exitCodes.met);
    });
}
