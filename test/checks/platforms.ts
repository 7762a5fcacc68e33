// What a node with Windows runs reaches nothing of Linux: neither a module of it nor a file that only Linux has, nor a program. Walked from the
// agent's main program and from agent/platform/windows, over what is imported as a value; each system's own folder is a door that the other
// does not go through. So an agent for Windows loads, whatever is added to the parts that both share.

import { dirname, join } from 'node:path';

/** File -> its text, of what there is below `agent/`. */
export type Sources = ReadonlyMap<string, string>;

/** Loaded only where the system is known: by the command `install`, by an upgrade of the single executable, and each platform by its system. */
const doors = /^agent\/(?:platform\/linux|install|upgrade)\//;

const roots = /^agent\/(?:main\.ts$|platform\/windows\/(?!testing\/)(?!.*\.test\.ts$))/;

/** In code, not in comments. */
const marks: readonly { readonly mark: RegExp; readonly what: string }[] = [
  { mark: /['"`]\/(?:proc|sys|etc|run|var|usr|sbin|bin|lib)\//, what: 'a path that only Linux has' },
  { mark: /0o10000000|O_PATH|O_NOFOLLOW|O_DIRECTORY|process\.getuid/, what: 'a call that only Linux has' },
  {
    mark: /\b(?:run|tryRun|spawn|spawnSync|execFile)\(\s*['"](?:mount|umount|nft|ip|iptables|conntrack|modprobe|sysctl|stat|du|nice|ctr|containerd|systemctl|nsenter|wg)['"]/,
    what: 'a program that only Linux has',
  },
];

/** What is shared and says such a path for another reason. */
const excused: ReadonlyMap<string, string> = new Map([
  ['agent/options.ts', 'the defaults of flags, which the help of the command line tells'],
]);

const statement =
  /^import\s+(?!type\b)[^'";]*?\bfrom '(?<from>[^']+)'|^import '(?<bare>[^']+)'|\bimport\('(?<late>[^']+)'\)|^export\s+(?!type\b)[^'";]*?\bfrom '(?<again>[^']+)'/gm;

export function platformErrors(sources: Sources): string[] {
  const reached = new Map<string, string>();
  const open = [...sources.keys()].filter((file) => roots.test(file)).map((file) => [file, file] as const);
  for (let next = open.pop(); next; next = open.pop()) {
    const [file, way] = next;
    if (reached.has(file)) continue;
    reached.set(file, way);
    for (const target of valuesOf(file, sources.get(file) ?? ''))
      if (sources.has(target) && !doors.test(target)) open.push([target, `${way} -> ${target}`]);
  }
  return [...reached].flatMap(([file, way]) =>
    excused.has(file)
      ? []
      : marksOf(sources.get(file) ?? '').map(
          ({ line, what }) =>
            `${file}:${line}: ${what}, and an agent on Windows loads it (${way}): put it behind agent/platform/platform.ts`,
        ),
  );
}

function valuesOf(file: string, text: string): string[] {
  return [...text.matchAll(statement)].flatMap(({ groups = {} }) => {
    const written = groups['from'] ?? groups['bare'] ?? groups['late'] ?? groups['again'] ?? '';
    return written.startsWith('.') ? [join(dirname(file), written)] : [];
  });
}

function marksOf(text: string): { line: number; what: string }[] {
  return text.split('\n').flatMap((each, index) => {
    if (/^\s*(?:\/\/|\/\*|\*)/.test(each)) return [];
    return marks.flatMap(({ mark, what }) => (mark.test(each) ? [{ line: index + 1, what }] : []));
  });
}
