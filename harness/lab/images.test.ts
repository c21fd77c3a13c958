import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { hasCode } from "../model/errors.ts";
import { imageTag } from "./images.ts";

const good = "# base: trixie\nARG BASE\nFROM ${BASE}\nCOPY app /app\n";
const folders: string[] = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

test("the tag depends on what goes into the image and on nothing else", async () => {
  const folder = await aFolder({ Dockerfile: good, app: "1", "server.cfg.hbs": "x", "candidate.ts": "y" });
  const tag = await tagOf(folder);
  assert.match(tag, /^pruefstand\/thing:[0-9a-f]{12}$/);
  await writeFile(join(folder, "candidate.ts"), "changed");
  await writeFile(join(folder, "server.cfg.hbs"), "changed");
  assert.equal(await tagOf(folder), tag);
  assert.notEqual(await tagOf(folder, { VERSION: "2" }), tag);
  await writeFile(join(folder, "app"), "2");
  assert.notEqual(await tagOf(folder), tag);
});

test("a file moved to another name changes the tag", async () => {
  const one = await aFolder({ Dockerfile: good, a: "same" });
  const other = await aFolder({ Dockerfile: good, b: "same" });
  assert.notEqual(await tagOf(one), await tagOf(other));
});

test("a Dockerfile without a base is refused with the line it needs", async () => {
  const folder = await aFolder({ Dockerfile: "FROM scratch\n" });
  await assert.rejects(
    tagOf(folder),
    (error) => hasCode(error, "bad-input") && error.message.includes("# base: trixie"),
  );
});

test("the host's certificates cannot reach the last stage", async () => {
  const head =
    "# base: trixie\n# ca-bundle: build\nARG BASE\nFROM ${BASE} AS build\nCOPY host-ca.pem /tmp/\nFROM ${BASE}\n";
  const careful = await aFolder({ Dockerfile: `${head}COPY --from=build /opt /opt\n` });
  await tagOf(careful);
  for (const line of [
    "COPY host-ca.pem /etc/",
    "ADD . /app",
    "COPY *.pem /x/",
    "COPY --from=build /tmp/host-ca.pem /x",
  ]) {
    const careless = await aFolder({ Dockerfile: `${head}${line}\n` });
    await assert.rejects(
      tagOf(careless),
      (error) => hasCode(error, "bad-input") && error.message.includes("last stage"),
    );
  }
});

function tagOf(folder: string, buildArgs: Readonly<Record<string, string>> = {}): Promise<string> {
  return imageTag({ folder, name: "thing", buildArgs });
}

async function aFolder(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "pruefstand-images-test-"));
  folders.push(folder);
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

test("an image made from another one follows it, and is no part of it", async () => {
  const folder = await aFolder({ Dockerfile: good, app: "1" });
  const alone = await tagOf(folder);
  const below = join(folder, "below");
  await mkdir(below);
  await writeFile(join(below, "Dockerfile"), "# base: trixie\n# image APP: ..\nARG APP\nFROM ${APP}\n");
  assert.equal(await tagOf(folder), alone);
  const made = await tagOf(below);
  await writeFile(join(folder, "app"), "2");
  assert.notEqual(await tagOf(below), made);
});

test("an image made from a candidate's image differs by candidate and needs one", async () => {
  const folder = await aFolder({ Dockerfile: "# base: trixie\n# image APP: candidate\nARG APP\nFROM ${APP}\n" });
  const [one, other] = [await aFolder({ Dockerfile: good }), await aFolder({ Dockerfile: `${good}EXPOSE 1\n` })];
  const madeFrom = (candidate: string): Promise<string> =>
    imageTag({ folder, name: "thing", candidate: { folder: candidate, name: "app" } });
  assert.notEqual(await madeFrom(one), await madeFrom(other));
  await assert.rejects(
    tagOf(folder),
    (error) => hasCode(error, "bad-input") && error.message.includes("belongs to none"),
  );
});
