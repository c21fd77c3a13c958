import type { Probes } from "../../../model/probes.ts";
import { mediaPath } from "../client-api.ts";
import type { Connections } from "../connections.ts";
import { domainBoundRegistration, login, plantProfile, readAfterDisabling, selfRegistration } from "./accounts.ts";
import { adminAsOrdinary, exerciseRole } from "./administration.ts";
import { attemptCall } from "./attempt.ts";
import { clientStart, fillConversations } from "./client-start.ts";
import { fileProbes } from "./files.ts";
import { takeLookalikes } from "./names.ts";
import { plaintext } from "./plaintext.ts";
import { enablePush, linkPreviews } from "./push.ts";
import { unauthenticatedReads } from "./reads.ts";
import { openWitness } from "./witness.ts";

/** What Matrix answers to the protocol-neutral questions. Facts only. */
export function matrixProbes(connections: Connections): Probes {
  return {
    takeLookalikes: async (_server, victim, impostor, count) =>
      takeLookalikes([await connections.logIn(victim), await connections.logIn(impostor)], victim, impostor, count),
    witness: async (_server, person) => openWitness(await connections.logIn(person)),
    plaintext: async (server, person, peer, count) =>
      plaintext(server, person, peer, await connections.logIn(person), count),
    login: (server, name, password) => login(connections.to(server), name, password),
    adminAsOrdinary: (server, person, victim, count) => adminAsOrdinary(connections, server, person, victim, count),
    selfRegistration: (server, name, password) => selfRegistration(connections.to(server), name, password),
    unauthenticatedReads: (server, owner, url) => unauthenticatedReads(connections.to(server), owner, url),
    async readAsStranger(_server, stranger, url) {
      const { connection, token } = await connections.logIn(stranger);
      return attemptCall(connection, { path: `/_matrix/client/v1/media/download/${mediaPath(url)}`, token });
    },
    files: fileProbes(connections),
    enablePush: async (_server, person, service) => enablePush(await connections.logIn(person), service),
    linkPreviews: async (_server, person, page) => linkPreviews(await connections.logIn(person), page),
    plantProfile: async (_server, person) => plantProfile(await connections.logIn(person), person),
    clientStart: (server, person) => clientStart(connections.to(server), person),
    fillConversations: async (server, person, count) =>
      fillConversations(server, await connections.logIn(person), person, count),
    exerciseRole: (server, holder, role, victim) => exerciseRole(connections, server, holder, role, victim),
    domainBoundRegistration: (server, mailDomain) => domainBoundRegistration(connections.to(server), mailDomain),
    readAfterDisabling: (server, person, sessions) => readAfterDisabling(connections.to(server), person, sessions),
  };
}
