{{- define "name" -}}
{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- end }}

{{/* The labels that select the pods of one part: gateway or tier. They must never change. */}}
{{- define "selector" -}}
app.kubernetes.io/name: njs-phantom-token
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "labels" -}}
{{ include "selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "image" -}}
{{ required "image.repository is missing: build the image and push it to your registry" .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* Everything that the pods of both parts have in common: rights, probes, the end of a pod, places to write. */}}
{{- define "pod" -}}
automountServiceAccountToken: false
# A Service named phantom-token-... would otherwise set variables that the image reads.
enableServiceLinks: false
terminationGracePeriodSeconds: {{ .root.Values.terminationGracePeriodSeconds }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 101
  runAsGroup: 101
  fsGroup: 101
  seccompProfile: { type: RuntimeDefault }
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{ include "selector" . | nindent 8 }}
{{- end }}

{{- define "container" -}}
image: {{ include "image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  readOnlyRootFilesystem: true
  allowPrivilegeEscalation: false
  capabilities: { drop: [ALL] }
# Neither probe asks the authorization server: while it is down, cached tokens are still served.
readinessProbe:
  httpGet: { path: /health, port: management }
  periodSeconds: 2
  failureThreshold: 2
livenessProbe:
  httpGet: { path: /health, port: management }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
lifecycle:
  # The pod still gets new connections until every node knows that it ends.
  preStop: { exec: { command: [sleep, "5"] } }
{{- end }}
