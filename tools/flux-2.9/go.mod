module tools/flux-2.9

go 1.26.0

require (
	github.com/fluxcd/helm-controller/api v1.6.4 // indirect
	github.com/fluxcd/kustomize-controller/api v1.9.5 // indirect
	github.com/fluxcd/notification-controller/api v1.9.3 // indirect
	github.com/fluxcd/source-controller/api v1.9.5 // indirect
)
