import type { Attempt, RoleFacts } from "../../../model/probes.ts";
import type { Person, RunningServer } from "../../../model/server.ts";
import { admin, command, httpAdmin, onStage, readContacts, type Trick } from "./admin.ts";
import { asked } from "./asked.ts";

// What administrators of XMPP servers do, in a form that changes nothing: a command that answers with its form would be carried
// out when the form comes back, which it does not (XEP-0050, XEP-0133); the calls over http only read.

const duties: readonly Trick[] = [
  `${admin}#add-user`,
  `${admin}#change-user-password`,
  `${admin}#disable-user`,
  `${admin}#get-user-roster`,
  `${admin}#shutdown`,
  "http://prosody.im/protocol/modules#load",
  "http://prosody.im/protocol/modules#global-load",
]
  .map(command)
  .concat([
    httpAdmin("/api/registered_users"),
    httpAdmin("/api/muc_online_rooms", { service: "global" }),
    httpAdmin("/api/stats", { name: "onlineusers" }),
  ]);

/** The server knows the act and says that this person may not; an act it does not know says nothing about rights. */
const withheld = ({ outcome, answer }: Attempt): boolean =>
  outcome === "refused" && /\b(?:forbidden|not-allowed|not-authorized)\b|^40[13]\b/.test(answer);

/**
 * What the holder of a role may do, and one thing withheld from it. Who may do everything is held against the one thing that is
 * no administrator's: another person's contact list.
 */
export function rightsIn(duty: readonly Attempt[], privacy: Attempt): Omit<RoleFacts, "role"> {
  const rights = duty.filter(({ outcome }) => outcome === "accepted");
  const failed = duty.find(({ outcome }) => outcome === "failed");
  const none: Attempt = {
    what: "any administrative action",
    outcome: "refused",
    answer: "none was allowed",
    tookMs: 0,
  };
  return {
    allowed: failed ?? rights[0] ?? none,
    denied: duty.find(withheld) ?? privacy,
    rights: rights.map(({ what }) => what),
  };
}

/** Tries every duty as the holder of the role. */
export function exerciseRole(server: RunningServer, holder: Person, role: string, victim: Person): Promise<RoleFacts> {
  return onStage(server, holder, victim, async (stage) => {
    const attempts: Attempt[] = [];
    for (const duty of duties) attempts.push(await asked(duty.what, () => duty.run(stage)));
    const privacy = await asked(readContacts.what, () => readContacts.run(stage));
    return { role, ...rightsIn(attempts, privacy) };
  });
}
