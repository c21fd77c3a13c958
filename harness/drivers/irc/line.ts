/** One IRC message (RFC 1459 2.3.1 with the tags of IRCv3). */
export interface Line {
  readonly tags: Readonly<Record<string, string>>;
  /** Nick or server that it comes from; empty when not named. */
  readonly from: string;
  /** Upper case, or a numeric of three digits. */
  readonly command: string;
  readonly params: readonly string[];
}

const unescaped: Readonly<Record<string, string>> = { ":": ";", s: " ", r: "\r", n: "\n" };

/** IRCv3 message-tags: `\:` is a semicolon, `\s` a space; a lone backslash at the end is dropped. */
const tagValue = (raw: string): string =>
  raw.replaceAll(/\\(.?)/gu, (_, character: string) => unescaped[character] ?? character);

function tagsOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text.split(";").map((tag) => {
      const at = tag.indexOf("=");
      return at === -1 ? [tag, ""] : [tag.slice(0, at), tagValue(tag.slice(at + 1))];
    }),
  );
}

/** Reads a line without its end. Never throws: what a server sends may be anything. */
export function parseLine(text: string): Line {
  const match = /^(?:@(\S*) +)?(?::(\S*) +)?(\S*)(.*)$/su.exec(text);
  const [, tags = "", prefix = "", command = "", rest = ""] = match ?? [];
  const trailing = rest.indexOf(" :");
  const words = (trailing === -1 ? rest : rest.slice(0, trailing)).split(" ").filter((word) => word !== "");
  return {
    tags: tags === "" ? {} : tagsOf(tags),
    from: prefix.split("!")[0] ?? "",
    command: command.toUpperCase(),
    params: trailing === -1 ? words : [...words, rest.slice(trailing + 2)],
  };
}

/** No parameter may end the line: a text with a line break would become a command of its own. */
export function makeLine(tags: Readonly<Record<string, string>>, command: string, params: readonly string[]): string {
  const clean = (text: string): string => text.replaceAll(/[\r\n\0]/gu, " ");
  const head = Object.entries(tags).map(([name, value]) => `${name}=${value}`);
  const all = params.map((param, index) => (index === params.length - 1 ? `:${clean(param)}` : clean(param)));
  return `${head.length === 0 ? "" : `@${head.join(";")} `}${[command, ...all].join(" ")}\r\n`;
}
