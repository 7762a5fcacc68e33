// Reads one object: the stored bytes as they are, unless another version is asked for.

import type { ReadEnvironment } from '../../kinds/environment.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { notFound } from '../../machinery/status.ts';
import { decodeObject } from '../../store/encode-object.ts';
import type { Outcome, Target } from '../registry.ts';
import { storeStatus } from '../store-errors.ts';
import { keyOf, subjectOf } from '../target.ts';
import { isServedAsStored, present } from '../versions.ts';

export async function get(env: ReadEnvironment, target: Target): Promise<Outcome> {
  const { definition } = target;
  const key = keyOf(target);
  try {
    const item = await env.store.get(definition.type, key);
    if (!item) throw notFound(subjectOf(definition), target.name ?? '');
    const outcome = new LazyOutcome(item.value);
    return isServedAsStored(env, definition) ? outcome : await present(env, definition, outcome);
  } catch (error) {
    throw storeStatus(error, subjectOf(definition), target.name ?? '');
  }
}

/** Most gets only send the bytes: the object is parsed on first use. A class, since a literal with a getter takes many times as long. */
class LazyOutcome implements Outcome {
  readonly bytes: Uint8Array;
  private decoded: KubeObject | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.decoded = undefined;
  }

  get object(): KubeObject {
    this.decoded ??= decodeObject(this.bytes);
    return this.decoded;
  }
}
