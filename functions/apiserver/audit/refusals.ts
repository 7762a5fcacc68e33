// What a front refuses of the clusters behind it, before an API server has seen it, written down in the host's audit log: a cluster that
// sleeps, is full or is not there has none of its own to say so. Nobody has read who asks.

import { randomUUID } from 'node:crypto';
import type { StatusError } from '../../../core/machinery/status.ts';
import { plainJson } from '../content/negotiate.ts';
import { respondError } from '../content/respond.ts';
import type { ApiRequest, ApiResponse } from '../http.ts';
import { parseQuery } from '../query.ts';
import { parseRequestInfo, type RequestInfo, unreadableRequestInfo } from '../request-info.ts';
import type { Audit } from './audit.ts';
import { auditIDOf } from './event.ts';

/** What the client gets. `broken`: the failure is ours. */
export async function refuse(
  audit: Audit | undefined,
  request: ApiRequest,
  error: StatusError,
  broken = false,
): Promise<ApiResponse> {
  const auditID = auditIDOf(request, randomUUID);
  const response = respondError(error, plainJson);
  response.headers['audit-id'] = auditID;
  const info = infoOf(request);
  const record = audit?.begin(request, { auditID, receivedAt: Date.now(), info, user: undefined });
  return (await record?.finish(response, error.status, broken)) ?? response;
}

function infoOf({ method, path, query }: ApiRequest): RequestInfo {
  try {
    return parseRequestInfo(method, path, parseQuery(query));
  } catch {
    return unreadableRequestInfo(method, path);
  }
}
