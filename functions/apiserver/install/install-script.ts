// The installer as a machine gets it: it fetches the agent as one file over TLS that the cluster's own authority vouches for, compares its
// checksum, and hands over to `zeroplane agent install`, which does all else. POSIX sh; busybox has what it uses, beside curl.

import { programFile } from '../../../core/node/agent-program.ts';
import type { AgentProgram } from './agent-program.ts';

export function installScript(
  programs: readonly Pick<AgentProgram, 'architecture' | 'sha256'>[],
  authority: string | undefined,
): string {
  const sums = programs.map(({ architecture, sha256 }) => `    ${architecture}) sum=${sha256} ;;`).join('\n');
  const names = programs.map(({ architecture }) => architecture).join(', ') || 'none yet';
  const curl = authority === undefined ? 'curl -fsSL' : 'curl -fsSL --cacert "$work/ca.crt"';
  return `#!/bin/sh
# Makes this machine a node of a Zeroplane cluster:
#   curl ... https://API/install-agent | ZEROPLANE_TOKEN=TOKEN sh -s -- --server https://API
# The token may also be given with --token TOKEN (every user of this machine sees it there while this runs) or --token-file FILE.
# All else is handed to the agent: \`zeroplane agent install --help\`.
set -eu

fail() {
  echo "install-agent: $1" >&2
  exit 1
}

# In a function: of a script that was cut off on its way, nothing runs.
main() {
  server=
  token_file=
  bin_dir=/usr/local/bin
  count=$#
  while [ "$count" -gt 0 ]; do
    flag=$1
    shift
    count=$((count - 1))
    case "$flag" in
    --server | --token | --token-file | --bin-dir)
      [ "$count" -gt 0 ] || fail "$flag: its value is missing"
      value=$1
      shift
      count=$((count - 1))
      case "$flag" in
      --server) server=$value ;;
      --token) ZEROPLANE_TOKEN=$value ;;
      --token-file) token_file=$value ;;
      --bin-dir) bin_dir=$value ;;
      esac
      ;;
    # Moved to the end: what is left in the end is for the agent, in its order.
    *) set -- "$@" "$flag" ;;
    esac
  done
  [ "$(id -u)" = 0 ] || fail "a node needs root, for containers and network rules: pipe into 'sudo --preserve-env=ZEROPLANE_TOKEN sh' instead, with ZEROPLANE_TOKEN exported"
  [ "$(uname -s)" = Linux ] || fail "the agent runs on Linux; this is $(uname -s)"
  case "$server" in
  https://*) ;;
  *) fail "--server: give the URL of the API, as 'zeroplane node token' printed it" ;;
  esac
  case "$(uname -m)" in
  x86_64 | amd64) arch=amd64 ;;
  aarch64 | arm64) arch=arm64 ;;
  *) arch=$(uname -m) ;;
  esac
  case "$arch" in
${sums}
    *) fail "the cluster serves no agent for $arch (it has: ${names}): make one where its control plane runs, with 'npm run release'" ;;
  esac
  for tool in curl gzip sha256sum; do
    command -v "$tool" >/dev/null 2>&1 || fail "$tool is missing: install it (apt-get install $tool, dnf install $tool) and start again"
  done

  mkdir -p "$bin_dir"
  # Beside where it will be: the move is one step, and /tmp may forbid programs.
  work=$(mktemp -d "$bin_dir/.zeroplane-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' HUP INT TERM
${authority === undefined ? '' : authorityBlock(authority)}
  echo "install-agent: fetching the agent for $arch from $server"
  ${curl} --retry 3 -o "$work/agent.gz" "$server/install-agent/${programFile('$arch')}" ||
    fail "the agent cannot be fetched from $server: look whether this machine reaches it, and whether the clocks of both agree (here it is $(date))"
  echo "$sum  $work/agent.gz" | sha256sum -c - >/dev/null 2>&1 ||
    fail "what came from $server is not what it announced (its SHA-256 differs): nothing of it was run. Try again"
  gzip -dc "$work/agent.gz" >"$work/zeroplane"
  rm "$work/agent.gz"
  chmod 755 "$work/zeroplane"
  mv "$work/zeroplane" "$bin_dir/zeroplane"
  if [ -n "$token_file" ]; then set -- --token-file "$token_file" "$@"; fi
  if [ -n "\${ZEROPLANE_TOKEN:-}" ]; then export ZEROPLANE_TOKEN; fi
  # Its standard input is this script's text.
  "$bin_dir/zeroplane" agent install --server "$server" "$@" </dev/null
}

main "$@"
`;
}

/** A token that names another authority than the one this script came with is of another cluster, or somebody stands in between. */
function authorityBlock(pem: string): string {
  return `  cat >"$work/ca.crt" <<'CERTIFICATE'
${pem.trim()}
CERTIFICATE
  pin=$(echo "\${ZEROPLANE_TOKEN:-}" | cut -s -d. -f4)
  found=$(sed '/^-/d' "$work/ca.crt" | base64 -d | sha256sum | cut -d' ' -f1)
  [ -z "$pin" ] || [ "$pin" = "$found" ] ||
    fail "the token is of another cluster than $server: copy both from what 'zeroplane node token' printed"
`;
}
