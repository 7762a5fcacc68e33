// What a run of the official suite, and of what it left behind, found wrong: each with the tests that hold it now.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface OnceFailing {
  readonly what: string;
  readonly tests: readonly HoldingTest[];
}

export interface HoldingTest {
  /** From the root of the repository. */
  readonly file: string;
  readonly name: string;
}

const pods = 'test/conformance/pods.test.ts';
const generation = 'Pods Extended (pod generation) Pod Generation';
const published = 'CustomResourcePublishOpenAPI [Privileged:ClusterAdmin]';
const jobs = 'test/conformance/apps-job.test.ts';

const of = (file: string, ...names: readonly string[]): HoldingTest[] => names.map((name) => ({ file, name }));

export const onceFailing: readonly OnceFailing[] = [
  {
    what: 'the generation of a pod: 1 until its user asks for something else, and observed by its node',
    tests: [
      ...of(
        pods,
        `${generation} pod generation should start at 1 and increment per update [MinimumKubeletVersion:1.34]`,
        `${generation} custom-set generation on new pods and graceful delete`,
        `${generation} issue 500 podspec updates and verify generation and observedGeneration eventually converge [MinimumKubeletVersion:1.34]`,
        'Ephemeral Containers [NodeConformance] will start an ephemeral container in an existing pod',
        'Ephemeral Containers [NodeConformance] should update the ephemeral containers in an existing pod',
      ),
      ...of(
        'test/conformance/resize.test.ts',
        'Pod InPlace Resize Container resize pod via the replace endpoint [MinimumKubeletVersion:1.34]',
      ),
    ],
  },
  {
    what: 'one message that names every fault of a body, unknown and doubled fields',
    tests: of(
      'test/conformance/machinery.test.ts',
      'FieldValidation should detect unknown and duplicate fields of a typed object',
    ),
  },
  {
    what: 'paths with their leading dot, and lines of YAML, in what an apply of a custom resource is refused for',
    tests: of(
      'test/conformance/machinery.test.ts',
      'FieldValidation should create/apply an invalid CR with extra properties for CRD with validation schema',
      'FieldValidation should detect unknown metadata fields in both the root and embedded object of a CR',
      'FieldValidation should detect duplicates in a CR when preserving unknown fields',
    ),
  },
  {
    what: '`kubectl explain` of custom resources, with and without a schema',
    tests: of(
      'test/conformance/custom-resources-openapi.test.ts',
      `${published} works for CRD with validation schema`,
      `${published} works for CRD without validation schema`,
      `${published} works for CRD preserving unknown fields at the schema root`,
      `${published} works for CRD preserving unknown fields in an embedded object`,
    ),
  },
  {
    what: 'deleted definitions go from discovery, whatever stands in their status',
    tests: of(
      'test/conformance/custom-resources.test.ts',
      'CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition getting/updating/patching custom resource definition status sub-resource works',
    ),
  },
  {
    what: 'custom resources by fields of a version that a webhook converts to',
    tests: of(
      'test/conformance/custom-resources.test.ts',
      'CustomResourceFieldSelectors [Privileged:ClusterAdmin] CustomResourceFieldSelectors MUST list and watch custom resources matching the field selector',
    ),
  },
  {
    what: 'events by who reports them, in both of their groups',
    tests: of(
      'test/conformance/resources.test.ts',
      'Events API should ensure that an event can be fetched, patched, deleted, and listed',
    ),
  },
  {
    what: 'webhooks are told how long they have, and a slow one is named with the URL that was called',
    tests: of('test/conformance/admission.test.ts', 'AdmissionWebhook [Privileged:ClusterAdmin] should honor timeout'),
  },
  {
    what: 'links and redirects lead behind the proxies of Services and pods',
    tests: [
      ...of('test/conformance/proxy.test.ts', 'Proxy version v1 should proxy through a service and a pod'),
      ...of('test/e2e/conformance/proxied-pages.ts', 'Proxy version v1 should proxy through a service and a pod'),
    ],
  },
  {
    what: 'VolumeAttachments of drivers, nodes and volumes that do not exist live on',
    tests: of(
      'test/conformance/attachments.test.ts',
      'VolumeAttachment Conformance should run through the lifecycle of a VolumeAttachment',
      'VolumeAttachment Conformance should apply changes to a volumeattachment status',
    ),
  },
  {
    what: 'containers that wait for init containers say PodInitializing',
    tests: of(
      pods,
      'InitContainer [NodeConformance] should invoke init containers on a RestartNever pod',
      'InitContainer [NodeConformance] should not start app containers if init containers fail on a RestartAlways pod',
    ),
  },
  {
    what: 'a list that goes on after its token expired has another resourceVersion',
    tests: of(
      'test/conformance/machinery.test.ts',
      'Servers with support for API chunking should support continue listing from the last key if the original version has been compacted away, though the list is inconsistent [Slow]',
    ),
  },
  {
    what: "a DaemonSet's revision has the bytes that Go writes",
    tests: of(
      'test/conformance/apps-daemonset.test.ts',
      'Daemon set [Serial] should update pod when spec was updated and update strategy is RollingUpdate',
    ),
  },
  {
    what: 'a pod that its Job released keeps no finalizer and no owner of it, so that its namespace ends',
    tests: of(jobs, 'Job should adopt matching orphans and release non-matching pods'),
  },
  {
    what: 'nodes have their events: registered, ready, not ready, whether they say so or fell silent',
    tests: of(
      'functions/controllers/nodes.test.ts',
      'gives every node a range of its own inside the cluster range',
      'tells once each time that a node says it is ready, or is not',
      'takes a silent node out, evicts its pods when they no longer tolerate it, and lets it back in',
    ),
  },
  {
    what: 'evictions of policy/v1beta1',
    tests: of(
      jobs,
      'Job should allow to use a pod failure policy to ignore failure matching on DisruptionTarget condition',
    ),
  },
  {
    what: 'discovery has the hash of the stored version',
    tests: of('core/api/discovery.test.ts', 'tells what a client needs to know of a resource'),
  },
  {
    what: 'a CronJob whose schedule never comes says InvalidSchedule',
    tests: of(
      'functions/controllers/cronjob.test.ts',
      'does nothing while it is suspended, and says when its schedule cannot be read',
    ),
  },
];

/** The tests that are named above and are not where they should be. */
export function missingTests(): HoldingTest[] {
  return onceFailing
    .flatMap(({ tests }) => tests)
    .filter(({ file, name }) => {
      const text = readFileSync(join(import.meta.dirname, '../..', file), 'utf8');
      return !new RegExp(`\\b(?:it|conformance)\\(\\s*(['"\`])${RegExp.escape(name)}\\1`).test(text);
    });
}
