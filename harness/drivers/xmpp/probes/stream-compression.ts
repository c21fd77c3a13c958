import { HarnessError } from "../../../model/errors.ts";
import type { Person, RunningServer } from "../../../model/server.ts";
import { featuresEnd, RawStream, s2sHeader } from "../raw-stream.ts";
import { openStream } from "../targets.ts";
import { beforeLogin } from "./before-login.ts";

interface Offer {
  readonly stream: string;
  readonly methods: readonly string[];
}

/** XEP-0138, 3: the methods between the tags; an offer without any is still one. */
export function methodsIn(features: string): readonly string[] {
  const offer = /<compression\b[^>]*(?:\/>|>[\s\S]*?<\/compression>)/.exec(features)?.[0];
  if (offer === undefined) return [];
  const methods = [...offer.matchAll(/<method>([^<]{1,100})</g)].map((match) => match[1] ?? "");
  return methods.length === 0 ? ["no method named"] : methods;
}

const partner = "partner.pruefstand.test";

/** Features of a stream of another server, over TLS, before it says who it is. */
async function betweenServers(server: RunningServer): Promise<string> {
  const endpoint = server.endpoint("xmpp-server");
  if (endpoint === undefined)
    throw new HarnessError("lab-fault", `expected ${server.domain} to have a port for servers`);
  const stream = RawStream.connect(endpoint);
  try {
    stream.write(s2sHeader(partner, server.domain));
    const plain = await stream.hear(featuresEnd);
    stream.forget();
    stream.write("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    const answer = await stream.hear(/<proceed[\s/>]|<failure[\s/>]|<\/stream:/);
    if (!answer.text.includes("<proceed")) {
      // Without TLS there is nothing behind it; what was offered in the clear counts.
      if (plain.ending === "matched") return plain.text;
      throw new HarnessError("lab-fault", `expected ${server.domain} to greet another server, got ${plain.ending}`);
    }
    const { host, port, servername } = endpoint;
    await stream.secure({ host, port, servername, ca: server.ca, direct: false });
    stream.write(s2sHeader(partner, server.domain));
    const { ending, text } = await stream.hear(featuresEnd);
    if (ending === "matched") return text;
    throw new HarnessError("lab-fault", `expected features of ${server.domain} for servers, got ${ending}`);
  } finally {
    stream.close();
  }
}

/** Client streams before and after the login, and streams of other servers before they are known. */
export async function streamCompression(server: RunningServer, person: Person): Promise<readonly Offer[]> {
  using early = await beforeLogin(server);
  const stream = await openStream({ ...person, server });
  const late = stream.features;
  await stream.close();
  return [
    { stream: "client before login", methods: methodsIn(early.features) },
    { stream: "client after login", methods: methodsIn(late) },
    { stream: "server", methods: methodsIn(await betweenServers(server)) },
  ];
}
