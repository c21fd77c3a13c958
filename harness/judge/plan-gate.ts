import type { ConfigName } from "../model/candidate.ts";
import type { PartnerKind } from "../model/partners.ts";
import type { Localized } from "../model/text.ts";
import type { Outcome } from "./outcome.ts";
import { undecided } from "./outcome.ts";
import type { Cell } from "./view.ts";
import { configsOf } from "./view.ts";
import { germanConfig } from "./wording.ts";

/** Why nothing was measured for this cell, or undefined if every scenario it needs was at least begun. */
export function planGate(cell: Cell): Outcome | undefined {
  for (const scenario of cell.row.scenarios) {
    const outcome = scenarioGate(cell, scenario);
    if (outcome) return outcome;
  }
  return undefined;
}

function scenarioGate(cell: Cell, scenario: string): Outcome | undefined {
  const { index, row } = cell;
  const { run } = index;
  const decides = ({ id, verifies }: { readonly id: string; readonly verifies: readonly string[] }): boolean =>
    id === scenario && verifies.includes(row.id);
  if (!run.scenarios.some(decides)) {
    return run.leftOut?.some(decides) ? notInPlan(scenario) : noScenario(scenario);
  }
  for (const config of configsOf(cell)) {
    const outcome = configGate(cell, scenario, config);
    if (outcome) return outcome;
  }
  return undefined;
}

function configGate({ index, candidate }: Cell, scenario: string, config: ConfigName): Outcome | undefined {
  if (index.attempts(scenario, candidate.id, config).length > 0) return undefined;
  const { plan } = index.run;
  const planned = plan?.filter((job) => job.scenario === scenario && job.candidate === candidate.id);
  if (planned?.length === 0) {
    const { partners } = index.run.scenarios.find(({ id }) => id === scenario) ?? {};
    return partners === undefined ? noDriver(scenario) : noPartner(scenario, partners);
  }
  if (planned && !planned.some((job) => job.config === config)) return notInPlan(scenario, config);
  if (index.outcome !== "completed") {
    return undecided("not-tested", "interrupted", {
      de: `Der Prüflauf endete, bevor ${scenario} begann.`,
      en: `The run ended before ${scenario} began.`,
    });
  }
  if (!plan) return notInPlan(scenario, config);
  return undecided("inconclusive", "harness-fault", {
    de: `${scenario} war geplant, wurde vom Prüfstand aber nie begonnen.`,
    en: `${scenario} was planned, but the bench never began it.`,
  });
}

const noScenario = (scenario: string): Outcome =>
  undecided("not-tested", "no-scenario", {
    de: `Für dieses Kriterium gibt es noch kein Prüfszenario (vorgesehen: ${scenario}).`,
    en: `There is no scenario for this criterion yet (intended: ${scenario}).`,
  });

function notInPlan(scenario: string, config?: ConfigName): Outcome {
  const on = {
    de: config ? ` in der Konfiguration „${germanConfig[config]}“` : "",
    en: config ? ` on configuration "${config}"` : "",
  };
  return undecided("not-tested", "not-in-plan", {
    de: `${scenario}${on.de} gehörte nicht zum Plan dieses Prüflaufs.`,
    en: `${scenario}${on.en} was not part of this run's plan.`,
  });
}

const whom: Readonly<Record<PartnerKind, Localized>> = {
  generations: { de: "keine andere Generation eines Servers", en: "no other generation of a server" },
  implementations: { de: "keinen Server eines anderen Herstellers oder Projekts", en: "no server by somebody else" },
};

const noPartner = (scenario: string, kind: PartnerKind): Outcome =>
  undecided("not-tested", "not-in-plan", {
    de: `${scenario} misst zwischen zwei Produkten: In diesem Prüflauf gab es für dieses Produkt ${whom[kind].de}.`,
    en: `${scenario} measures between two products: this run had ${whom[kind].en} for this product.`,
  });

const noDriver = (scenario: string): Outcome =>
  undecided("not-tested", "no-driver", {
    de: `${scenario} ist für das Protokoll dieses Produkts noch nicht ausführbar.`,
    en: `${scenario} cannot yet be run for the protocol of this product.`,
  });
