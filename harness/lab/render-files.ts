import type { Candidate } from "../model/candidate.ts";
import type { Sabotage } from "../model/control.ts";
import { patchFiles, type RenderedFile } from "./sabotage.ts";
import { readTemplate, render, type TemplateFacts } from "./templates.ts";

/** All files of a configuration, rendered, with the sabotage of a control applied. */
export async function renderFiles(
  candidate: Candidate,
  facts: TemplateFacts,
  variables: Readonly<Record<string, unknown>>,
  sabotage?: Sabotage,
): Promise<readonly RenderedFile[]> {
  // Variables last: an administrator's change at run time and a control may replace what the lab set at the start.
  const names = { ...facts, ...variables };
  const files = await Promise.all(
    candidate.configurations[facts.config].files.map(async ({ service, path, template, mode }) => ({
      service,
      path,
      mode: mode ?? 0o644,
      content: render(await readTemplate(candidate, template), `${candidate.id}/${template}`, names),
    })),
  );
  return patchFiles(files, sabotage);
}
