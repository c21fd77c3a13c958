import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { Attempt } from "../../../model/probes.ts";
import { rightsIn } from "./roles.ts";

const made = (what: string, outcome: Attempt["outcome"], answer = ""): Attempt => ({
  what,
  outcome,
  answer,
  tookMs: 1,
});
const privacy = made("contacts", "refused", "got service-unavailable");

test("a role is shown by what it may and by what the server knows and withholds", () => {
  const facts = rightsIn(
    [
      made("absent", "refused", "got item-not-found"),
      made("add", "accepted"),
      made("shutdown", "refused", "got forbidden: no permission"),
      made("rooms", "refused", "404 nothing here"),
    ],
    privacy,
  );
  deepEqual(facts.rights, ["add"]);
  equal(facts.allowed.what, "add");
  equal(facts.denied.what, "shutdown");
});

test("an action the server does not have is no sign of separation", () => {
  const facts = rightsIn([made("add", "accepted"), made("absent", "refused", "got item-not-found")], privacy);
  equal(facts.denied.what, "contacts");
});

test("a role without any right is not shown as allowed", () => {
  const facts = rightsIn([made("add", "refused", "got forbidden")], privacy);
  deepEqual(facts.rights, []);
  equal(facts.allowed.outcome, "refused");
});

test("an action that got no answer makes the whole exercise fail", () => {
  const facts = rightsIn([made("add", "accepted"), made("load", "failed", "no answer")], privacy);
  equal(facts.allowed.outcome, "failed");
});
