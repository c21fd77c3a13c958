import assert from "node:assert/strict";
import { test } from "node:test";

import { assert as holdsFor, property, string } from "fast-check";

import { anchor, cleanDeep, cleanText, evidenceHref, shellArgument } from "./clean.ts";
import { formatBytes, formatNumber, formatShare, formatTime, formatValue } from "./format.ts";
import { word } from "./words.ts";

test("control, bidi and invisible characters become visible", () => {
  assert.equal(cleanText("a\u001b[31mb\u0000\u007f\u0085"), "a␛[31mb␀␡[U+0085]");
  assert.equal(cleanText("user\u202Egnp.exe \u2066x\u2069 \u200b"), "user[U+202E]gnp.exe [U+2066]x[U+2069] [U+200B]");
  assert.equal(cleanText("half \ud800 pair"), "half \ufffd pair");
  assert.equal(cleanText("Prüfung: 20 €, line\nbreak\ttab, 👍"), "Prüfung: 20 €, line\nbreak\ttab, 👍");
});

test("a text of a million characters is cut with a note of its length", () => {
  const cut = cleanText("x".repeat(1_000_000));
  assert.ok(cut.length < 2100);
  assert.match(cut, /gekürzt\/shortened: 1\.000\.000 Zeichen\/characters/u);
});

test("cleaning reaches every string and key of a structure", () => {
  assert.deepEqual(cleanDeep({ "k\u202e": [{ deep: "v\u0007", n: 1, no: null }] }), {
    "k[U+202E]": [{ deep: "v␇", n: 1, no: null }],
  });
});

test("no cleaned text holds a character that changes how others read", () => {
  holdsFor(
    property(string({ unit: "binary" }), (text) => {
      assert.doesNotMatch(cleanText(text), /[[\p{Cc}\p{Cs}\u{202a}-\u{202e}\u{2066}-\u{2069}]--[\t\n]]/v);
    }),
  );
});

test("only plain paths below evidence become links", () => {
  assert.equal(evidenceHref("evidence/SZ-01/synapse/a b.log"), "../evidence/SZ-01/synapse/a%20b.log");
  const refused = [
    "javascript:alert(1)",
    "evidence/../../etc/passwd",
    "/etc/passwd",
    "//host/x",
    "evidence",
    "evidence//x",
    "evidence/.hidden",
    "https://x/evidence/y",
    String.raw`evidence\x`,
    "evidence/a%2e",
    "evidence/x\n",
  ];
  for (const path of refused) assert.equal(evidenceHref(path), undefined, path);
});

test("anchors of different parts never collide and hold no space or quote", () => {
  assert.equal(anchor("r", "T-01", "synapse"), "r-T-01-synapse");
  holdsFor(property(string(), (text) => assert.match(anchor("r", text), /^[\w-]+$/u)));
});

test("arguments of the repeat command are literal for a shell", () => {
  assert.equal(shellArgument("T-01"), "T-01");
  assert.equal(shellArgument("1; rm -rf 'x'"), String.raw`'1; rm -rf '\''x'\'''`);
});

test("numbers, shares, sizes and times are written as each language does", () => {
  assert.deepEqual(formatNumber(12_345.678), { de: "12.346", en: "12,346" });
  assert.deepEqual(formatNumber(0.4213), { de: "0,4213", en: "0.4213" });
  assert.deepEqual(formatShare(712, 1000), { de: "71,2 %", en: "71.2 %" });
  assert.equal(formatShare(0, 0).de, "–");
  assert.equal(formatBytes(25_769_803_776).de, "24 GiB");
  assert.equal(formatTime("2026-11-23T13:05:00Z").de, "23. November 2026, 14:05 Uhr");
  assert.equal(formatTime("2026-07-01T22:30:00Z").de, "2. Juli 2026, 00:30 Uhr");
  assert.equal(formatTime("yesterday").de, "yesterday");
});

test("measured values say unit, total, limit and censoring", () => {
  assert.equal(formatValue(20, { total: 20 }).de, "20 von 20");
  assert.equal(formatValue(2_592_000, { unit: "s" }).de, "2.592.000 s (30 Tage)");
  assert.equal(formatValue(null).de, "keine Grenze (nie)");
  assert.equal(formatValue(false).en, "no");
  assert.equal(formatValue(60, { unit: "s", censored: true }).de, "mehr als 60 s (bis dahin nicht beobachtet)");
});

test("an unknown text or a missing value is an error, not a gap", () => {
  assert.throws(() => word("no-such-text"), /words\.ts expected to have "no-such-text"/u);
  assert.throws(() => word("isExcluded"), /expects a value for \{product\}/u);
});
