// Formats of texts are of custom resources alone, which many processes never write. They are loaded once, before the first write of one, or of a
// definition; what runs without waiting takes them from here.

import { StatusError } from '../status.ts';

type TextFormats = typeof import('./text-formats.ts');

let loaded: TextFormats | undefined;

/** To be waited for before anything is validated by a schema of somebody's. Undefined: there is nothing to wait for. */
export function loadTextFormats(): Promise<void> | undefined {
  return loaded ? undefined : load();
}

async function load(): Promise<void> {
  loaded = await import('./text-formats.ts');
}

/** Throws where nobody has loaded them: a defect of ours, which is reported as such. */
export function textFormats(): TextFormats {
  if (!loaded) throw new StatusError('InternalError', 'a format was met before what checks it was loaded');
  return loaded;
}
