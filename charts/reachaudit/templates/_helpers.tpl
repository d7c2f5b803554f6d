{{- define "reachaudit.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The name of all objects: the release's, with the chart's where that is not in it already. */}}
{{- define "reachaudit.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- $own := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- default $own .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "reachaudit.dashboards" -}}
{{- include "reachaudit.fullname" . | trunc 52 | trimSuffix "-" }}-dashboards
{{- end }}

{{- define "reachaudit.serviceAccountName" -}}
{{- $own := ternary (include "reachaudit.fullname" .) "default" .Values.serviceAccount.create }}
{{- default $own .Values.serviceAccount.name }}
{{- end }}

{{/* What a Deployment never lets change: selectors. */}}
{{- define "reachaudit.selectorLabels" -}}
app.kubernetes.io/name: {{ include "reachaudit.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "reachaudit.labels" -}}
{{ include "reachaudit.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: reachaudit
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}
