#!/bin/sh
# A command as a Job with nothing but curl: SERVER, TOKEN, IMAGE and COMMAND in the environment; CACERT names a file with the API
# server's certificate, NAMESPACE and NAME (a second run with it goes on with the first) have defaults. Exits as the command did.
set -eu
: "${SERVER:?}" "${TOKEN:?}" "${IMAGE:?}" "${COMMAND:?}"
namespace=${NAMESPACE:-ci}
name=${NAME:-curl-$(date +%s)-$$}
jobs="$SERVER/apis/batch/v1/namespaces/$namespace/jobs"
pods="$SERVER/api/v1/namespaces/$namespace/pods"

# The token is in no argument list, where other users of the machine would see it.
headers=$(mktemp)
trap 'rm -f "$headers"' EXIT
printf 'Authorization: Bearer %s\n' "$TOKEN" > "$headers"
ask() { curl -sS --retry 5 --retry-connrefused ${CACERT:+--cacert "$CACERT"} -H "@$headers" "$@"; }
# The first value of a field in JSON that the API writes.
field() { grep -o "\"$1\": *\"\{0,1\}[A-Za-z0-9-]*" | head -n 1 | sed 's/.*[": ]//'; }

cancel() {
  ask -X DELETE "$jobs/$name?propagationPolicy=Background" > /dev/null || true
  exit 130
}
trap cancel INT TERM

job=$(cat <<EOF
apiVersion: batch/v1
kind: Job
metadata: {name: $name}
spec:
  backoffLimit: 0
  activeDeadlineSeconds: ${TIMEOUT_SECONDS:-3600}
  ttlSecondsAfterFinished: 3600
  template:
    spec:
      restartPolicy: Never
      automountServiceAccountToken: false
      containers:
      - name: main
        image: "$IMAGE"
        command:
        - sh
        - -c
        - |
$(printf '%s\n' "$COMMAND" | sed 's/^/          /')
EOF
)
answer=$(printf '%s\n' "$job" | ask -X POST -H 'Content-Type: application/yaml' --data-binary @- -w '\n%{http_code}' "$jobs")
case "${answer##*
}" in
  201 | 409) ;;
  *) printf '%s\n' "$answer" >&2; exit 1 ;;
esac

selector="labelSelector=batch.kubernetes.io/job-name%3D$name"
while :; do
  found=$(ask "$pods?$selector")
  pod=$(printf '%s' "$found" | grep -o "\"name\": *\"$name-[a-z0-9]*\"" | head -n 1 | sed 's/.*"\(.*\)"/\1/')
  case "$(printf '%s' "$found" | field phase)" in Running | Succeeded | Failed) break ;; esac
  sleep 1
done
# A connection that is lost in the middle is asked again, from the log's start: `zeroplane run` knows better.
ask -N "$pods/$pod/log?follow=true"
while :; do
  found=$(ask "$pods/$pod")
  code=$(printf '%s' "$found" | field exitCode)
  [ -z "$code" ] || exit "$code"
  sleep 1
done
