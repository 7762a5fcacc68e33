// Writes docs/conformance.md: how many of Kubernetes' conformance tests have a test of ours, by area. `node test/conformance/table.ts`

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Stated, stated } from './catalogue.ts';
import { notOnAws, reasons } from './on-aws.ts';
import { onceFailing } from './once-failing.ts';

export const page = join(import.meta.dirname, '../../docs/conformance.md');

export function conformancePage(tests: readonly Stated[]): string {
  const areas = [...new Set(tests.map(({ area }) => area))].sort();
  const row = (name: string, of: readonly Stated[]) =>
    `| ${name} | ${of.length} | ${of.filter(({ file }) => file).length} | ${of.filter(({ onAws }) => onAws).length} |`;
  return [
    '# Conformance',
    '',
    'Kubernetes 1.36 names the behaviours that every cluster must have in its conformance suite. This page counts for how many of',
    'them this repository has a test that states the same behaviour, under the same name. A test that is counted here runs against our',
    'API server (`test/conformance`), or a cluster with real containers (`test/e2e`); it is not the suite itself, and a behaviour',
    'without a test may well work.',
    '',
    'This page is generated: `node test/conformance/table.ts`.',
    '',
    'The last column counts those that `npm run test:conformance-aws` asks of the bundled functions behind a gateway, too, as they run on AWS',
    '([docs/aws.md](aws.md)). Why not the others:',
    '',
    ...reasons.map((reason) => `- ${reason}`),
    ...[...notOnAws].map(([name, why]) => `- ${name}: ${why}.`),
    '',
    '| area | tests in the suite | stated here | asked of the functions on AWS |',
    '| --- | ---: | ---: | ---: |',
    ...areas.map((area) =>
      row(
        area,
        tests.filter((each) => each.area === area),
      ),
    ),
    row('**all**', tests),
    '',
    '## What the suite itself once found',
    '',
    'The suite of 1.36 as it is, on two nodes with real containers, passed 423 of its 446. What failed, and what was found beside it, with',
    'the tests that hold it now:',
    '',
    '| what | test | file |',
    '| --- | --- | --- |',
    ...onceFailing.flatMap(({ what, tests: held }) =>
      held.map(({ file, name }, index) => `| ${index === 0 ? what : ''} | ${name} | ${file} |`),
    ),
    '',
    ...areas.flatMap((area) => {
      const of = tests.filter((each) => each.area === area && each.file);
      if (of.length === 0) return [];
      return [
        `## ${area}`,
        '',
        '| test | file |',
        '| --- | --- |',
        ...of.map(({ name, file }) => `| ${name} | ${file} |`),
        '',
      ];
    }),
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(page, conformancePage(stated()));
