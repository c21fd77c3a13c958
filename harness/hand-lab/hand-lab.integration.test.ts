import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { chromium } from "playwright-core";
import { candidates } from "../candidates/registry.ts";
import { dockerClient } from "../lab/daemon.ts";
import { ensureChromium } from "../setup/chromium.ts";
import { labDown, labStatus, labUp, startUrl, type AuthorityStatus, type HandLab } from "./index.ts";

// What a person does: opens the start page, logs in at two authorities in two browsers, writes a message.

const root = join(import.meta.dirname, "..", "..");
const pictures = join(root, "out", "test", "hand-lab");
const lab: HandLab = { root, candidates, progress: () => {}, signal: new AbortController().signal };
/** A busy machine starts four servers at once. */
const patience = 60_000;

describe("the lab to try by hand", () => {
  let browser: Browser;
  let authorities: readonly AuthorityStatus[];
  let ours = false;

  before(async () => {
    await mkdir(pictures, { recursive: true });
    const there = (await labStatus(lab)).filter(({ states }) => states.length > 0);
    // Somebody's lab holds their data: a test must not take it down.
    assert.deepEqual(there, [], "a lab is up on this machine; end it with ./pruefstand lab down, then test again");
    ours = true;
    authorities = await labUp(lab);
    browser = await chromium.launch({ executablePath: await ensureChromium(), args: ["--no-sandbox"] });
  });
  after(async () => {
    await browser?.close();
    if (ours) await labDown(lab);
  });

  const authority = (id: string): AuthorityStatus => {
    const found = authorities.find((one) => one.id === id);
    assert.ok(found, `an authority ${id}`);
    return found;
  };

  /** A browser profile of its own, as a second person would have. */
  async function newPage(): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1000, height: 700 } });
    const page = await context.newPage();
    page.setDefaultTimeout(patience);
    return page;
  }

  it("runs four servers and tells who can log in where", async () => {
    assert.deepEqual(
      authorities.map(({ id, states }) => [id, states.every((state) => state === "running")]),
      [
        ["matrix-a", true],
        ["matrix-b", true],
        ["xmpp-a", true],
        ["xmpp-b", true],
      ],
    );
    const page = await newPage();
    await page.goto(startUrl);
    for (const { people } of authorities) for (const { password } of people) await page.getByText(password).waitFor();
    await page.screenshot({ path: join(pictures, "start.png"), fullPage: true });
    await page.context().close();
  });

  it("goes on with the lab that is there", async () => {
    assert.deepEqual(await labUp(lab), authorities);
  });

  it("brings a message from one authority to the other over XMPP", async () => {
    const [anna, bernd] = [await newPage(), await newPage()];
    await logInToConverse(anna, authority("xmpp-a"));
    await logInToConverse(bernd, authority("xmpp-b"));
    const text = "Guten Morgen aus Behörde A";
    await anna.goto(`${authority("xmpp-a").url}#converse/chat?jid=${authority("xmpp-b").people[0]?.address}`);
    await anna.locator("textarea.chat-textarea").fill(text);
    await anna.locator("textarea.chat-textarea").press("Enter");
    await bernd.goto(`${authority("xmpp-b").url}#converse/chat?jid=${authority("xmpp-a").people[0]?.address}`);
    await bernd.locator("converse-chat-message").getByText(text).waitFor();
    await bernd.screenshot({ path: join(pictures, "xmpp.png") });
    await Promise.all([anna.context().close(), bernd.context().close()]);
  });

  it("brings an encrypted message from one authority to the other over Matrix", async () => {
    const [anna, bernd] = [await newPage(), await newPage()];
    await logInToHydrogen(anna, authority("matrix-a"));
    await logInToHydrogen(bernd, authority("matrix-b"));
    await anna.getByRole("button", { name: "Create room" }).click();
    await anna.getByText("Create Room", { exact: true }).click();
    await anna.getByLabel("Room name").fill("Lagebesprechung");
    await anna.getByRole("button", { name: "Create room" }).last().click();
    await anna.locator(".RoomList a").getByText("Lagebesprechung").first().click();
    await anna.getByText("named the room").waitFor();
    await anna.locator(".middle-header button").last().click();
    await anna.getByText("Room details").click();
    await anna.locator(".RightPanelView").getByText("People").click();
    await anna.getByText("Invite to this room").click();
    await anna.locator(".InvitePanelView input").fill(authority("matrix-b").people[0]?.address ?? "");
    await anna.getByRole("button", { name: "Invite" }).click();
    await bernd.getByText("Lagebesprechung").first().click();
    await bernd.getByRole("button", { name: "Accept" }).click();
    await bernd.getByPlaceholder(/message/iu).waitFor();
    const text = "Guten Morgen aus Behörde A";
    await anna.getByPlaceholder(/message/iu).fill(text);
    await anna.getByPlaceholder(/message/iu).press("Enter");
    await bernd.locator(".Timeline").getByText(text).waitFor();
    await bernd.screenshot({ path: join(pictures, "matrix.png") });
    await Promise.all([anna.context().close(), bernd.context().close()]);
  });

  it("leaves nothing behind when it is taken down", async () => {
    await labDown(lab);
    const docker = await dockerClient();
    const filters = { label: ["com.docker.compose.project=pruefstand-lab"] };
    assert.deepEqual(await docker.listContainers({ all: true, filters }), []);
    assert.deepEqual(await docker.listNetworks({ filters }), []);
    assert.deepEqual((await docker.listVolumes({ filters })).Volumes ?? [], []);
    const status = await labStatus(lab);
    assert.ok(status.every(({ states, people }) => states.length === 0 && people.length === 0));
  });
});

async function logInToConverse(page: Page, { url, people: [person] }: AuthorityStatus): Promise<void> {
  await page.goto(url);
  await page.locator("input[name=jid]").fill(person?.name ?? "");
  await page.locator("input[name=password]").fill(person?.password ?? "");
  await page.locator("converse-login-form [type=submit]").click();
  await page.locator("converse-user-profile").waitFor();
}

async function logInToHydrogen(page: Page, { url, people: [person] }: AuthorityStatus): Promise<void> {
  await page.goto(url);
  await page.getByLabel("Username").fill(person?.name ?? "");
  await page.getByLabel("Password").fill(person?.password ?? "");
  await page.getByRole("button", { name: "Log In" }).click();
  await page.locator(".LeftPanel").waitFor();
}
