import type { Candidate, ConfigName, Protocol } from "../model/candidate.ts";
import { HarnessError } from "../model/errors.ts";

// What stands in the lab to try by hand: two authorities for each protocol that a web client is there for, on the products
// that lead the registry. Numbers are fixed, so that docker-compose.yml can be kept in the repository.

/** A careful operator's configuration: what people try should be what a public authority would run. */
export const handConfig: ConfigName = "hardened";

export interface Authority {
  /** "matrix-a": names services, folders and networks. */
  readonly name: string;
  readonly id: "a" | "b";
  readonly domain: string;
  readonly candidate: Candidate;
  readonly family: Family;
  /** Port of its web client on 127.0.0.1. */
  readonly webPort: number;
  /** First of its servers' own ports on 127.0.0.1, one after the other in the order of `publish`. */
  readonly firstPort: number;
}

export interface Family {
  readonly protocol: Protocol;
  readonly authorities: readonly Authority[];
  /** Index of the block of addresses for its federation network. */
  readonly block: number;
}

/** The web client of a protocol is a folder of `web/pages`. */
const protocols: readonly Protocol[] = ["matrix", "xmpp"];
const ids = ["a", "b"] as const;
const firstWebPort = 8081;
const firstServerPort = 18_100;
export const startPort = 8080;

/** Throws `bad-input` where the registry has no candidate of a protocol. */
export function planHandLab(candidates: readonly Candidate[]): readonly Family[] {
  return protocols.map((protocol, index) => {
    const candidate = candidates.find((each) => each.protocol === protocol);
    if (candidate === undefined)
      throw new HarnessError("bad-input", `expected a candidate that speaks ${protocol}, got none`);
    const authorities: Authority[] = [];
    const family: Family = { protocol, authorities, block: index * (ids.length + 1) };
    for (const [place, id] of ids.entries()) {
      const number = index * ids.length + place;
      authorities.push({
        name: `${protocol}-${id}`,
        id,
        domain: `${id}.pruefstand.test`,
        candidate,
        family,
        webPort: firstWebPort + number,
        firstPort: firstServerPort + number * 100,
      });
    }
    return family;
  });
}

export const authoritiesOf = (families: readonly Family[]): readonly Authority[] =>
  families.flatMap(({ authorities }) => authorities);

/**
 * RFC 2544 test addresses, the last /24 of the range: runs of the bench choose their networks below it and step aside when
 * one is taken. A block has 13 usable addresses.
 */
const blockAddress = (block: number, host: number): string => `198.19.255.${block * 16 + host}`;
export const subnet = (block: number): string => `${blockAddress(block, 0)}/28`;

const firstHost = 2;
const hostsPerServer = 4;
const resolverHost = 14;
export const edgeBlock = (authority: Authority): number =>
  authority.family.block + 1 + authority.family.authorities.indexOf(authority);
export const resolverAddress = (authority: Authority): string => blockAddress(edgeBlock(authority), resolverHost);
/** Of the n-th federating service, the front first. */
export const federationAddress = (authority: Authority, index: number): string =>
  blockAddress(
    authority.family.block,
    firstHost + authority.family.authorities.indexOf(authority) * hostsPerServer + index,
  );

/** Port of a service on 127.0.0.1; undefined where it is not published. */
export function outsidePort(authority: Authority, service: string, port: number): number | undefined {
  const all = Object.entries(authority.candidate.services).flatMap(([name, { publish }]) =>
    (publish ?? []).map((inside) => ({ name, inside })),
  );
  const index = all.findIndex(({ name, inside }) => name === service && inside === port);
  return index < 0 ? undefined : authority.firstPort + index;
}
