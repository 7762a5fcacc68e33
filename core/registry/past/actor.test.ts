import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Actor, decodeActor, encodeActor } from './actor.ts';

const auditID = '0f8fad5b-d9cb-469f-a165-70867728950e';

describe('an actor in the log', () => {
  const person: Actor = {
    user: 'alice@acme.com',
    verb: 'patch',
    userAgent: 'kubectl/v1.36.0',
    sourceIP: '192.0.2.7',
    auditID,
  };

  it('is read as it was written', () => {
    const given = {
      ...person,
      impersonatedBy: 'system:serviceaccount:ci:bot',
      subresource: 'scale',
      fieldManager: 'mine',
    };
    expect(decodeActor(encodeActor(given))).toEqual(given);
    expect(decodeActor(encodeActor({ user: '~odd', verb: 'delete', auditID: 'mine' }))).toEqual({
      user: '~odd',
      verb: 'delete',
      auditID: 'mine',
    });
  });

  it('leaves out what the name of the client or of the user says already', () => {
    const agent = 'kubectl/v1.36.0 (linux/amd64) kubernetes/abc';
    expect(decodeActor(encodeActor({ ...person, userAgent: agent, fieldManager: 'kubectl' }))).toEqual(person);
    expect(encodeActor({ user: 'system:kube-scheduler', verb: 'create', fieldManager: 'system:kube-scheduler' })).toBe(
      'c%kube-scheduler',
    );
  });

  it('is short: of a controller, a node and a person', () => {
    const sizes = [
      { user: 'system:serviceaccount:kube-system:deployment-controller', verb: 'update' as const },
      { ...person, user: 'system:node:worker-1', userAgent: 'zeroplane-agent/0.4.0' },
      person,
    ].map((each) => Buffer.byteLength(encodeActor(each)));
    expect(sizes[0]).toBeLessThan(26);
    expect(sizes[1]).toBeLessThan(90);
    expect(sizes[2]).toBeLessThan(90);
  });

  it('holds no more than so much, whatever is sent, and nobody else’s fields', () => {
    const anyText = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.constantFrom('a\x1fb', '\x1f'.repeat(9)),
    );
    const actors = fc.record({
      user: anyText,
      fieldManager: anyText,
      userAgent: anyText,
      auditID: anyText,
      subresource: anyText,
    });
    fc.assert(
      fc.property(actors, (given) => {
        const text = encodeActor({ ...given, verb: 'create', impersonatedBy: 'boss', sourceIP: '192.0.2.7' });
        expect(text.length).toBeLessThan(700);
        expect(decodeActor(text)).toMatchObject({ verb: 'create', impersonatedBy: 'boss', sourceIP: '192.0.2.7' });
      }),
    );
  });

  it('of another version is none', () => {
    expect(decodeActor('')).toBeUndefined();
    expect(decodeActor('zwho')).toBeUndefined();
  });
});
