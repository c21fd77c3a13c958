import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { loadCandidate } from "../../candidates/load.ts";
import { benchModule } from "../../candidates/foreign.ts";
import { descriptorProblems } from "../../contract/index.ts";
import { candidateAt, candidateFolder, withFolders } from "../candidates.ts";
import { projectRoot } from "../paths.ts";
import { scaffoldProtocols, writeCandidate } from "./scaffold.ts";

let into: string;
before(async () => {
  into = await mkdtemp(join(tmpdir(), "pruefstand-scaffold-"));
});
after(() => rm(into, { recursive: true, force: true }));

const write = (name: string, protocol = "xmpp"): Promise<string> =>
  writeCandidate({ name, protocol, into, candidateFolder, root: projectRoot });

describe("a new candidate outside of the repository", () => {
  for (const protocol of scaffoldProtocols) {
    test(`for ${protocol} loads, keeps to the contract of descriptors and is short`, async () => {
      const folder = await write(`our-${protocol}`, protocol);
      const candidate = await loadCandidate(folder);
      deepEqual([candidate.id, candidate.protocol, candidate.folder], [`our-${protocol}`, protocol, folder]);
      deepEqual(descriptorProblems(candidate, join(candidateFolder, "shared")), []);
      const source = await readFile(join(folder, "candidate.ts"), "utf8");
      ok(source.split("\n").length <= 61, "at most 60 lines of TypeScript");
      ok(!/__[A-Z]+__/u.test(source), "every word was filled");
    });
  }

  test("is found by its folder beside the bench's own, and needs an id of its own", async () => {
    const folder = await write("elsewhere");
    const { candidates, ids } = await withFolders([], ["prosody", folder]);
    deepEqual([ids, candidates.map(({ id }) => id)], [["prosody", "elsewhere"], ["elsewhere"]]);
    const [known] = candidates;
    ok(known !== undefined);
    await rejects(withFolders([{ ...known, folder: "/elsewhere" }], [folder]), /id of its own/);
  });

  test("with a mistake is refused with its place", async () => {
    const folder = await write("mistaken");
    const path = join(folder, "candidate.ts");
    const source = await readFile(path, "utf8");
    await writeFile(path, source.replace('"group-chat"', '"group-chats"'));
    await rejects(candidateAt(folder), /abilities\[1\]: expected one of .*did you mean "group-chat"/);
  });

  test("that is no TypeScript is its author's mistake, not the bench's", async () => {
    const folder = await write("broken");
    await writeFile(join(folder, "candidate.ts"), "export const candidate = {");
    await rejects(candidateAt(folder), { name: "HarnessError", code: "bad-input" });
  });
});

describe("a new candidate is not written", () => {
  for (const name of ["../escape", "Our Messenger", "x;y", "", "shared", "-x"]) {
    test(`under the name "${name}"`, () => rejects(write(name), { code: "bad-input" }));
  }
  test("for a protocol without an example", () => rejects(write("fine", "xmp"), /no example for the protocol "xmp"/));
  test("over a folder that exists", async () => {
    await write("twice");
    await rejects(write("twice"), /does not exist yet/);
  });
});

test("only the public parts of the bench can be imported by name", () => {
  ok(benchModule("pruefstand/model/errors.ts")?.endsWith(join("harness", "model", "errors.ts")));
  for (const other of ["pruefstand/lab/images.ts", "pruefstand/model/../lab/images.ts", "node:fs", "zod"])
    equal(benchModule(other), undefined, other);
});
