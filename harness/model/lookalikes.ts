// Names that a person takes for another one (Unicode Technical Standard 39, "confusables").

/** Latin letters and Cyrillic ones of the same shape. */
const cyrillic: Readonly<Record<string, string>> = {
  a: "\u0430",
  c: "\u0441",
  e: "\u0435",
  i: "\u0456",
  o: "\u043e",
  p: "\u0440",
  s: "\u0455",
  x: "\u0445",
  y: "\u0443",
};

/** The same letters as the full-width forms of East Asian fonts. */
const fullWidth = (letter: string): string => String.fromCodePoint((letter.codePointAt(0) ?? 0) + 0xfe_e0);

const forms: readonly { readonly what: string; readonly of: (name: string) => string }[] = [
  { what: "the same name", of: (name) => name },
  { what: "Cyrillic letters", of: (name) => name.replaceAll(/[a-z]/g, (letter) => cyrillic[letter] ?? letter) },
  { what: "an invisible character", of: (name) => `${name.slice(0, 2)}\u200b${name.slice(2)}` },
  { what: "full-width letters", of: (name) => name.replaceAll(/[!-~]/g, fullWidth) },
  { what: "a combining dot below", of: (name) => `${name.slice(0, 1)}\u0323${name.slice(1)}` },
];

/** `count` names that look like this one, each another way. */
export const lookalikesOf = (
  name: string,
  count: number,
): readonly { readonly what: string; readonly name: string }[] =>
  forms.slice(0, count).map(({ what, of }) => ({ what, name: of(name) }));
