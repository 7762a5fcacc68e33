// MutatingAdmissionWebhook and ValidatingAdmissionWebhook: asks the webhooks that are configured for a request.
// Mutating ones in the order of their names, each on what the one before made; validating ones all at once.

import type {
  V1MutatingWebhook,
  V1MutatingWebhookConfiguration,
  V1ValidatingWebhook,
  V1ValidatingWebhookConfiguration,
} from '../../../../generated/kubernetes.ts';
import type { ResourceDefinition } from '../../../api/definition.ts';
import { loadExpressions } from '../../../cel/expressions.ts';
import { holdsMore, isReadable, maxDepth, maxValues } from '../../../machinery/depth.ts';
import { reasonOf } from '../../../machinery/foreign-status.ts';
import { parseJson } from '../../../machinery/json.ts';
import { hasMoreValues } from '../../../machinery/json-commas.ts';
import { applyingJsonPatch, patchProblem } from '../../../machinery/json-patch.ts';
import { setOwn } from '../../../machinery/own.ts';
import { badRequest, StatusError } from '../../../machinery/status.ts';
import { runYielding, yieldToEventLoop } from '../../../machinery/steps.ts';
import { isRecord } from '../../../machinery/structure/field-at.ts';
import { WebhookError } from '../../webhooks/caller.ts';
import { reviewVersion } from '../../webhooks/review-version.ts';
import type { WebhookOutcome } from '../metrics.ts';
import type { Attributes, WriteEnvironment } from '../plugin.ts';
import { recordRun, runsNow } from '../reinvocation.ts';
import { inputsOf, matchConditions } from './expressions.ts';
import { matchRequest } from './match.ts';
import { objectsIn, requestOf, type ShownObjects } from './request.ts';
import { rewrite } from './rewrite.ts';

type Hook = V1ValidatingWebhook & Pick<V1MutatingWebhook, 'reinvocationPolicy'>;

/** `configurations`: those of mutating webhooks. */
export function mutateByWebhooks(
  attributes: Attributes,
  env: WriteEnvironment,
  configurations: readonly V1MutatingWebhookConfiguration[],
): Promise<void> {
  return timed(attributes, () => mutateAll(attributes, env, hooksOf(configurations)));
}

/** `configurations`: those of validating webhooks. */
export function validateByWebhooks(
  attributes: Attributes,
  env: WriteEnvironment,
  configurations: readonly V1ValidatingWebhookConfiguration[],
): Promise<void> {
  return timed(attributes, () => validateAll(attributes, env, hooksOf(configurations)));
}

async function timed({ context: { webhooks } }: Attributes, work: () => Promise<void>): Promise<void> {
  const began = performance.now();
  try {
    await work();
  } finally {
    if (webhooks) webhooks.seconds += (performance.now() - began) / 1000;
  }
}

interface KeyedHook {
  readonly hook: Hook;
  readonly key: string;
}

/** The replica gives configurations in the order of their names. */
function hooksOf(
  configurations: readonly (V1MutatingWebhookConfiguration | V1ValidatingWebhookConfiguration)[],
): readonly KeyedHook[] {
  return configurations.flatMap(({ metadata, webhooks }) =>
    (webhooks ?? []).map((hook: Hook, index) => ({ hook, key: `${metadata?.name}/${index}/${hook.name}` })),
  );
}

async function mutateAll(attributes: Attributes, env: WriteEnvironment, hooks: readonly KeyedHook[]): Promise<void> {
  for (const [round, { hook, key }] of hooks.entries()) {
    if (!runsNow(attributes, key, hook.reinvocationPolicy)) continue;
    const shown = await meant(env, attributes, hook);
    if (!shown) continue;
    const objects = await objectsIn(env, attributes, shown);
    const response = await ask(env, attributes, 'admit', hook, shown, objects);
    let changed = false;
    if (response?.['patch'] !== undefined && objects.object) {
      const patch = patchOf(response, hook.name);
      const large = isLarge(objects.object) || isLarge(patch);
      if (large) await yieldToEventLoop();
      const copy = structuredClone(objects.object);
      if (large) await yieldToEventLoop();
      const next = await applyPatchOf(copy, patch, hook.name, large);
      changed = await rewrite(
        env,
        attributes,
        shown,
        objects.object,
        next,
        `admission webhook ${JSON.stringify(hook.name)}`,
      );
    }
    annotate(attributes, `mutation.webhook.admission.k8s.io/round_0_index_${round}`, {
      webhook: hook.name,
      mutated: changed,
    });
    recordRun(attributes, key, changed);
  }
}

async function validateAll(attributes: Attributes, env: WriteEnvironment, hooks: readonly KeyedHook[]): Promise<void> {
  const answers = await Promise.allSettled(
    hooks.map(async ({ hook }) => {
      const shown = await meant(env, attributes, hook);
      if (shown) await ask(env, attributes, 'validating', hook, shown, await objectsIn(env, attributes, shown));
    }),
  );
  for (const each of answers) if (each.status === 'rejected') throw each.reason;
}

/** The version in which the hook wants to see the request; undefined: not at all. */
async function meant(
  env: WriteEnvironment,
  attributes: Attributes,
  hook: Hook,
): Promise<ResourceDefinition | undefined> {
  const shown = await matchRequest(env, attributes, {
    rules: hook.rules ?? [],
    ...(hook.matchPolicy && { matchPolicy: hook.matchPolicy }),
    ...(hook.namespaceSelector && { namespaceSelector: hook.namespaceSelector }),
    ...(hook.objectSelector && { objectSelector: hook.objectSelector }),
  });
  if (!shown || !hook.matchConditions?.length) return shown;
  await loadExpressions();
  const inputs = inputsOf(env, attributes, shown, await objectsIn(env, attributes, shown));
  const result = await matchConditions(hook.matchConditions, inputs);
  if ('matched' in result) return result.matched ? shown : undefined;
  if (hook.failurePolicy === 'Ignore') return undefined;
  const { group, resource } = attributes.definition;
  throw new StatusError(
    'Forbidden',
    `${resource}${group && `.${group}`} ${JSON.stringify(attributes.name)} is forbidden: ${result.error}`,
    { name: attributes.name, group, kind: resource },
  );
}

/** The response of a hook that allows the request; undefined when it gave none and that is to be ignored. */
async function ask(
  env: WriteEnvironment,
  attributes: Attributes,
  type: WebhookOutcome['type'],
  hook: Hook,
  shown: ResourceDefinition,
  objects: ShownObjects,
): Promise<Record<string, unknown> | undefined> {
  if (attributes.dryRun && hook.sideEffects !== 'None' && hook.sideEffects !== 'NoneOnDryRun')
    throw badRequest(`admission webhook ${JSON.stringify(hook.name)} does not support dry run`);
  const uid = env.random.uuid();
  const apiVersion = reviewVersion('admission.k8s.io', hook.admissionReviewVersions);
  const review = {
    kind: 'AdmissionReview',
    apiVersion,
    request: { uid, ...requestOf(attributes, shown), ...objects },
  };
  let response: Record<string, unknown>;
  const began = performance.now();
  const recordCall = (result: WebhookOutcome['result'], code: number) => {
    const { operation } = attributes;
    env.admissionMetrics?.webhook(
      { name: hook.name, type, operation, result, code },
      (performance.now() - began) / 1000,
    );
  };
  try {
    const answer = await env.callWebhook(hook.clientConfig, review, (hook.timeoutSeconds ?? 10) * 1000, maxValues);
    response = responseOf(answer, uid, apiVersion);
  } catch (error) {
    if (!(error instanceof WebhookError)) throw error;
    recordCall(hook.failurePolicy === 'Ignore' ? 'failed-open' : 'failed', 0);
    if (hook.failurePolicy === 'Ignore') {
      annotate(attributes, `failed-open.${attributes.operation.toLowerCase()}.webhook.admission.k8s.io`, hook.name);
      return undefined;
    }
    throw new StatusError(
      'InternalError',
      `Internal error occurred: failed calling webhook ${JSON.stringify(hook.name)}: ${error.code === 'answer' ? '' : 'failed to call webhook: '}${error.message}`,
      { causes: [{ reason: 'InternalError', message: error.message }] },
    );
  }
  const { warnings, auditAnnotations } = response;
  // More do not fit into an answer's headers (content/warnings.ts).
  if (Array.isArray(warnings))
    for (const each of warnings.slice(0, mostWarnings))
      if (typeof each === 'string') attributes.context.warnings.push(each);
  if (isRecord(auditAnnotations))
    for (const [key, value] of Object.entries(auditAnnotations)) annotate(attributes, `${hook.name}/${key}`, value);
  if (response['allowed'] !== true) {
    const refusal = denied(hook.name, response['status']);
    recordCall('denied', refusal.code);
    throw refusal;
  }
  recordCall('allowed', 200);
  return response;
}

const tooMuch = `has more than ${maxValues} values, or nests them deeper than ${maxDepth} levels`;
/** Of one answer. */
const mostWarnings = 100;

/** Its values are as many, and as deep, as those of a request: more would hold up everybody, and their patch is refused anyway. */
function responseOf(answer: Record<string, unknown>, uid: string, asked: string): Record<string, unknown> {
  if (!isReadable(answer)) throw new WebhookError('answer', `the answer ${tooMuch}`);
  const { response, apiVersion, kind } = answer;
  // Before v1 webhooks left out what they had been asked.
  const old = asked.endsWith('/v1beta1');
  if (apiVersion !== asked && !(old && !apiVersion && !kind))
    throw new WebhookError(
      'answer',
      `expected webhook response of ${asked}, Kind=AdmissionReview, got ${String(apiVersion)}`,
    );
  if (!isRecord(response)) throw new WebhookError('answer', 'webhook response was absent');
  if (!old && response['uid'] !== uid)
    throw new WebhookError(
      'answer',
      `expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response['uid'])}`,
    );
  return old ? { patchType: 'JSONPatch', ...response } : response;
}

/** Worked on in turns with what else there is to do. */
function isLarge(value: unknown): boolean {
  return holdsMore(value, 2000);
}

/** What a webhook says of its refusal, in characters. */
const maxRefusal = 8 * 1024;

function denied(name: string, status: unknown): StatusError {
  const { message, reason, code } = isRecord(status) ? status : {};
  const who = `admission webhook ${JSON.stringify(name)} denied the request`;
  const text = message ? `${who}: ${message}` : reason ? `${who}: ${reason}` : `${who} without explanation`;
  return new StatusError(reasonOf(reason, code, 'Forbidden'), text.slice(0, maxRefusal), {});
}

function patchOf({ patch, patchType }: Record<string, unknown>, name: string): unknown {
  try {
    if (patchType !== 'JSONPatch' || typeof patch !== 'string') throw new SyntaxError('patchType must be JSONPatch');
    const text = Buffer.from(patch, 'base64').toString('utf8');
    const operations = hasMoreValues(text, maxValues) ? undefined : parseJson(text);
    if (operations === undefined || !isReadable(operations)) throw new SyntaxError(`it ${tooMuch}`);
    return operations;
  } catch (error) {
    // Only what is just above can fail.
    throw new StatusError(
      'InternalError',
      `Internal error occurred: admission webhook ${JSON.stringify(name)} sent no JSON patch: ${(error as Error).message}`,
    );
  }
}

async function applyPatchOf(object: unknown, patch: unknown, name: string, large: boolean): Promise<unknown> {
  try {
    return await runYielding(applyingJsonPatch(object, patch), large);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    throw new StatusError(
      'InternalError',
      `Internal error occurred: the patch of admission webhook ${JSON.stringify(name)} does not apply: ${patchProblem(error)}`,
    );
  }
}

function annotate({ context }: Attributes, key: string, value: unknown): void {
  if (context.audit) setOwn(context.audit, key, typeof value === 'string' ? value : JSON.stringify(value));
}
