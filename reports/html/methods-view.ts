// End-to-end methods side by side: what the verdicts say about each aspect of the method a product brings.
import { anchor } from "../text/clean.ts";
import { word } from "../text/words.ts";
import { joined, properName, wordOf, type Book } from "./book.ts";
import { pointsOf } from "./matrix-view.ts";

/** Aspect → row of the catalogue that measures it. */
const aspects: readonly (readonly [string, string])[] = [
  ["aspect-direct", "E-01"],
  ["aspect-group", "E-02"],
  ["aspect-file", "E-03"],
  ["aspect-forward-secrecy", "E-05"],
  ["aspect-healing", "E-06"],
  ["aspect-devices", "E-10"],
  ["aspect-history", "E-08"],
  ["aspect-metadata", "E-11"],
];

/** Methods of XMPP that no client in the bench brings; reasons in docs/decisions/009. Never a verdict, never left out. */
const unexercised = [
  { name: "OX", specification: "XEP-0373, XEP-0374", reason: "unexercised-ox" },
  { name: "OTR", specification: "XEP-0364", reason: "unexercised-otr" },
] as const;

function cellOf(book: Book, criterion: string, candidate: string) {
  const record = book.decided(criterion, candidate);
  return { ...wordOf(record), href: `#${anchor("r", criterion, candidate)}`, points: pointsOf(record) ?? null };
}

/** Null where no product brings a method or the catalogue has none of the rows. */
export function methodsView(book: Book) {
  const products = book.candidates.filter(({ endEncryption }) => endEncryption.length > 0);
  const rows = aspects.filter(([, id]) => book.result.criteria.some((criterion) => criterion.id === id));
  if (products.length === 0 || rows.length === 0) return null;
  const family = products.some(({ endEncryption }) => endEncryption.includes("omemo"));
  return {
    unexercised: (family ? unexercised : []).map(({ reason, ...method }) => ({
      ...method,
      reason: word(reason),
      verdict: wordOf(undefined).title,
    })),
    products: products.map(({ title, endEncryption }) => ({
      title,
      methods: joined(endEncryption.map(properName)),
    })),
    rows: rows.map(([aspect, id]) => ({
      id,
      title: word(aspect),
      cells: products.map((candidate) => cellOf(book, id, candidate.id)),
    })),
  };
}
