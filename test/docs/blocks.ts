// The commands of a page of the docs. A block of them is ```sh run, and runs as it stands, or ```sh with a first line that readers
// see: `# Not run in the tests: why`. Blocks of other languages, and of none, hold no commands.

export interface CommandBlock {
  /** Of its first line, for messages. */
  readonly line: number;
  readonly text: string;
  readonly runs: boolean;
}

const notRun = /^# Not run in the tests: \S/;
/** What a line that somebody types begins with. */
const command =
  /^\s*(?:\$ )?(?:sudo )?(?:npm|npx|node|zeroplane|kubectl|helm|curl|aws|apt(?:-get)?|git|docker|export|install|systemctl|cat|echo)\s+\S/;

/** Commands of a page, and what stands where it may not. */
export function readBlocks(markdown: string): {
  readonly blocks: readonly CommandBlock[];
  readonly faults: readonly string[];
} {
  const blocks: CommandBlock[] = [];
  const faults: string[] = [];
  const lines = markdown.split('\n');
  let fence: { info: string; from: number; body: string[] } | undefined;
  for (const [at, line] of lines.entries()) {
    if (fence === undefined) {
      const [, info] = /^```(.*)$/.exec(line) ?? [];
      if (info !== undefined) fence = { info: info.trim(), from: at + 1, body: [] };
      // Four spaces are a block, too: one that nobody can mark.
      else if (/^ {4}/.test(line) && lines[at - 1]?.trim() === '' && command.test(line))
        faults.push(`line ${at + 1}: put commands into a block, \`\`\`sh run or \`\`\`sh: ${line.trim()}`);
      continue;
    }
    if (line !== '```') {
      fence.body.push(line);
      continue;
    }
    const { info, from, body } = fence;
    fence = undefined;
    const [first = ''] = body;
    if (info === 'sh run') blocks.push({ line: from, text: `${body.join('\n')}\n`, runs: true });
    else if (info === 'sh' && notRun.test(first))
      blocks.push({ line: from, text: `${body.join('\n')}\n`, runs: false });
    else if (info === 'sh')
      faults.push(`line ${from}: begin it with "# Not run in the tests: WHY", or let it run: \`\`\`sh run`);
    else if (/^(?:|bash|shell|console|text)$/.test(info) && body.some((each) => command.test(each)))
      faults.push(`line ${from}: commands belong into \`\`\`sh run or \`\`\`sh`);
  }
  return { blocks, faults };
}
