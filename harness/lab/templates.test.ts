import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { render, secretNames } from "./templates.ts";

const facts = {
  server: "a",
  domain: "a.pruefstand.test",
  subdomains: ["conference"],
  secrets: { database: `p"<&'` },
  config: "default",
  federationAllow: undefined,
  certs: { chain: "/c", key: "/k", ca: "/a" },
} as const;

test("values are written as they are, without HTML escapes", () => {
  equal(render("pw={{secrets.database}}", "t", facts), `pw=p"<&'`);
});

test("a name that nobody set is an error and tells the template", () => {
  throws(() => render("x={{secrets.other}}", "demo/conf.hbs", facts), /demo\/conf\.hbs.*other/);
  throws(() => render("x={{speling}}", "demo/conf.hbs", facts), /speling/);
});

test("an empty allow list is a list: nobody may federate", () => {
  const template = "{{#if (given federationAllow)}}[{{#each federationAllow}}{{this}};{{/each}}]{{else}}open{{/if}}";
  equal(render(template, "t", facts), "open");
  equal(render(template, "t", { ...facts, federationAllow: [] }), "[]");
  equal(render(template, "t", { ...facts, federationAllow: ["b"] }), "[b;]");
});

test("secrets are found by their names, each once", () => {
  deepEqual(secretNames(["{{secrets.b}} {{ secrets.a }}", "PASSWORD={{secrets.b}}", "nosecrets"]), ["a", "b"]);
});
