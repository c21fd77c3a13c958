import { HarnessError } from "../../model/errors.ts";
import type { StrangerAnswer } from "../../model/hostile.ts";
import type { RunningServer } from "../../model/server.ts";
import type { Json } from "./events.ts";
import { call, isOk, shown, type Caller, type Request } from "./federation.ts";

// Everything a stranger's homeserver may ask about a person and about a server (F-12).

interface Question {
  readonly what: string;
  request(person: string): Request;
  /** Facts in an answer besides the planted ones: name and how to see it. */
  readonly shows?: readonly (readonly [field: string, seen: (answer: Json) => boolean])[];
}

const filled = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.length > 0
    : typeof value === "object" && value !== null && Object.keys(value).length > 0;
const hasDevices = (answer: Json, person?: string): boolean => {
  const devices = person === undefined ? answer["devices"] : (answer["device_keys"] as Json | undefined)?.[person];
  return filled(devices);
};

const questions: readonly Question[] = [
  {
    what: "profile",
    request: (person) => ({ uri: `/_matrix/federation/v1/query/profile?user_id=${encodeURIComponent(person)}` }),
    shows: [["display name", (answer) => typeof answer["displayname"] === "string" && answer["displayname"] !== ""]],
  },
  {
    what: "devices",
    request: (person) => ({ uri: `/_matrix/federation/v1/user/devices/${encodeURIComponent(person)}` }),
    shows: [["devices", (answer) => hasDevices(answer)]],
  },
  {
    what: "device keys",
    request: (person) => ({
      method: "POST",
      uri: "/_matrix/federation/v1/user/keys/query",
      content: { device_keys: { [person]: [] } },
    }),
    shows: [
      [
        "devices",
        (answer) => Object.keys((answer["device_keys"] as Json) ?? {}).some((one) => hasDevices(answer, one)),
      ],
    ],
  },
  {
    what: "public rooms",
    request: () => ({ uri: "/_matrix/federation/v1/publicRooms?limit=10" }),
    shows: [["public rooms", (answer) => filled(answer["chunk"])]],
  },
  {
    what: "software version",
    request: () => ({ uri: "/_matrix/federation/v1/version" }),
    shows: [["software version", (answer) => filled(answer["server"])]],
  },
];

const unknownAs = (domain: string, name: string): string => `@${name}:${domain}`;

/** The answer without the name. */
const shapeOf = (answer: string, name: string): string => answer.replaceAll(name, "<name>").slice(0, 300);

/**
 * Asks one after the other. Throws `lab-fault` where the server gives no answer at all or could not check who asks: 401 says that
 * it did not get our keys (server-server specification, "Request authentication"), not that it keeps something to itself.
 */
export async function askEverything(
  server: RunningServer,
  caller: Caller,
  facts: { readonly person: string; readonly planted: Readonly<Record<string, string>>; readonly unknown: string },
): Promise<readonly StrangerAnswer[]> {
  const answers: StrangerAnswer[] = [];
  const ask = async (what: string, request: Request, shows: Question["shows"] = []): Promise<string> => {
    const started = performance.now();
    const answer = await call(server, caller, request);
    if (answer.status === 401)
      throw new HarnessError(
        "lab-fault",
        `expected ${server.domain} to know who asks for ${what}, got ${shown(answer)}`,
      );
    const text = answer.text();
    const json = isOk(answer) ? objectOf(answer.json()) : {};
    const fields = isOk(answer)
      ? [
          ...Object.entries(facts.planted).flatMap(([name, value]) => (text.includes(value) ? [name] : [])),
          ...shows.flatMap(([field, seen]) => (seen(json) ? [field] : [])),
        ]
      : [];
    const outcome = isOk(answer) ? ("accepted" as const) : ("refused" as const);
    answers.push({ what, outcome, answer: shown(answer), tookMs: performance.now() - started, fields });
    return `${answer.status} ${text}`;
  };
  const told = new Set<string>();
  for (const { what, request, shows } of questions) {
    const known = await ask(what, request(facts.person), shows);
    if (what !== "profile" && what !== "devices") continue;
    const stranger = unknownAs(server.domain, facts.unknown);
    const unknown = await ask(`${what} of an unknown name`, request(stranger));
    if (shapeOf(known, facts.person) !== shapeOf(unknown, stranger)) told.add(what);
  }
  return [
    ...answers,
    {
      what: "whether an account exists (answers to the same question about a known and an unknown name)",
      outcome: told.size > 0 ? "accepted" : "refused",
      answer: told.size > 0 ? `told by: ${[...told].join(", ")}` : "no difference",
      tookMs: 0,
      fields: told.size > 0 ? ["existence of the account"] : [],
    },
  ];
}

const objectOf = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
