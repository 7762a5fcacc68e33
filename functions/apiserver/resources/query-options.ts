// The options of a request, read from its query. Source: metav1 ListOptions, CreateOptions, PatchOptions, DeleteOptions.

import type { DeleteOptions } from '../../../core/kinds/delete-options.ts';
import { validateManagerName } from '../../../core/machinery/apply/managers.ts';
import {
  type FieldError,
  forbiddenField,
  invalid,
  invalidValue,
  notSupported,
  required,
} from '../../../core/machinery/field-error.ts';
import { isInteger } from '../../../core/machinery/json.ts';
import type { Int64 } from '../../../core/machinery/object.ts';
import { badRequest } from '../../../core/machinery/status.ts';
import type {
  GetOptions,
  ListOptions,
  PatchType,
  WatchOptions,
  WriteOptions,
} from '../../../core/registry/registry.ts';
import type { RoutedRequest } from '../http.ts';
import type { Query } from '../query.ts';
import type { RequestInfo } from '../request-info.ts';

export function listOptions(info: RequestInfo, query: Query): ListOptions {
  if (query.isEmpty) return {};
  if (query.has('sendInitialEvents'))
    throw invalid('ListOptions', 'meta.k8s.io', '', [
      forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list'),
    ]);
  const limit = query.integer('limit');
  const token = query.text('continue');
  return {
    ...selectors(info),
    ...(token && { continue: token }),
    ...match(query),
    ...(limit !== undefined && { limit }),
  };
}

export function watchOptions(info: RequestInfo, query: Query): WatchOptions & { timeoutSeconds?: number } {
  if (query.isEmpty) return {};
  const sendInitialEvents = query.optionalBoolean('sendInitialEvents');
  const timeoutSeconds = query.integer('timeoutSeconds');
  const token = query.text('continue');
  return {
    ...selectors(info),
    ...(token && { continue: token }),
    ...match(query),
    ...(sendInitialEvents !== undefined && { sendInitialEvents }),
    ...(query.boolean('allowWatchBookmarks') && { allowWatchBookmarks: true }),
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
  };
}

export function getOptions(query: Query): GetOptions {
  const resourceVersion = query.isEmpty ? undefined : query.text('resourceVersion');
  return resourceVersion ? { resourceVersion } : {};
}

/** Options of a create, update or patch. `patch` names the patch's type. Throws Invalid. */
export function writeOptions(
  request: RoutedRequest,
  query: Query,
  verb: 'Create' | 'Update' | 'Patch',
  patch?: PatchType,
): WriteOptions {
  const agent = managerOfAgent(request.headers['user-agent']);
  if (query.isEmpty && patch !== 'apply') return { fieldManager: agent, fieldValidation: 'Warn' };
  const errors: FieldError[] = [];
  const dryRun = query.texts('dryRun');
  const unknown = dryRun.find((each) => each !== 'All');
  if (unknown !== undefined) errors.push(notSupported('dryRun', dryRun, ['All']));
  const fieldManager = query.text('fieldManager') ?? '';
  if (patch === 'apply' && fieldManager === '') errors.push(required('fieldManager', 'is required for apply patch'));
  errors.push(...validateManagerName(fieldManager, 'fieldManager'));
  const validation = query.text('fieldValidation') || 'Warn';
  if (!isFieldValidation(validation))
    errors.push(notSupported('fieldValidation', validation, ['', 'Ignore', 'Strict', 'Warn']));
  if (query.has('force') && patch !== undefined && patch !== 'apply')
    errors.push(forbiddenField('force', 'may not be specified for non-apply patch'));
  if (errors.length > 0 || !isFieldValidation(validation)) throw invalid(`${verb}Options`, 'meta.k8s.io', '', errors);
  return {
    fieldManager: fieldManager || agent,
    fieldValidation: validation,
    ...(dryRun.length > 0 && { dryRun: true }),
    ...(patch === 'apply' && { force: query.boolean('force') }),
  };
}

/** From the body where there is one, else from the query. Throws BadRequest or Invalid. */
export function deleteOptions(query: Query, body: unknown): DeleteOptions {
  const given = body === undefined ? fromQuery(query) : fromBody(body);
  const errors: FieldError[] = [];
  const {
    propagationPolicy,
    dryRun = [],
    gracePeriodSeconds,
    orphanDependents,
    preconditions,
    ignoreUnreadable,
  } = given;
  if (propagationPolicy !== undefined && orphanDependents !== undefined)
    errors.push(
      invalidValue(
        'propagationPolicy',
        propagationPolicy,
        'orphanDependents and deletionPropagation cannot be both set',
      ),
    );
  if (propagationPolicy !== undefined && !isPropagation(propagationPolicy))
    errors.push(notSupported('propagationPolicy', propagationPolicy, ['Foreground', 'Background', 'Orphan', 'nil']));
  const unknown = dryRun.find((each) => each !== 'All');
  if (unknown !== undefined) errors.push(notSupported('dryRun', dryRun, ['All']));
  if (errors.length > 0) throw invalid('DeleteOptions', 'meta.k8s.io', '', errors);
  return {
    ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    ...(propagationPolicy !== undefined && isPropagation(propagationPolicy) && { propagationPolicy }),
    ...(orphanDependents !== undefined && { orphanDependents }),
    ...(preconditions && { preconditions }),
    ...(dryRun.length > 0 && { dryRun: true }),
    ...(ignoreUnreadable && { [ignoreOption]: true }),
  };
}

const ignoreOption = 'ignoreStoreReadErrorWithClusterBreakingPotential';

interface GivenDeleteOptions {
  gracePeriodSeconds?: Int64;
  propagationPolicy?: string;
  orphanDependents?: boolean;
  preconditions?: { uid?: string; resourceVersion?: string };
  dryRun?: string[];
  ignoreUnreadable?: boolean;
}

function fromQuery(query: Query): GivenDeleteOptions {
  if (query.isEmpty) return {};
  const dryRun = query.texts('dryRun');
  const gracePeriodSeconds = query.integer('gracePeriodSeconds');
  const propagationPolicy = query.text('propagationPolicy');
  const orphanDependents = query.optionalBoolean('orphanDependents');
  return {
    ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    ...(propagationPolicy !== undefined && { propagationPolicy }),
    ...(orphanDependents !== undefined && { orphanDependents }),
    ...(dryRun.length > 0 && { dryRun }),
    ...(query.boolean(ignoreOption) && { ignoreUnreadable: true }),
  };
}

function fromBody(body: unknown): GivenDeleteOptions {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw badRequest('the body of a delete must be a DeleteOptions object');
  // Read field by field below, each with its type checked.
  const { kind, gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions, dryRun } = body as Record<
    string,
    unknown
  >;
  if (kind !== undefined && kind !== '' && kind !== 'DeleteOptions')
    throw badRequest(`the body of a delete must have the kind DeleteOptions, not ${JSON.stringify(kind)}`);
  if (!isInteger(gracePeriodSeconds ?? 0))
    throw badRequest('DeleteOptions.gracePeriodSeconds must be a whole number of seconds');
  if (!optional(propagationPolicy, 'string')) throw badRequest('DeleteOptions.propagationPolicy must be a string');
  if (!optional(orphanDependents, 'boolean')) throw badRequest('DeleteOptions.orphanDependents must be a boolean');
  const ignore = Reflect.get(body, ignoreOption);
  if (!optional(ignore, 'boolean')) throw badRequest(`DeleteOptions.${ignoreOption} must be a boolean`);
  if (!optional(preconditions, 'object')) throw badRequest('DeleteOptions.preconditions must be an object');
  if (
    dryRun !== undefined &&
    dryRun !== null &&
    !(Array.isArray(dryRun) && dryRun.every((each) => typeof each === 'string'))
  )
    throw badRequest('DeleteOptions.dryRun must be an array of strings');
  // An object, by the check above; its fields are checked here.
  const { uid, resourceVersion } = (preconditions ?? {}) as Record<string, unknown>;
  if (!optional(uid, 'string') || !optional(resourceVersion, 'string'))
    throw badRequest('DeleteOptions.preconditions.uid and .resourceVersion must be strings');
  return {
    ...(isInteger(gracePeriodSeconds) && { gracePeriodSeconds }),
    ...(typeof propagationPolicy === 'string' && propagationPolicy !== '' && { propagationPolicy }),
    ...(typeof orphanDependents === 'boolean' && { orphanDependents }),
    ...(ignore === true && { ignoreUnreadable: true }),
    ...(preconditions !== undefined &&
      preconditions !== null && {
        preconditions: {
          ...(typeof uid === 'string' && { uid }),
          ...(typeof resourceVersion === 'string' && { resourceVersion }),
        },
      }),
    ...(Array.isArray(dryRun) && { dryRun }),
  };
}

function optional(value: unknown, type: 'number' | 'string' | 'boolean' | 'object'): boolean {
  return value === undefined || value === null || (typeof value === type && !Array.isArray(value));
}

function isFieldValidation(value: string): value is 'Ignore' | 'Warn' | 'Strict' {
  return value === 'Ignore' || value === 'Warn' || value === 'Strict';
}

function isPropagation(value: string): value is 'Orphan' | 'Background' | 'Foreground' {
  return value === 'Orphan' || value === 'Background' || value === 'Foreground';
}

function selectors({ labelSelector, fieldSelector }: RequestInfo): { labelSelector?: string; fieldSelector?: string } {
  return { ...(labelSelector && { labelSelector }), ...(fieldSelector && { fieldSelector }) };
}

function match(query: Query): Pick<ListOptions, 'resourceVersion' | 'resourceVersionMatch'> {
  const resourceVersion = query.text('resourceVersion');
  const value = query.text('resourceVersionMatch');
  return {
    ...(resourceVersion && { resourceVersion }),
    // The registry refuses what is not one of the two, naming the field.
    ...(value && { resourceVersionMatch: value as 'Exact' | 'NotOlderThan' }),
  };
}

/** What Kubernetes calls a writer that does not name itself: its user agent up to the first slash. */
function managerOfAgent(agent: string | undefined): string {
  const name = (agent ?? '').split('/')[0]?.trim() ?? '';
  return name === '' ? 'unknown' : name.slice(0, 128);
}
