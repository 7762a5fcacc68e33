// Installs the Debian packages that the tests use and that are missing: those of a node, and what only tests need.

import { isMissing, type Requirement } from '../../agent/install/requirements.ts';
import { installPackages, missingPackages } from '../../local/machine.ts';

const forTests: readonly Requirement[] = [
  { name: 'curl', why: 'is a client of the API server', files: ['/usr/bin/curl'] },
  { name: 'docker-registry', why: 'is the registry that tests pull from', files: ['/usr/bin/docker-registry'] },
  { name: 'prometheus', why: 'has promtool, which reads our metrics as Prometheus does', files: ['/usr/bin/promtool'] },
  { name: 'skopeo', why: 'copies images to it', files: ['/usr/bin/skopeo'] },
];

const missing = [...missingPackages(), ...forTests.filter(isMissing)];
for (const { name, why } of missing) console.log(`installing ${name}: ${why}`);
if (missing.length > 0) await installPackages(missing, (line) => console.log(line));
