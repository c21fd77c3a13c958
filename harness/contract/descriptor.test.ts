import { deepEqual, equal, match, ok } from "node:assert/strict";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { candidates } from "../candidates/registry.ts";
import type { Candidate, Service } from "../model/candidate.ts";
import { descriptorProblems } from "./index.ts";

const shared = join(import.meta.dirname, "..", "candidates", "shared");

let folder: string;
let good: Candidate;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "pruefstand-descriptor-"));
  await writeFile(join(folder, "Dockerfile"), "# base: trixie\n");
  await writeFile(join(folder, "server.conf.hbs"), "domain {{domain}}\n");
  await symlink("/etc/hostname", join(folder, "linked.hbs"));
  const configuration = {
    files: [{ service: "server", path: "/etc/server.conf", template: "server.conf.hbs" }],
    variables: {},
    deviations: [],
  };
  good = {
    id: "our-messenger",
    title: "Our Messenger",
    vendor: "We",
    licence: "MIT",
    version: "1.0",
    protocol: "xmpp",
    folder,
    services: { server: { image: "our-messenger", front: true, ready: { kind: "port", port: 5222 }, publish: [5222] } },
    endpoints: [{ kind: "xmpp-client", service: "server", port: 5222 }],
    subdomains: ["conference"],
    stores: [{ id: "data", service: "server", holds: "database", read: { kind: "paths", paths: ["/var/lib/server"] } }],
    configurations: { default: configuration, hardened: configuration },
    endEncryption: ["omemo"],
    administration: {
      createAccounts: () => Promise.resolve(),
      disableAccount: () => Promise.resolve(),
      deleteAccount: () => Promise.resolve(),
    },
    abilities: ["group-chat"],
    notes: [],
    erasureLimit: { default: null, hardened: 0 },
  };
});
after(() => rm(folder, { recursive: true, force: true }));

const withServer = (changes: Readonly<Record<string, unknown>>): object => ({
  ...good,
  services: { server: { ...(good.services["server"] as Service), ...changes } },
});
const withFile = (changes: Readonly<Record<string, unknown>>): object => {
  const files = [{ service: "server", path: "/etc/server.conf", template: "server.conf.hbs", ...changes }];
  return { ...good, configurations: { ...good.configurations, hardened: { ...good.configurations.hardened, files } } };
};
const placesOf = (descriptor: unknown): readonly string[] =>
  descriptorProblems(descriptor, shared).map(({ place }) => place);

describe("the descriptors of the bench", () => {
  test("are many, and each is usable", () => {
    ok(candidates.length >= 3);
    for (const candidate of candidates) deepEqual(descriptorProblems(candidate, shared), [], candidate.id);
  });
});

describe("a descriptor", () => {
  test("that keeps to the model has no problems", () => deepEqual(descriptorProblems(good, shared), []));

  test("with many mistakes gets all of them at once, each with its place", () => {
    const { vendor: _, ...rest } = good;
    const places = placesOf({
      ...rest,
      licence: 5,
      protocol: "smtp",
      abilities: ["group-chat", "end-to-end-encription"],
      endpoints: [{ kind: "xmpp-client", service: "server", port: 99_999 }],
      administration: { createAccounts: "later" },
    });
    for (const place of [
      "vendor",
      "licence",
      "protocol",
      "abilities[1]",
      "endpoints[0].port",
      "administration.createAccounts",
      "administration.deleteAccount",
    ])
      ok(places.includes(place), `${place} in ${places.join(", ")}`);
  });

  test("with a misspelt name gets the nearest one", () => {
    const [ability] = descriptorProblems({ ...good, abilities: ["group-chats"] }, shared);
    match(ability?.expected ?? "", /did you mean "group-chat"/);
    const [field] = descriptorProblems({ ...good, erasureLimits: {} }, shared);
    match(field?.expected ?? "", /did you mean "erasureLimit"/);
  });

  test("is refused when its parts do not fit together", () => {
    deepEqual(placesOf({ ...good, endpoints: [{ kind: "xmpp-client", service: "servr", port: 5222 }] }), [
      "endpoints[0].service",
    ]);
    deepEqual(placesOf(withServer({ front: false })), ["services"]);
    deepEqual(placesOf(withServer({ after: ["server"] })), ["services"]);
    deepEqual(placesOf(withFile({ template: "missing.hbs" })), ["configurations.hardened.files[0].template"]);
    deepEqual(placesOf(withServer({ image: "no-such-image" })), ["services.server.image"]);
  });

  const notObjects: readonly unknown[] = [undefined, null, 7, "candidate", [], () => good];
  for (const value of notObjects) {
    test(`that is ${typeof value === "function" ? "a function" : JSON.stringify(value)} is refused, not a crash`, () => {
      ok(descriptorProblems(value, shared).length > 0);
    });
  }
});

describe("a hostile descriptor is refused:", () => {
  const cases: readonly (readonly [what: string, place: string, make: () => object])[] = [
    ["shell metacharacters in the id", "id", () => ({ ...good, id: "x; touch /tmp/pwned" })],
    ["a path as the id", "id", () => ({ ...good, id: "../../etc" })],
    ["shell metacharacters in an image", "services.server.image", () => withServer({ image: "$(reboot)" })],
    [
      "an image outside of the candidates",
      "services.server.image",
      () => withServer({ image: "../../lab/name-server" }),
    ],
    ["a hidden way out of the candidates", "services.server.image", () => withServer({ image: "shared/.." })],
    [
      "a template outside of its folder",
      "configurations.hardened.files[0].template",
      () => withFile({ template: "../../../../../../../etc/passwd" }),
    ],
    [
      "a template by an absolute path",
      "configurations.hardened.files[0].template",
      () => withFile({ template: "/etc/passwd" }),
    ],
    [
      "a template out of the shared folder",
      "configurations.hardened.files[0].template",
      () => withFile({ template: "../shared/../../model/candidate.ts" }),
    ],
    [
      "a template that is a link to a file of the host",
      "configurations.hardened.files[0].template",
      () => withFile({ template: "linked.hbs" }),
    ],
    [
      "a file in the kernel's interfaces",
      "configurations.hardened.files[0].path",
      () => withFile({ path: "/proc/sys/x" }),
    ],
    ["a file with a way out", "configurations.hardened.files[0].path", () => withFile({ path: "/etc/../proc/x" })],
    ["a service named like a path", "services", () => ({ ...good, services: { "../x": good.services["server"] } })],
    ["a subdomain with a wildcard", "subdomains[0]", () => ({ ...good, subdomains: ["*"] })],
    ["a subdomain that ends the line", "subdomains[0]", () => ({ ...good, subdomains: ["a\n127.0.0.1 evil"] })],
    [
      "an environment variable with a name to inject",
      "services.server.env",
      () => withServer({ env: { "A=B\nC": "x" } }),
    ],
    ["more memory than the machine", "services.server.memoryMiB", () => withServer({ memoryMiB: 1e9 })],
    ["a title without end", "title", () => ({ ...good, title: "x".repeat(1e6) })],
    [
      "a thousand ports",
      "services.server.publish",
      () => withServer({ publish: Array.from({ length: 1_000 }, () => 1) }),
    ],
    ["a version with a terminal sequence", "version", () => ({ ...good, version: "1\u001b[2J" })],
    [
      "variables of megabytes",
      "configurations.default.variables",
      () => ({
        ...good,
        configurations: {
          ...good.configurations,
          default: { files: [], deviations: [], variables: { x: "y".repeat(1e6) } },
        },
      }),
    ],
    [
      "a pattern that is none",
      "services.server.ready.pattern",
      () => withServer({ ready: { kind: "log", pattern: "(" } }),
    ],
  ];
  for (const [what, place, make] of cases) {
    test(what, () => {
      const problems = descriptorProblems(make(), shared);
      ok(
        problems.some((one) => one.place === place || one.place.startsWith(`${place}.`)),
        JSON.stringify(problems),
      );
      for (const { got, expected } of problems) ok(got.length + expected.length < 1_000, "the message is bounded");
    });
  }

  test("and an honest one is not", () => equal(descriptorProblems(good, shared).length, 0));
});
