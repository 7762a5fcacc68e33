// Environments of one variable: a device that is asked for, the claims of a token, and the user that is made of them.

import { type Environment, type StructType, withVariables } from '../check/environment.ts';
import { quantityType } from '../libraries/quantity.ts';
import * as t from '../types/types.ts';
import { kubernetes } from './environment.ts';

function typed(name: string, fields: Readonly<Record<string, t.Type>>): (of: string) => StructType | undefined {
  const known = new Map(Object.entries(fields));
  return (of) => (of === name ? { name, field: (field) => known.get(field) } : undefined);
}

const domains = (value: t.Type) => t.map(t.string, t.map(t.string, value));

/** Source: KEP-4381. */
export const deviceEnvironment: Environment = withVariables(
  kubernetes,
  [['device', t.struct('kubernetes.DRADevice')]],
  typed('kubernetes.DRADevice', {
    driver: t.string,
    attributes: domains(t.dyn),
    capacity: domains(quantityType),
    allowMultipleAllocations: t.bool,
  }),
);

export const claimsEnvironment: Environment = withVariables(kubernetes, [['claims', t.map(t.string, t.dyn)]]);

export const userEnvironment: Environment = withVariables(
  kubernetes,
  [['user', t.struct('kubernetes.UserInfo')]],
  typed('kubernetes.UserInfo', {
    username: t.string,
    uid: t.string,
    groups: t.list(t.string),
    extra: t.map(t.string, t.list(t.string)),
  }),
);
