// How an EC2 instance of the worker group becomes a node: a unit of systemd that runs once, is tried again until it went well, and then tells
// CloudFormation. An update of the group waits for that word, one instance at a time: an agent or an image that does not come up stops it
// there. Nothing in it is secret: the machine signs in by the identity of its role.

/** The Node that the agent is made for, as package-lock.json has it. */
export interface LockedNode {
  readonly name: string;
  readonly version: string;
  /** In hexadecimal. */
  readonly sha512: string;
}

export interface Bootstrap {
  readonly cluster: string;
  readonly region: string;
  /** Of AWS' services: `amazonaws.com`. */
  readonly urlSuffix: string;
  readonly apiUrl: string;
  /** The agent's bundle, zipped, in S3. */
  readonly agentUrl: string;
  readonly node: LockedNode;
  readonly stackName: string;
  /** Of the group in the stack. */
  readonly logicalId: string;
}

const packages =
  'containerd runc containernetworking-plugins nftables conntrack iproute2 wireguard-tools curl unzip npm';
const dataDir = '/var/lib/zeroplane/agent';
const script = '/opt/zeroplane-bootstrap';

/** Lines of user data: cloud-init runs them once, as root, while it may still hold apt itself. */
export function userDataOf(bootstrap: Bootstrap): string[] {
  return [
    'set -eu',
    ...fileOf(script, scriptOf(bootstrap)),
    `chmod 755 ${script}`,
    ...fileOf('/etc/systemd/system/zeroplane-bootstrap.service', bootstrapUnit),
    'systemctl daemon-reload',
    'systemctl enable --now --no-block zeroplane-bootstrap',
  ];
}

/** Quoted: nothing in it is expanded here. */
function fileOf(path: string, lines: readonly string[]): string[] {
  return [`cat > ${path} <<'ZEROPLANE_END'`, ...lines, 'ZEROPLANE_END'];
}

const bootstrapUnit = [
  '[Unit]',
  'Description=Makes this machine a node of a Zeroplane cluster',
  'After=network-online.target',
  'Wants=network-online.target',
  'ConditionPathExists=!/var/lib/zeroplane/bootstrapped',
  'StartLimitIntervalSec=0',
  '[Service]',
  'Type=oneshot',
  `ExecStart=/bin/sh ${script}`,
  'Restart=on-failure',
  'RestartSec=15',
  '[Install]',
  'WantedBy=multi-user.target',
];

/** Each step may be done again: the next try begins anew. */
function scriptOf(bootstrap: Bootstrap): string[] {
  const { cluster, region, urlSuffix, apiUrl, agentUrl, stackName, logicalId } = bootstrap;
  return [
    'set -eu',
    'export DEBIAN_FRONTEND=noninteractive HOME=/root',
    // First boot holds apt's locks for minutes: cloud-init, and unattended upgrades.
    'apt="apt-get -q -o DPkg::Lock::Timeout=900"',
    '$apt update',
    `$apt install -y --no-install-recommends ${packages}`,
    'systemctl disable --now containerd || true',
    ...installNode(bootstrap.node),
    'IMDS=http://169.254.169.254/latest',
    'TOKEN=$(curl -sf -X PUT $IMDS/api/token -H "X-aws-ec2-metadata-token-ttl-seconds: 21600")',
    'meta() { curl -sf -H "X-aws-ec2-metadata-token: $TOKEN" $IMDS/meta-data/$1; }',
    'ROLE=$(meta iam/security-credentials/)',
    // signed SERVICE ...: curl as the role. Its credentials are on no command line and in no file that outlives the call.
    'signed() {',
    '  service=$1; shift',
    '  umask 077; meta iam/security-credentials/$ROLE > /run/zeroplane-role.json',
    '  key() { sed -n "s/.*\\"$1\\" : \\"\\([^\\"]*\\)\\".*/\\1/p" /run/zeroplane-role.json; }',
    '  { echo "user = \\"$(key AccessKeyId):$(key SecretAccessKey)\\""; echo "header = \\"x-amz-security-token: $(key Token)\\""; } |',
    `    curl -sSf -L --retry 3 --config - --aws-sigv4 "aws:amz:${region}:$service" "$@" && code=0 || code=$?`,
    '  rm -f /run/zeroplane-role.json; return $code',
    '}',
    `signed s3 -o /tmp/agent.zip "${agentUrl}"`,
    'mkdir -p /opt/zeroplane && unzip -q -o /tmp/agent.zip -d /opt/zeroplane && rm /tmp/agent.zip',
    'ID=$(meta instance-id)',
    'cat > /etc/systemd/system/zeroplane-agent.service <<UNIT',
    '[Unit]',
    'Description=Zeroplane node agent',
    'After=network-online.target',
    'Wants=network-online.target',
    '[Service]',
    `ExecStart=/opt/node/bin/node /opt/zeroplane/index.mjs join --server ${apiUrl} --aws --cluster ${cluster} --region ${region} --node-name $ID --data-dir ${dataDir}`,
    'Restart=always',
    'RestartSec=5',
    'KillMode=process',
    '[Install]',
    'WantedBy=multi-user.target',
    'UNIT',
    'systemctl daemon-reload',
    'systemctl enable --now zeroplane-agent',
    // It is written once the control plane took the machine in.
    `for i in $(seq 60); do [ -e ${dataDir}/membership.json ] && break; sleep 5; done; [ -e ${dataDir}/membership.json ]`,
    // A stack that does not wait for it refuses the word.
    `signed cloudformation -o /dev/null -d "Action=SignalResource&Version=2010-05-15&StackName=${stackName}&LogicalResourceId=${logicalId}&UniqueId=$ID&Status=SUCCESS" https://cloudformation.${region}.${urlSuffix}/ || true`,
    'touch /var/lib/zeroplane/bootstrapped',
  ];
}

/** Nothing of it runs before its hash was compared. */
function installNode({ name, version, sha512 }: LockedNode): string[] {
  const archive = `${name}-${version}.tgz`;
  return [
    `(cd /tmp && npm pack --silent --ignore-scripts ${name}@${version})`,
    `echo "${sha512}  /tmp/${archive}" | sha512sum --check --strict -`,
    `mkdir -p /opt/node && tar -xzf /tmp/${archive} -C /opt/node --strip-components=1 && rm /tmp/${archive}`,
  ];
}
