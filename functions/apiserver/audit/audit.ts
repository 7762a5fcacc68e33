// The audit log: what the policy wants of each request, written to a sink. Loaded where there is a policy; what it costs beyond that is
// the line that is written, and, at the levels that ask for them, reading the bodies.

import type { UserInfo } from '../../../core/authorization/user-info.ts';
import type { Status } from '../../../core/machinery/status.ts';
import { contentType, decodeBody, readBody } from '../content/body.ts';
import { ending, isStream, once } from '../content/ending.ts';
import type { ApiRequest, ApiResponse } from '../http.ts';
import { type RequestInfo, streamSubresources } from '../request-info.ts';
import { type AuditEvent, microTime, objectReference, sourceIPs, withoutManagedFields } from './event.ts';
import { type AuditDecision, type AuditPolicy, type AuditStage, decide } from './policy.ts';

/** Takes a line without its end. Must not throw, and must not make a request wait. */
export interface AuditSink {
  write(line: string): void;
  /** Lines that could not be kept. */
  readonly lost?: () => number;
}

export interface Audit {
  /** Once it is known who asks; undefined where the policy is not interested. */
  begin(request: ApiRequest, started: AuditStart): AuditRecord | undefined;
  /** Since the start: events that were written, and lines that the sink could not keep. */
  counts(): { readonly events: number; readonly lost: number };
}

export interface AuditStart {
  readonly auditID: string;
  /** Unix milliseconds. */
  readonly receivedAt: number;
  readonly info: RequestInfo;
  /** Who really sent it; undefined when nobody could be found out. */
  readonly user: UserInfo | undefined;
}

/** Whose a request is, for who answers what it was sent on for. */
export interface AuditTrail {
  readonly auditID: string;
  readonly user?: UserInfo;
  readonly impersonated?: UserInfo;
}

export interface AuditRecord {
  readonly annotations: Record<string, string>;
  readonly trail: AuditTrail;
  impersonates(user: UserInfo): void;
  /** Where the policy wants the object of the request, its body is read. */
  readRequest(): Promise<void>;
  /** The response as the client is to see it. `failure`: what was answered instead of an object; `broken`: it was our own failure. */
  finish(
    response: ApiResponse | undefined,
    failure: Status | undefined,
    broken: boolean,
  ): Promise<ApiResponse | undefined>;
  /** A connection that left HTTP has ended. */
  closed(): void;
}

export function createAudit(policy: AuditPolicy, sink: AuditSink, now: () => number): Audit {
  let events = 0;
  const write = (event: AuditEvent) => {
    events += 1;
    sink.write(JSON.stringify(event));
  };
  return {
    counts: () => ({ events, lost: sink.lost?.() ?? 0 }),
    begin(request, started) {
      const decision = decide(policy, started.user, started.info);
      return decision.level === 'None' ? undefined : createRecord(request, started, decision, write, now);
    },
  };
}

function createRecord(
  request: ApiRequest,
  { auditID, receivedAt, info, user }: AuditStart,
  { level, omitStages, omitManagedFields }: AuditDecision,
  write: (event: AuditEvent) => void,
  now: () => number,
): AuditRecord {
  const received = microTime(receivedAt);
  const annotations: Record<string, string> = {};
  const addresses = sourceIPs(request);
  const userAgent = request.headers['user-agent'];
  const requestURI = request.query === '' ? request.path : `${request.path}?${request.query}`;
  const tidy = (object: unknown) => (omitManagedFields ? withoutManagedFields(object) : object);
  // What streams carry is no object, and belongs to others.
  const readable = info.isResource && !streamSubresources.has(info.subresource);
  const wantsResponse = level === 'RequestResponse' && readable && !isCredential(info);
  const wantsRequest = wantsResponse || (level === 'Request' && readable);
  let impersonated: UserInfo | undefined;
  let requestObject: unknown;
  /** What the reference to the object is filled from. */
  let subject: unknown;
  let complete = (): void => undefined;

  const emit = (stage: AuditStage, answer: Pick<AuditEvent, 'responseStatus' | 'responseObject'> = {}) => {
    if (omitStages.has(stage)) return;
    const objectRef = objectReference(info, subject);
    write({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level,
      auditID,
      stage,
      requestURI,
      verb: info.verb,
      user: user ?? {},
      ...(impersonated && { impersonatedUser: impersonated }),
      ...(addresses.length > 0 && { sourceIPs: addresses }),
      ...(userAgent !== undefined && { userAgent }),
      ...(objectRef && { objectRef }),
      ...(requestObject !== undefined && { requestObject: tidy(requestObject) }),
      ...answer,
      requestReceivedTimestamp: received,
      stageTimestamp: microTime(now()),
      ...(Object.keys(annotations).length > 0 && { annotations: { ...annotations } }),
    });
  };
  emit('RequestReceived');

  return {
    annotations,
    get trail() {
      return { auditID, ...(user && { user }), ...(impersonated && { impersonated }) };
    },
    impersonates(acting) {
      impersonated = acting;
    },
    async readRequest() {
      if (!wantsRequest || request.body === undefined) return;
      requestObject = await objectOf(await readBody(request), contentType(request));
      subject = requestObject;
    },
    async finish(response, failure, broken) {
      const responseStatus = failure ?? { metadata: {}, code: response?.status ?? 101 };
      if (!response || isStream(response)) {
        emit('ResponseStarted', { responseStatus });
        complete = once(() => emit('ResponseComplete', { responseStatus }));
        return response && { ...response, body: ending(response.body, complete) };
      }
      // The URL of a create does not name what it makes: its answer does.
      const makes = readable && info.verb === 'create' && info.name === '';
      const body =
        !failure && (wantsResponse || (makes && subject === undefined)) ? await wholeBody(response) : undefined;
      const object = failure ?? (body && (await objectOf(body, typeOf(response))));
      if (makes) subject ??= object;
      const shown = wantsResponse && object !== undefined && { responseObject: tidy(object) };
      emit(broken ? 'Panic' : 'ResponseComplete', { responseStatus, ...shown });
      return body ? { ...response, body } : response;
    },
    closed() {
      complete();
    },
  };
}

/** An answer that is somebody's private key, good for a year, and so is nobody's to read in a log. */
function isCredential({ group, resource, subresource }: RequestInfo): boolean {
  return group === 'zeroplane.dev' && resource === 'clusters' && subresource === 'kubeconfig';
}

async function wholeBody({ body }: ApiResponse): Promise<Uint8Array | undefined> {
  if (body === undefined || body instanceof Uint8Array) return body;
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts);
}

function typeOf({ headers }: ApiResponse): string {
  const [type = ''] = String(headers['content-type'] ?? '').split(';');
  return type.trim();
}

/** Patches are JSON under names of their own. What cannot be read is left out: whoever reads it for the request says what is wrong. */
async function objectOf(body: Uint8Array, type: string): Promise<unknown> {
  if (body.length === 0) return undefined;
  const plain = type
    .replace('apply-patch+', '')
    .replace(/(json-patch|merge-patch|strategic-merge-patch|vnd\.kubernetes\.[a-z-]+)\+json/, 'json');
  try {
    return (await decodeBody(body, plain)).value;
  } catch {
    return undefined;
  }
}
