import { defineScenario } from "../../harness/model/scenario.ts";
import { measureForgedOrigins } from "../federation/forged-origins.ts";

// A hostile authority, played by the bench, against one server.

export const scenario = defineScenario({
  id: "SZ-03",
  title: { de: "Feindlicher Partnerserver", en: "Rogue peer" },
  shows: {
    de: "Ob sich ein fremder Server für eine andere Behörde ausgeben kann und ob fehlerhafte Daten den Betrieb stören.",
    en: "Whether a strange server can pass for another authority, and whether malformed data disturb the service.",
  },
  area: "security",
  verifies: ["F-09"],
  measures: ["forged-origin.accepted", "forged-origin.genuine-accepted"],
  protocols: ["matrix", "xmpp"],
  servers: 1,
  federation: { allow: { a: ["x", "y"] } },
  timeBudget: 240,
  async run(ctx) {
    const [server] = ctx.servers;
    if (server !== undefined) await measureForgedOrigins(ctx, server);
  },
});
