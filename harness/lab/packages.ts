/** name → version from the output of dpkg-query, pip freeze and the like: "name version", "name\tversion", "name==version", "name=version". */
export function parsePackages(output: string): Readonly<Record<string, string>> {
  const lines = output.split("\n").slice(0, maxPackages);
  return Object.fromEntries(
    lines.flatMap((line) => {
      const match = /^\s*([A-Za-z0-9][\w.+:@/-]*)(?:\s*={1,2}\s*|\s+)(\S.*?)\s*$/.exec(line);
      return match === null ? [] : [[match[1] ?? "", (match[2] ?? "").slice(0, 100)]];
    }),
  );
}

const maxPackages = 2000;
