{{- define "smelt.name" -}}
{{- default .Release.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "smelt.labels" -}}
app.kubernetes.io/name: smelt
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{/* labels by which policies and budgets find the pods; (dict "root" . "part" "head") */}}
{{- define "smelt.podLabels" -}}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end -}}

{{/* how a Prometheus that goes by annotations finds a Ray pod's figures */}}
{{- define "smelt.scraped" -}}
prometheus.io/scrape: "true"
prometheus.io/port: "8080"
prometheus.io/path: /metrics
{{- end -}}

{{- define "smelt.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 0
fsGroup: 0
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "smelt.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* how all of Smelt's processes find the lake; secrets come by reference */}}
{{- define "smelt.environment" -}}
- {name: SMELT_LOG, value: json}
- {name: RAY_DEDUP_LOGS, value: "0"}
- {name: SMELT_LAKE, value: {{ .Values.lake.url | quote }}}
{{- with .Values.lake.endpoint }}
- {name: AWS_ENDPOINT_URL_S3, value: {{ . | quote }}}
{{- end }}
- {name: AWS_REGION, value: {{ .Values.lake.region | quote }}}
{{- with .Values.lake.credentialsSecret }}
- name: AWS_ACCESS_KEY_ID
  valueFrom: {secretKeyRef: {name: {{ . }}, key: access-key}}
- name: AWS_SECRET_ACCESS_KEY
  valueFrom: {secretKeyRef: {name: {{ . }}, key: secret-key}}
{{- end }}
{{- end -}}

{{/* names as a list of references to objects */}}
{{- define "smelt.names" -}}
[{{ range $index, $name := . }}{{ if $index }}, {{ end }}{name: {{ $name }}}{{ end }}]
{{- end -}}

{{/* volumes of a Ray pod; (dict "shared" "9Gi" "scratch" "100Gi") */}}
{{- define "smelt.rayVolumes" -}}
- name: shared-memory
  emptyDir: {medium: Memory, sizeLimit: {{ .shared }}}
- name: temporary
  emptyDir: {}
- name: home
  emptyDir: {sizeLimit: {{ .scratch }}}
{{- end -}}

{{- define "smelt.rayMounts" -}}
- {name: shared-memory, mountPath: /dev/shm}
- {name: temporary, mountPath: /tmp}
- {name: home, mountPath: /var/lib/smelt}
{{- end -}}

{{/* Ray's own health answers, open without the token; (dict "port" 8265 "path" "/api/gcs_healthz") */}}
{{- define "smelt.rayProbes" -}}
startupProbe:
  httpGet: {path: {{ .path }}, port: {{ .port }}}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 60
readinessProbe:
  httpGet: {path: {{ .path }}, port: {{ .port }}}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
livenessProbe:
  httpGet: {path: {{ .path }}, port: {{ .port }}}
  periodSeconds: 10
  timeoutSeconds: 10
  failureThreshold: 12
{{- end -}}

{{/* a worker group's tolerations: its own, and those of spot and GPU nodes where it may run there */}}
{{- define "smelt.tolerations" -}}
{{- $all := default list .group.tolerations }}
{{- if .group.spot }}
{{- $all = append $all (dict "key" .values.spot.taintKey "operator" "Exists" "effect" "NoSchedule") }}
{{- end }}
{{- if gt (int .group.gpus) 0 }}
{{- $all = append $all (dict "key" .values.gpuTaintKey "operator" "Exists" "effect" "NoSchedule") }}
{{- end }}
{{- if $all }}{{ toYaml $all }}{{ end }}
{{- end -}}
