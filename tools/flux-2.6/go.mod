module tools/flux-2.6

go 1.26.0

require (
	github.com/fluxcd/helm-controller/api v1.3.0 // indirect
	github.com/fluxcd/kustomize-controller/api v1.6.1 // indirect
	github.com/fluxcd/notification-controller/api v1.6.0 // indirect
	github.com/fluxcd/source-controller/api v1.6.2 // indirect
)
