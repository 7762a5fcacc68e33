// `npm run docs`: writes docs/reference from what the programs themselves say: commands and flags, variables of the environment, options of
// a deployment, reasons of failures, metrics. `--check` (part of `npm run check`) says instead which pages are not what would be written, and which commands of the docs neither run nor say why.

import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandEntry } from '../../cli/own-commands.ts';
import { statusCodes } from '../../core/machinery/status.ts';
import { flagRows } from '../../core/process/command-line.ts';
import { createAdmissionMetrics } from '../../core/registry/admission/metrics.ts';
import { openTestApi } from '../../functions/apiserver/testing/open-test-api.ts';
import { createQueueMetrics } from '../../functions/controllers/queue-metrics.ts';
import { createSchedulerMetrics } from '../../functions/scheduler/metrics.ts';
import { readBlocks } from './blocks.ts';
import { advice, variables } from './reference-texts.ts';

const root = join(import.meta.dirname, '../..');
const directory = join(root, 'docs/reference');
const generated = 'This page is generated: `npm run docs`.';

const commands: CommandEntry[] = JSON.parse(
  execFileSync(process.execPath, [join(root, 'cli/main.ts'), 'help', '-o', 'json'], { encoding: 'utf8' }),
);
const pages: Readonly<Record<string, string>> = {
  'cli.md': cliPage(),
  'configuration.md': configurationPage(),
  'errors.md': errorsPage(),
  'metrics.md': await metricsPage(),
};

const untold = readVariables().filter((name) => !Object.hasOwn(variables, name));
if (untold.length > 0) {
  console.error(
    `test/docs/reference-texts.ts: say what ${untold.join(', ')} is for: programs read it from their environment`,
  );
  process.exitCode = 1;
}
mkdirSync(directory, { recursive: true });
const stale: string[] = [];
for (const [name, text] of Object.entries(pages)) {
  const file = join(directory, name);
  if (!process.argv.includes('--check')) writeFileSync(file, text);
  else if (readOr(file) !== text) stale.push(name);
}
if (stale.length > 0) {
  console.error(
    `docs/reference: ${stale.join(', ')} is not what the sources say any more: npm run docs, and commit what it writes`,
  );
  process.exitCode = 1;
}

for (const page of globSync('{README.md,docs/*.md}', { cwd: root }).sort())
  for (const fault of readBlocks(readFileSync(join(root, page), 'utf8')).faults) {
    console.error(`${page}: ${fault}`);
    process.exitCode = 1;
  }

function cliPage(): string {
  const section = ({ name, description, takes, flags }: CommandEntry) => {
    const rows = flagRows(flags).map(([left, right]) => `| ${cell(`\`${left}\``)} | ${cell(right)} |`);
    const table = rows.length === 0 ? [] : ['', '| flag | |', '|---|---|', ...rows];
    return [
      `## ${name}`,
      '',
      `    ${name} [flags]${takes ? ` ${takes}` : ''}`,
      '',
      sentence(cell(description)),
      ...table,
      '',
    ].join('\n');
  };
  const sorted = [...commands].sort((a, b) => (a.name < b.name ? -1 : 1));
  const index = sorted.map(
    ({ name, description }) => `| [\`${name}\`](#${name.replaceAll(' ', '-')}) | ${cell(description)} |`,
  );
  return `# Commands

${generated} Every command knows \`--help\`; a wrong command line ends with 2, what could not be done with 1.

| command | |
|---|---|
${index.join('\n')}

${sorted.map(section).join('\n')}`;
}

function configurationPage(): string {
  const flagsOf = (name: string) => flagRows(commands.find((each) => each.name === name)?.flags ?? {});
  const table = (rows: readonly (readonly [string, string])[]) =>
    ['| | |', '|---|---|', ...rows.map(([left, right]) => `| ${cell(`\`${left}\``)} | ${cell(right)} |`)].join('\n');
  return `# Configuration

${generated}

## A cluster on one machine

Flags of \`zeroplane up\`; what was given once is remembered in \`cluster.json\` of the data directory.

${table(flagsOf('zeroplane up'))}

## A node

Flags of \`zeroplane agent\`, and of the line that installs it.

${table(flagsOf('zeroplane agent'))}

## A cluster on AWS

\`npx cdk deploy -c NAME=VALUE\`; [what each does](../aws.md#from-an-account-to-a-running-pod).

${contextOptions()
  .map(({ name, otherwise }) => `- \`${name}\`${otherwise === undefined ? '' : ` (default: \`${otherwise}\`)`}`)
  .join('\n')}

## The environment

${table(Object.entries(variables))}

## Files in Kubernetes' own form

- [AuthenticationConfiguration](../authentication.md): issuers whose tokens are taken
- [EncryptionConfiguration](../encryption.md): what is encrypted in the store, with which keys
- [audit Policy](../audit.md): which requests are written down
`;
}

/** Variables of our own that users' programs read. */
function readVariables(): string[] {
  const files = globSync('{cli,local,agent,edge,core/process}/**/*.ts', { cwd: root }).filter(
    (file) => !file.endsWith('.test.ts'),
  );
  const found = files.flatMap((file) => [...readFileSync(join(root, file), 'utf8').matchAll(/'(ZEROPLANE_[A-Z_]+)'/g)]);
  return [...new Set(found.map(([, name = '']) => name))].sort();
}

/** As infra/options.ts reads them. */
function contextOptions(): { readonly name: string; readonly otherwise: string | undefined }[] {
  const source = readFileSync(join(root, 'infra/options.ts'), 'utf8');
  const found = new Map<string, string | undefined>();
  for (const [, name = '', otherwise] of source.matchAll(
    /\b(?:text|count|flag|range)\('(\w+)', (?:'([^']*)'|\d+|false|true)?/g,
  )) {
    const plain = new RegExp(`\\('${name}', (\\d+|true|false)\\)`).exec(source)?.[1];
    if (!found.has(name)) found.set(name, otherwise || plain);
  }
  return [...found].map(([name, otherwise]) => ({ name, otherwise })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function errorsPage(): string {
  const rows = Object.entries(statusCodes).map(
    ([reason, code]) => `| \`${reason}\` | ${code} | ${new Map(Object.entries(advice)).get(reason)} |`,
  );
  return `# Errors

${generated}

The API answers a failure with Kubernetes' \`Status\`: \`reason\`, the HTTP code, a message, and in \`details\` what it was about.

| reason | HTTP | what it means, and what to do |
|---|---|---|
${rows.join('\n')}

Exit codes of \`zeroplane\`:

| code | |
|---|---|
| 0 | done; of \`status\` and \`doctor\`: nothing is at fault |
| 1 | not done, and why stands on standard error; of \`status\` and \`doctor\`: something is at fault |
| 2 | the command line is wrong |
| 124, 125, 130, 143, the command's own | of \`run\`: [what each means](../ci.md#from-a-terminal) |
`;
}

async function metricsPage(): Promise<string> {
  const api = await openTestApi({ flowControl: { seats: 100 } });
  const page: string = (await api.get('/metrics')).text;
  const families = new Map<string, { readonly type: string; readonly help: string }>();
  for (const [, name = '', help = ''] of page.matchAll(/^# HELP (\S+) (.*)$/gm))
    families.set(name, { help, type: new RegExp(`^# TYPE ${name} (\\S+)$`, 'm').exec(page)?.[1] ?? '' });
  const more = [createQueueMetrics(), createSchedulerMetrics(), createAdmissionMetrics()];
  for (const { name, help, type } of more.flatMap((each) => each.families())) families.set(name, { help, type });
  const rows = [...families]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { type, help }]) => `| \`${name}\` | ${type} | ${cell(help)} |`);
  return `# Metrics

${generated} What \`/metrics\` of a control plane tells; [how it is scraped, what nodes tell, and what differs](../metrics.md). Those of
the store's file, of encryption and of the audit log come where these are.

| family | type | |
|---|---|---|
${rows.join('\n')}
`;
}

/** In a table: its bars, and what looks like HTML outside of code. */
function cell(text: string): string {
  return text
    .replace(/\s*\n\s*/g, ' ')
    .replaceAll('|', '\\|')
    .split('`')
    .map((part, at) => (at % 2 === 1 ? part : part.replaceAll('<', '&lt;')))
    .join('`');
}

function sentence(text: string): string {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}

function readOr(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
