// Which behaviours are asked of the functions behind their gateway, too, and why others are not.

/** Files of this folder whose tests ask an API and nothing else of the machine. */
export const filesOnAws = ['api-operations.test.ts', 'resources.test.ts'] as const;

/** Of these files, what does not hold there or cannot be asked, by name. */
export const notOnAws: ReadonlyMap<string, string> = new Map([
  [
    'PersistentVolumes CSI Conformance should apply changes to a pv/pvc status',
    'the controller of volumes says what phase they are in, and here it is at work',
  ],
  [
    'Events API should ensure that an event can be fetched, patched, deleted, and listed',
    'the scheduler reports on pods of other tests, and the list is of all events about pods',
  ],
]);

/** Why the tests of all other files are asked of one machine alone. */
export const reasons: readonly string[] = [
  'What runs pods needs an agent and containers; test/aws/worker.test.ts, exec.test.ts, webhooks.test.ts and apiservices.test.ts run those on the harness, under names of their own.',
  'What looks into controllers, the scheduler or the store of one process, or moves their clock, cannot do so from outside; they are the same code there.',
];
