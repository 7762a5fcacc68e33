// Operations of the client package: path, method, body and answer of every call of the APIs that are served.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Operation {
  readonly path: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** The package's method name, such as `createNamespacedPod`. */
  readonly id: string;
  readonly body?: string;
  readonly answer?: string;
}

/** The API classes that Kubernetes 1.36 serves by default, plus the documents that are not of a group. */
export const servedApis = [
  'CoreV1',
  'AppsV1',
  'BatchV1',
  'AutoscalingV1',
  'AutoscalingV2',
  'PolicyV1',
  'NetworkingV1',
  'DiscoveryV1',
  'RbacAuthorizationV1',
  'StorageV1',
  'SchedulingV1',
  'CoordinationV1',
  'NodeV1',
  'EventsV1',
  'CertificatesV1',
  'AdmissionregistrationV1',
  'ApiextensionsV1',
  'ApiregistrationV1',
  'AuthenticationV1',
  'AuthorizationV1',
  'FlowcontrolApiserverV1',
  'ResourceV1',
  'Core',
  'Apis',
  'Apps',
  'Version',
] as const;

export function readOperations(folder: string, apis: readonly string[]): Operation[] {
  return apis.flatMap((api) => {
    const source = readFileSync(join(folder, `${api}Api.js`), 'utf8');
    const answers = readAnswers(readFileSync(join(folder, `${api}Api.d.ts`), 'utf8'));
    const requests = source.slice(0, source.indexOf('ResponseProcessor {'));
    return requests.split(/^ {4}async (?=\w+\()/m).flatMap((text) => {
      const path = /localVarPath = '([^']+)'/.exec(text)?.[1];
      const method = /HttpMethod\.(GET|POST|PUT|PATCH|DELETE)\)/.exec(text)?.[1];
      const id = /^\w+/.exec(text)?.[0];
      if (!path || !method || !id) return [];
      const body = /ObjectSerializer\.serialize\(body, "(\w+)"/.exec(text)?.[1];
      const answer = answers.get(id);
      // The expression above admits only these five.
      return [
        {
          path,
          method: method as Operation['method'],
          id,
          ...(body && body !== 'any' && { body }),
          ...(answer && { answer }),
        },
      ];
    });
  });
}

function readAnswers(declarations: string): Map<string, string> {
  const found = declarations.matchAll(
    /^ {4}(\w+)WithHttpInfo\(response: ResponseContext\): Promise<HttpInfo<(\w+)>>/gm,
  );
  return new Map([...found].map((each) => [each[1]!, each[2]!]));
}
