{{- define "name" -}}
{{ .Values.fullnameOverride | default .Release.Name }}
{{- end }}

{{- define "selector" -}}
app: mlflow
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/name: mlflow
{{- end }}

{{- define "image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "account" -}}
{{ .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "name" .) "default") }}
{{- end }}

{{- define "environment" -}}
- configMapRef:
    name: {{ include "name" . }}-env-configmap
- secretRef:
    name: {{ include "name" . }}-env-secret
- secretRef:
    name: {{ include "name" . }}-flask-server-secret-key
{{- end }}

{{- /* Where the two generations of the chart differ. */ -}}
{{- define "newer" -}}
{{ if semverCompare ">=1.0.0" .Chart.Version }}yes{{ end }}
{{- end }}
