// Conversion of custom resources by a webhook: one ConversionReview for all objects that are asked for in one turn.
// Source: apiextensions.k8s.io/v1 ConversionReview; what a webhook may not change in metadata is checked here.

import type { V1CustomResourceDefinition } from '../../../generated/kubernetes.ts';
import { isWithinDepth, maxValues } from '../../machinery/depth.ts';
import { deepEqual } from '../../machinery/equality.ts';
import { validateLabelKey, validateLabels } from '../../machinery/labels.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { StatusError } from '../../machinery/status.ts';
import { isRecord } from '../../machinery/structure/field-at.ts';
import { type WebhookCaller, WebhookError } from './caller.ts';
import { reviewVersion } from './review-version.ts';

/** Kubernetes gives a conversion webhook half a minute. */
const timeoutMs = 30_000;

export type Converter = (object: KubeObject, apiVersion: string) => Promise<KubeObject>;

interface Waiting {
  readonly object: KubeObject;
  readonly resolve: (object: KubeObject) => void;
  readonly reject: (error: unknown) => void;
}

export function webhookConverter(crd: V1CustomResourceDefinition, call: WebhookCaller, uuid: () => string): Converter {
  const batches = new Map<string, Waiting[]>();
  const run = async (apiVersion: string) => {
    const batch = batches.get(apiVersion) ?? [];
    batches.delete(apiVersion);
    try {
      for (const some of inParts(batch)) {
        const objects = some.map(({ object }) => object);
        const converted = await convertAll(crd, call, uuid(), objects, apiVersion);
        for (const [index, { resolve }] of some.entries()) resolve(converted[index]!); // as many as were sent
      }
    } catch (error) {
      // Those that have their object hear nothing of it.
      for (const { reject } of batch) reject(error);
    }
  };
  return (object, apiVersion) =>
    new Promise((resolve, reject) => {
      const batch = batches.get(apiVersion);
      if (batch) batch.push({ object, resolve, reject });
      else {
        batches.set(apiVersion, [{ object, resolve, reject }]);
        setImmediate(() => void run(apiVersion));
      }
    });
}

/** Of a call, about: some thousand values, or half a megabyte of text. What is written and read at one go must not hold up others. */
const callBytes = 512 * 1024;
/** About what a value takes beside its text. */
const valueBytes = 20;

/** An object that is larger than a call goes alone. */
function* inParts(batch: readonly Waiting[]): Generator<readonly Waiting[]> {
  let part: Waiting[] = [];
  let bytes = 0;
  for (const each of batch) {
    const own = weightOf(each.object);
    if (part.length > 0 && bytes + own > callBytes) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(each);
    bytes += own;
  }
  if (part.length > 0) yield part;
}

function weightOf(value: unknown): number {
  if (typeof value === 'string') return valueBytes + value.length;
  if (typeof value !== 'object' || value === null) return valueBytes;
  let bytes = valueBytes;
  if (Array.isArray(value)) for (const each of value) bytes += weightOf(each);
  else for (const [name, each] of Object.entries(value)) bytes += name.length + weightOf(each);
  return bytes;
}

/** Of an answer: a converted object may have as many values as one that somebody sends. */
const mostValues = maxValues + 1000;

async function convertAll(
  { spec }: V1CustomResourceDefinition,
  call: WebhookCaller,
  uid: string,
  objects: readonly KubeObject[],
  desiredAPIVersion: string,
): Promise<KubeObject[]> {
  const fail = (why: string) =>
    new StatusError(
      'InternalError',
      `conversion webhook for ${objects[0]?.apiVersion}, Kind=${spec.names.kind} failed: ${why}`,
    );
  const { clientConfig } = spec.conversion?.webhook ?? {};
  if (!clientConfig) throw fail('spec.conversion.webhook.clientConfig is missing');
  const request = { uid, desiredAPIVersion, objects };
  const apiVersion = reviewVersion('apiextensions.k8s.io', spec.conversion?.webhook?.conversionReviewVersions);
  let answer: Record<string, unknown>;
  try {
    answer = await call(clientConfig, { kind: 'ConversionReview', apiVersion, request }, timeoutMs, mostValues);
  } catch (error) {
    if (error instanceof WebhookError) throw fail(error.message);
    throw error;
  }
  const { response } = answer;
  if (!isRecord(response)) throw fail('the answer has no response');
  if (response['uid'] !== uid) throw fail('response.uid is not that of the request');
  const result = isRecord(response['result']) ? response['result'] : {};
  if (result['status'] !== 'Success') throw fail(String(result['message'] ?? 'the webhook refused'));
  const { convertedObjects } = response;
  if (!Array.isArray(convertedObjects) || convertedObjects.length !== objects.length)
    throw fail(`response.convertedObjects must have ${objects.length} items`);
  if (!isWithinDepth(answer)) throw fail('the answer is nested too deep');
  return convertedObjects.map((each: unknown, index) => {
    const source = objects[index]!; // of the same length
    if (!isRecord(each) || each['apiVersion'] !== desiredAPIVersion || each['kind'] !== source.kind)
      throw fail(`response.convertedObjects[${index}] is no ${desiredAPIVersion} ${source.kind}`);
    const { metadata } = each;
    if (
      !isRecord(metadata) ||
      (['name', 'namespace', 'uid'] as const).some((key) => !deepEqual(metadata[key], Object(source.metadata)[key]))
    )
      throw fail(`response.convertedObjects[${index}].metadata: name, namespace and uid must not change`);
    // Only labels and annotations are the webhook's to change, and selectors and clients take them for what they must be.
    const labels = textsOf(metadata['labels']);
    const annotations = textsOf(metadata['annotations']);
    const at = `response.convertedObjects[${index}].metadata`;
    if (!labels || !annotations) throw fail(`${at}: labels and annotations must be maps of strings`);
    const [wrong] = [
      ...validateLabels(labels, `${at}.labels`),
      ...Object.keys(annotations).flatMap((key) => validateLabelKey(key.toLowerCase(), `${at}.annotations`)),
    ];
    if (wrong) throw fail(`${wrong.field}: ${wrong.message}`);
    const { labels: _, annotations: __, ...kept } = source.metadata;
    return {
      ...each,
      metadata: {
        ...kept,
        ...(metadata['labels'] !== undefined && { labels }),
        ...(metadata['annotations'] !== undefined && { annotations }),
      },
    };
  });
}

/** undefined: it is no map of strings. */
function textsOf(value: unknown): Record<string, string> | undefined {
  if (value === undefined || value === null) return {};
  if (!isRecord(value) || Object.values(value).some((each) => typeof each !== 'string')) return undefined;
  // as: it was looked at.
  return value as Record<string, string>;
}
