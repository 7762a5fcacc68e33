// What strategies, allocation and admission need from outside: state, definitions, time, chance, and the cluster's settings.

import type { Definitions } from '../api/definition.ts';
import type { Rbac } from '../authorization/rbac.ts';
import type { KubeObject } from '../machinery/object.ts';
import type { Replicas } from '../replica/replica.ts';
import type { Stored } from '../replica/stored-type.ts';
import type { Store, TypeName } from '../store/store.ts';

export interface Random {
  /** A version 4 UUID. */
  uuid(): string;
  /** A number in [0, 1). */
  number(): number;
}

/** What a read needs. */
export interface ReadEnvironment {
  readonly store: Store;
  readonly replicas: Replicas;
  readonly definitions: Definitions;
  readonly clock: () => Date;
}

export interface Environment extends ReadEnvironment {
  readonly random: Random;
  readonly serviceCIDRs: readonly string[];
  readonly nodePortRange: readonly [number, number];
  readonly clusterDomain: string;
  /** Who holds what; and the authorizer of requests that bring none of their own. */
  rbac(): Promise<Rbac>;
  /** From the replica: may be behind. Falls back to the store when the replica does not have it. Never change the result. */
  lookUp<T extends TypeName>(type: T, key: string): Promise<Stored<T, KubeObject> | undefined>;
  /** All of a type whose keys start with `prefix`, from the replica: may be behind. Never change the results. */
  lookAll<T extends TypeName>(type: T, prefix?: string): Promise<Stored<T, KubeObject>[]>;
}
