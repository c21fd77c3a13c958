import { defineScenario } from "../../harness/model/scenario.ts";
import { measureForgedOrigins } from "../federation/forged-origins.ts";
import { measurePeerCertificates } from "./peer-certificates.ts";

// A hostile authority, played by the bench, against one server.

export const scenario = defineScenario({
  id: "SZ-03",
  title: { de: "Feindlicher Partnerserver", en: "Rogue peer" },
  shows: {
    de: "Ob der Server Partner mit schlechten Zertifikaten abweist, ob sich ein fremder Server für eine andere Behörde ausgeben kann und ob fehlerhafte Daten den Betrieb stören.",
    en: "Whether the server turns peers with bad certificates away, whether a strange server can pass for another authority, and whether malformed data disturb the service.",
  },
  area: "security",
  verifies: ["T-03", "T-09", "F-09"],
  measures: [
    "peer-cert.bad-accepted-outgoing",
    "peer-cert.bad-accepted-incoming",
    "peer-cert.good-accepted",
    "tls.outgoing-handshakes-below-1.2",
    "forged-origin.accepted",
    "forged-origin.genuine-accepted",
    "hostile-input.service-answers",
  ],
  protocols: ["matrix", "xmpp"],
  servers: 1,
  federation: {
    allow: {
      a: [
        "x",
        "y",
        "none-certificate",
        "self-signed-certificate",
        "expired-certificate",
        "wrong-name-certificate",
        "unknown-authority-certificate",
        "tls-1-0",
        "tls-1-1",
      ],
    },
  },
  timeBudget: 360,
  async run(ctx) {
    const [server] = ctx.servers;
    if (server === undefined) return;
    await measurePeerCertificates(ctx, server);
    await measureForgedOrigins(ctx, server);
  },
});
