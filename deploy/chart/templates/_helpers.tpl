{{- define "plimsoll.name" -}}
{{- if contains "plimsoll" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-plimsoll" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "plimsoll.selector" -}}
app.kubernetes.io/name: plimsoll
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "plimsoll.labels" -}}
{{ include "plimsoll.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: admission
{{- end }}

{{- define "plimsoll.account" -}}
{{ .Values.serviceAccount.name | default (include "plimsoll.name" .) }}
{{- end }}

{{- define "plimsoll.secret" -}}
{{ .Values.certificate.secret | default (printf "%s-tls" (include "plimsoll.name" .)) }}
{{- end }}

{{- define "plimsoll.priorityClass" -}}
{{- if .Values.priorityClass.name }}{{ .Values.priorityClass.name }}{{ else if .Values.priorityClass.value }}{{ printf "%s-%s" .Release.Namespace (include "plimsoll.name" .) }}{{ end }}
{{- end }}

{{- define "plimsoll.image" -}}
{{- $repository := required "image.repository: no image is published yet; build one with the Containerfile and name it" .Values.image.repository }}
{{- if .Values.image.digest }}{{ $repository }}@{{ .Values.image.digest }}{{ else }}{{ $repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "plimsoll.mode" -}}
{{ (.Values.config.admission | default dict).mode | default "deny" }}
{{- end }}

{{- define "plimsoll.failurePolicy" -}}
{{- if .Values.webhook.failurePolicy }}{{ .Values.webhook.failurePolicy }}{{ else if eq (include "plimsoll.mode" .) "deny" }}Fail{{ else }}Ignore{{ end }}
{{- end }}

{{- define "plimsoll.addresses" -}}
{{- $service := printf "%s.%s.svc" (include "plimsoll.name" .) .Release.Namespace }}
{{- list $service (printf "%s.cluster.local" $service) | toJson }}
{{- end }}

{{- /* The self-made certificate, as a Secret's data: the one that the cluster has, else a new one. Made once for a rendering, as
Secret and registration must agree. */}}
{{- define "plimsoll.made" -}}
{{- if not (hasKey .Values "made") }}
{{- $data := (lookup "v1" "Secret" .Release.Namespace (include "plimsoll.secret" .) | default dict).data | default dict }}
{{- if not (and (index $data "tls.crt") (index $data "tls.key") (index $data "ca.crt")) }}
{{- $addresses := include "plimsoll.addresses" . | fromJsonArray }}
{{- $authority := genCA (printf "%s authority" (include "plimsoll.name" .)) 3650 }}
{{- $pair := genSignedCert (first $addresses) nil $addresses 3650 $authority }}
{{- $data = dict "tls.crt" (b64enc $pair.Cert) "tls.key" (b64enc $pair.Key) "ca.crt" (b64enc $authority.Cert) }}
{{- end }}
{{- $_ := set .Values "made" $data }}
{{- end }}
{{- toJson .Values.made }}
{{- end }}

{{- /* A webhook but for its name and its conditions: who is called, when, about what. */}}
{{- define "plimsoll.call" -}}
{{- $values := .root.Values.webhook }}
{{- $own := .root.Release.Namespace -}}
clientConfig:
  {{- with .bundle }}
  caBundle: {{ . }}
  {{- end }}
  service: { name: {{ include "plimsoll.name" .root }}, namespace: {{ $own }}, port: 443, path: /validate }
admissionReviewVersions: [ v1 ]
sideEffects: None
matchPolicy: Equivalent
failurePolicy: {{ include "plimsoll.failurePolicy" .root }}
timeoutSeconds: {{ $values.timeoutSeconds }}
namespaceSelector:
  matchExpressions:
    - key: kubernetes.io/metadata.name
      operator: NotIn
      values: [ {{ join ", " (append $values.exemptNamespaces $own | uniq) }} ]
    {{- with $values.skipLabel }}
    - { key: {{ .key }}, operator: NotIn, values: [ {{ .value | quote }} ] }
    {{- end }}
    {{- with $values.namespaceSelector }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
rules:
  {{- range .rules }}
  - apiGroups: {{ .groups | toJson }}
    apiVersions: {{ .versions | toJson }}
    resources: {{ .resources | toJson }}
    operations: [ {{ .operations }} ]
    scope: {{ .scope | default "Namespaced" }}
  {{- end }}
{{- end }}
