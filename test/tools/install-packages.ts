// Installs the Debian packages that the tests use and that are missing: those of a node, and what test images are made from.

import { installPackages, missingPackages } from '../../local/machine.ts';

const missing = missingPackages();
if (missing.length > 0) await installPackages(missing, (line) => console.log(line));
