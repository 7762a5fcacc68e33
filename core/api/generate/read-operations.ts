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

/** The API classes whose documents are served though no resource is of them. */
export const documentApis = ['Core', 'Apis', 'Apps', 'Version'] as const;

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
