// The version of this program, of which `--version` speaks.

import own from '../../package.json' with { type: 'json' };

export const version: string = own.version;
