import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type ReceivedResource, receivedResources } from '../../../core/node/protocol.ts';
import { wholeBody } from '../content/list-body.ts';
import { desiredBody, type EncodedState } from './desired-state.ts';

const changes = fc.record({ put: fc.array(fc.dictionary(fc.string(), fc.string())), remove: fc.array(fc.string()) });
const resources = fc.array(fc.tuple(fc.constantFrom(...receivedResources), changes), { maxLength: 4 });

it('is the JSON of what it was given, whatever changed of which resources', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string(), fc.boolean(), resources, async (cursor, full, given) => {
      const expectedOf = new Map<ReceivedResource, { put: unknown[]; remove: string[] }>(given);
      const encoded: EncodedState['resources'] = Object.fromEntries(
        [...expectedOf].map(([resource, { put, remove }]) => [
          resource,
          { put: put.map((each) => Buffer.from(JSON.stringify(each))), remove },
        ]),
      );
      const { bytes, body } = desiredBody({ cursor, full, resources: encoded });
      const whole = await wholeBody(body);
      expect(whole.length).toBe(bytes);
      // Through JSON: an object of any fields has no prototype.
      const expected = JSON.stringify({ cursor, full, resources: Object.fromEntries(expectedOf) });
      expect(Buffer.from(whole).toString()).toBe(`${expected}\n`);
    }),
  );
});
