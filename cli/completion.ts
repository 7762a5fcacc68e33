// What a shell needs to complete a program's commands and flags, written from the program's own table of commands.

import type { Flag } from '../core/process/command-line.ts';
import { type Command, wordsOf } from './command.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

interface Completed {
  /** `keys rotate` */
  readonly words: string;
  readonly flags: readonly {
    readonly name: string;
    readonly short: string | undefined;
    readonly help: string;
    readonly value: string | undefined;
  }[];
  /** Words that it takes; files where there are none. */
  readonly takes: readonly string[];
}

/** Values that are files; directories are, too, as a shell completes them. */
const fileValue = /file|dir|path|yaml|socket/;

export async function completionScript(shell: Shell, name: string, commands: readonly Command[]): Promise<string> {
  const table = await Promise.all(commands.map(completed));
  // A longer name before the one that it begins with.
  table.sort((a, b) => b.words.length - a.words.length || (a.words < b.words ? -1 : 1));
  const groups = groupsOf(table);
  if (shell === 'fish') return fishScript(name, table, groups);
  return shell === 'bash' ? bashScript(name, table, groups) : zshScript(name, table, groups);
}

async function completed(command: Command): Promise<Completed> {
  const { flags, takes = '' } = await command.line();
  const shown = Object.entries<Flag>(flags).filter(([, { hidden }]) => !hidden);
  return {
    words: wordsOf(command).join(' '),
    flags: shown.map(([flag, { short, help, value }]) => ({ name: flag, short, help, value })),
    takes: takes.includes('|')
      ? takes
          .replace(/[[\]<>]/g, '')
          .split('|')
          .map((each) => each.trim().split(' ')[0] ?? '')
      : [],
  };
}

/** What may follow: `` (nothing typed yet) is followed by `up`, `keys`; `keys` by `rotate`. */
function groupsOf(table: readonly Completed[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, Set<string>>();
  for (const { words } of table) {
    const parts = words.split(' ');
    for (let at = 0; at < parts.length; at++) {
      const before = parts.slice(0, at).join(' ');
      groups.set(before, (groups.get(before) ?? new Set()).add(parts[at] ?? ''));
    }
  }
  return new Map([...groups].map(([before, next]) => [before, [...next].sort()]));
}

/** Lines of a case: what was typed before the cursor, without flags, and what may come. The same in bash and zsh. */
function cases(table: readonly Completed[], groups: ReadonlyMap<string, readonly string[]>): string {
  const arm = ({ words, flags, takes }: Completed) => {
    const names = [...flags.flatMap(({ name, short }) => [`--${name}`, ...(short ? [`-${short}`] : [])]), '--help'];
    const valued = flags.filter(({ value }) => value !== undefined);
    const typed = (each: readonly (typeof flags)[number][]) =>
      each.flatMap(({ name, short }) => [`--${name}`, ...(short ? [`-${short}`] : [])]).join(' ');
    const files = typed(valued.filter(({ value = '' }) => fileValue.test(value)));
    const formats = typed(valued.filter(({ value }) => value === 'format'));
    const next = [...(groups.get(words) ?? []), ...takes].join(' ');
    return `    "${words}"|"${words} "*) flags="${names.join(' ')}" valued=" ${typed(valued)} " files=" ${files} " formats=" ${formats} " next="${next}" ;;`;
  };
  const alone = [...groups].filter(([before]) => !table.some(({ words }) => words === before));
  return [
    ...table.map(arm),
    ...alone.map(([before, next]) => `    "${before}") flags="--help" next="${next.join(' ')}" ;;`),
  ].join('\n');
}

function bashScript(name: string, table: readonly Completed[], groups: ReadonlyMap<string, readonly string[]>): string {
  return `# Completion of ${name} for bash: source <(${name} completion bash)
_${name}() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" line="" word at
  local flags="" valued=" " files=" " formats=" " next=""
  for ((at = 1; at < COMP_CWORD; at++)); do
    word="\${COMP_WORDS[at]}"
    [[ $word == -- ]] && return
    [[ $word == -* ]] || line+="\${line:+ }$word"
  done
  COMPREPLY=()
  case "$line" in
${cases(table, groups)}
  esac
  if [[ $formats == *" $prev "* ]]; then
    COMPREPLY=($(compgen -W "text json" -- "$cur"))
  elif [[ $files == *" $prev "* ]]; then
    COMPREPLY=($(compgen -f -- "$cur"))
  elif [[ $valued == *" $prev "* ]]; then
    return
  elif [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
  elif [[ -n $next ]]; then
    COMPREPLY=($(compgen -W "$next" -- "$cur"))
  else
    COMPREPLY=($(compgen -f -- "$cur"))
  fi
}
complete -o filenames -F _${name} ${name}
`;
}

function zshScript(name: string, table: readonly Completed[], groups: ReadonlyMap<string, readonly string[]>): string {
  return `#compdef ${name}
# Completion of ${name} for zsh: source <(${name} completion zsh)
_${name}() {
  local cur="\${words[CURRENT]}" prev="\${words[CURRENT-1]}" line="" word
  local flags="" valued=" " files=" " formats=" " next=""
  for word in "\${(@)words[2,CURRENT-1]}"; do
    [[ $word == -- ]] && return
    [[ $word == -* ]] || line+="\${line:+ }$word"
  done
  case "$line" in
${cases(table, groups)}
  esac
  if [[ $formats == *" $prev "* ]]; then
    compadd -- text json
  elif [[ $files == *" $prev "* ]]; then
    _files
  elif [[ $valued == *" $prev "* ]]; then
    return
  elif [[ $cur == -* ]]; then
    compadd -- \${=flags}
  elif [[ -n $next ]]; then
    compadd -- \${=next}
  else
    _files
  fi
}
compdef _${name} ${name}
`;
}

function fishScript(name: string, table: readonly Completed[], groups: ReadonlyMap<string, readonly string[]>): string {
  const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = [...groups].map(
    ([before, next]) =>
      `complete -c ${name} -f -n ${quoted(`__${name}_is ${quoted(before)}`)} -a ${quoted(next.join(' '))}`,
  );
  for (const { words, flags, takes } of table) {
    const when = `-n ${quoted(`__${name}_in ${quoted(words)}`)}`;
    if (takes.length > 0) lines.push(`complete -c ${name} -f ${when} -a ${quoted(takes.join(' '))}`);
    for (const { name: flag, short, help, value } of flags) {
      const takesValue =
        value === undefined
          ? ''
          : fileValue.test(value)
            ? ' -r -F'
            : ` -x${value === 'format' ? " -a 'text json'" : ''}`;
      lines.push(
        `complete -c ${name} ${when} -l ${flag}${short ? ` -s ${short}` : ''}${takesValue} -d ${quoted(help)}`,
      );
    }
  }
  return `# Completion of ${name} for fish: ${name} completion fish | source
function __${name}_line
  set -l words (commandline -opc)
  string match -v -- '-*' $words[2..-1] | string join ' '
end
function __${name}_is
  test (__${name}_line | string collect -a) = "$argv[1]"
end
function __${name}_in
  string match -q -- "$argv[1]*" (__${name}_line | string collect -a)
end
${lines.join('\n')}
`;
}
