#!/bin/sh
# A command as a Job with kubectl: SERVER, TOKEN, IMAGE and COMMAND in the environment; CACERT names a file with the API server's
# certificate, NAMESPACE and NAME (a second run with it goes on with the first) have defaults. Exits as the command did.
set -eu
: "${SERVER:?}" "${TOKEN:?}" "${IMAGE:?}" "${COMMAND:?}"
name=${NAME:-kubectl-$(date +%s)-$$}

# A kubeconfig of its own: the token is in no argument list, where other users of the machine would see it.
KUBECONFIG=$(mktemp)
export KUBECONFIG
trap 'rm -f "$KUBECONFIG"' EXIT
cat > "$KUBECONFIG" <<EOF
apiVersion: v1
kind: Config
current-context: ci
contexts: [{name: ci, context: {cluster: ci, user: ci, namespace: ${NAMESPACE:-ci}}}]
clusters: [{name: ci, cluster: {server: "$SERVER"${CACERT:+, certificate-authority: "$CACERT"}}}]
users: [{name: ci, user: {token: "$TOKEN"}}]
EOF

cancel() {
  kubectl delete job "$name" --wait=false
  exit 130
}
trap cancel INT TERM

kubectl get job "$name" > /dev/null 2>&1 || kubectl create -f - <<EOF >&2
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

kubectl logs --follow --pod-running-timeout=10m "job/$name"
code=
while [ -z "$code" ]; do
  code=$(kubectl get pods -l "batch.kubernetes.io/job-name=$name" -o 'jsonpath={.items[0].status.containerStatuses[0].state.terminated.exitCode}')
  [ -n "$code" ] || sleep 1
done
exit "$code"
